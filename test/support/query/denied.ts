// Denials as the writer stores them: rows of `denials`, and the same by incident and hour.

import { createHash } from 'node:crypto';
import { MINUTE_NS, msToNs, NS_PER_MS } from '../../../src/runtime/time.ts';
import { encodeRows, type Row } from '../../../src/store/native/native-rows.ts';
import { DENIAL_COLUMNS, INCIDENT_COLUMNS } from '../../../src/store/schema/denial-columns.ts';
import type { Store } from '../../../src/store/store.ts';
import { slotOf, uuidOf } from '../../engines/flow-rows.ts';

export const MINUTE = MINUTE_NS;
export const HOUR = 60n * MINUTE;
export const NOON = msToNs(Date.parse('2026-11-20T12:00:00Z'));

/** A denial: what is left out is that of xwing, denied at rebel-base by default. */
export interface Denied extends Row {
  readonly time: bigint;
}

const STORY: Row = {
  cluster: 'liz-cm-eks-6',
  node_name: 'liz-cm-eks-6/node-1',
  verdict: 2,
  traffic_direction: 1,
  drop_reason_desc: 133,
  policies: '',
  l4_protocol: 1,
  source_port: 41000,
  destination_port: 80,
  source_cluster: 'liz-cm-gke-5',
  source_namespace: 'farfaraway',
  source_workload: 'farfaraway/Deployment/xwing',
  source_peer: '',
  source_pod_name: 'xwing-6d5fb5f4-abcde',
  source_identity: 373826,
  source_labels: [
    'k8s:app.kubernetes.io/name=xwing',
    'k8s:class=xwing',
    'k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=farfaraway',
    'k8s:io.cilium.k8s.policy.cluster=liz-cm-gke-5',
    'k8s:io.cilium.k8s.policy.serviceaccount=default',
    'k8s:io.kubernetes.pod.namespace=farfaraway',
    'k8s:org=alliance',
  ].join('\n'),
  ip_source: '10.5.1.7',
  destination_cluster: 'liz-cm-eks-6',
  destination_namespace: 'farfaraway',
  destination_workload: 'farfaraway/Deployment/rebel-base',
  destination_peer: '',
  destination_pod_name: 'rebel-base-6c7ffd9c66-x2x9k',
  destination_identity: 395811,
  destination_labels: [
    'k8s:io.cilium.k8s.policy.cluster=liz-cm-eks-6',
    'k8s:io.cilium.k8s.policy.serviceaccount=default',
    'k8s:io.kubernetes.pod.namespace=farfaraway',
    'k8s:name=rebel-base',
    'k8s:pod-template-hash=6c7ffd9c66',
  ].join('\n'),
  ip_destination: '10.6.1.9',
  drops: 1,
  verdicts: 1,
};

const HASHED = [
  'cluster',
  'verdict',
  'traffic_direction',
  'drop_reason_desc',
  'policies',
  'l4_protocol',
  'destination_port',
  ...['source', 'destination'].flatMap((end) =>
    ['cluster', 'namespace', 'workload', 'peer'].map((name) => `${end}_${name}`),
  ),
];

export function incidentOfRow(row: Row): bigint {
  const hash = createHash('sha256').update(JSON.stringify(HASHED.map((name) => row[name])));
  return hash.digest().readBigUInt64BE();
}

let made = 0;

export function rowOf(denied: Denied): Row {
  const row = { ...STORY, ...denied };
  return {
    last: denied.time,
    received_at: denied.time / NS_PER_MS,
    time_slot: slotOf(denied.time),
    uuid: uuidOf('denied', made++),
    ...row,
    incident: incidentOfRow(row),
  };
}

/** Returns the incidents' numbers, in the order of the denials. */
export async function deny(
  store: Pick<Store, 'insert'>,
  denied: readonly Denied[],
): Promise<bigint[]> {
  const rows = denied.map(rowOf);
  const hours = rows.map((row): Row => {
    const time = BigInt(String(row.time));
    return {
      ...Object.fromEntries(INCIDENT_COLUMNS.map(({ name }) => [name, row[name]])),
      hour: Number(time / HOUR),
      first_seen: time,
      last_seen: BigInt(String(row.last)),
      stored_at: BigInt(String(row.received_at)),
      denials: 1n,
      drops: BigInt(Number(row.drops)),
      verdicts: BigInt(Number(row.verdicts)),
    };
  });
  const token = `denied:${made}`;
  await store.insert(encodeRows('denials', DENIAL_COLUMNS, rows), { token });
  await store.insert(encodeRows('incidents', INCIDENT_COLUMNS, hours), { token });
  return rows.map(({ incident }) => BigInt(String(incident)));
}

/** Minutes in which a cluster was collected. */
export async function watch(
  store: Pick<Store, 'command'>,
  cluster: string,
  { since, until }: { readonly since: bigint; readonly until: bigint },
): Promise<void> {
  for (let at = since; at < until; at += MINUTE)
    await store.command(
      `INSERT INTO coverage (cluster, received_at, uuid, collector, node, minute, up_ms)
        SELECT {cluster:String}, fromUnixTimestamp64Milli({at:Int64}), generateUUIDv4(), 'one', '',
          toStartOfMinute(fromUnixTimestamp64Milli({at:Int64})), 60000`,
      { cluster, at: at / NS_PER_MS },
    );
}
