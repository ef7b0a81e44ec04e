// One incident with all that is known of it, single denials page by page, and the policy that would admit it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { incidentId } from '../../../../src/incident/incident.ts';
import type { Denial } from '../../../../src/query/denials/denial.ts';
import { type DetailQuery, readIncidentDetail } from '../../../../src/query/denials/detail.ts';
import { readIncidentPage } from '../../../../src/query/denials/incident.ts';
import { readPeerViews } from '../../../../src/query/denials/peer-view.ts';
import { type DenialQuery, readDenials } from '../../../../src/query/denials/rows.ts';
import { suggestStored } from '../../../../src/query/denials/suggest/suggested.ts';
import { msToNs, NS_PER_MS } from '../../../../src/runtime/time.ts';
import { encodeRows, type Row } from '../../../../src/store/native/native-rows.ts';
import { FLOW_TOTAL_COLUMNS } from '../../../../src/store/schema/denial-columns.ts';
import { slotOf } from '../../../engines/flow-rows.ts';
import {
  type Denied,
  deny,
  HOUR,
  MINUTE,
  NOON,
  rowOf,
  watch,
} from '../../../support/query/denied.ts';
import { admits } from '../../../support/query/policy-evaluator.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const NOW = NOON + 20n * MINUTE;
let stored: StoredCorpus;
let ids: bigint[];

const outside = {
  source_cluster: '',
  source_namespace: '',
  source_workload: '',
  source_pod_name: '',
  source_identity: 2,
  source_labels: 'reserved:world',
};
const DENIED: readonly Denied[] = [
  // 0–3: the story, in two episodes.
  { time: NOON - 50n * HOUR },
  { time: NOON - 2n * HOUR, drops: 2 },
  { time: NOON - 110n * MINUTE, drops: 3, ip_source: '10.5.1.8', source_pod_name: 'xwing-b' },
  { time: NOON, drops: 4 },
  // 4–7: sources whose other side cannot be looked at.
  { time: NOON, ...outside, source_peer: 'reserved:world', ip_source: '203.0.113.7' },
  { time: NOON, ...outside, source_peer: 'reserved:remote-node', ip_source: '10.9.0.1' },
  { time: NOON, source_cluster: '' },
  { time: NOON, source_cluster: 'nowhere' },
  // 8, 9: collected and silent; known and dark then.
  { time: NOON, source_workload: 'farfaraway/Deployment/awing' },
  { time: NOON - 3n * HOUR, source_workload: 'farfaraway/Deployment/bwing' },
  // 10: denied where it left.
  { time: NOON, traffic_direction: 2, cluster: 'liz-cm-gke-5' },
  // 11, 12: what a deny rule closes, with the policy and without.
  {
    time: NOON,
    destination_port: 22,
    drop_reason_desc: 181,
    policies: 'CiliumNetworkPolicy farfaraway/no-ssh',
    verdicts: 2,
  },
  { time: NOON, destination_port: 22, drop_reason_desc: 181, verdicts: 0, drops: 3 },
  // 13: labels that the flow left out.
  { time: NOON, destination_port: 23, source_labels: '', source_identity: 400_001 },
];

function total(more: Row): Row {
  const { source_pod_name, ...row } = rowOf({ time: NOON });
  return {
    ...row,
    cluster: 'liz-cm-gke-5',
    verdict: 1,
    traffic_direction: 2,
    client_is_source: 1,
    server_port: 80,
    flows: 6n,
    ...more,
  };
}

beforeAll(async () => {
  stored = await storedCorpus();
  ids = await deny(stored.store, DENIED);
  const [noon, earlier] = [slotOf(NOON), slotOf(NOON - 2n * HOUR)];
  const totals = [
    total({ time_slot: earlier }),
    // A workload whose kind is a guess there; another verdict; answers; another port; out of time.
    total({ time_slot: noon, destination_workload: 'farfaraway/ReplicaSet/rebel-base', flows: 3n }),
    total({ time_slot: noon, verdict: 5, flows: 1n }),
    total({ time_slot: noon, client_is_source: 0, flows: 100n }),
    total({ time_slot: noon, server_port: 81, flows: 100n }),
    total({ time_slot: noon, traffic_direction: 1, flows: 100n }),
    total({ time_slot: noon, cluster: 'liz-cm-eks-6', flows: 100n }),
    total({ time_slot: slotOf(NOON + HOUR), flows: 100n }),
  ];
  await stored.store.insert(encodeRows('flow_totals', FLOW_TOTAL_COLUMNS, totals), {
    token: 'totals',
  });
  await watch(stored.store, 'liz-cm-eks-6', { since: NOON, until: NOW });
  await watch(stored.store, 'liz-cm-gke-5', { since: NOON, until: NOW });
  await stored.store.command(
    `INSERT INTO identities (cluster, identity, slot, labels_hash, labels, origin, first_seen, last_seen, received_at)
      SELECT 'liz-cm-gke-5', 400001, {hour:Int32}, 1, {labels:String}, 1,
        fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64}), fromUnixTimestamp64Milli({at:Int64})`,
    {
      hour: NOON / HOUR,
      at: NOON / NS_PER_MS,
      labels: 'k8s:io.kubernetes.pod.namespace=farfaraway\nk8s:name=ywing',
    },
  );
}, 60_000);
afterAll(() => stored.close());

const idOf = (at: number) => ids[at] ?? 0n;
const query = (at: number, more: Partial<DetailQuery> = {}): DetailQuery => ({
  id: idOf(at),
  now: NOW,
  quiet: 10n * MINUTE,
  window: 24n * HOUR,
  ...more,
});
const detail = (at: number, more: Partial<DetailQuery> = {}) =>
  readIncidentDetail(stored.store, query(at, more));

describe('an incident', () => {
  test('tells when it happened, who took part, and what both sides saw', async () => {
    const told = await detail(0);
    expect(told.incident).toMatchObject({ count: 9, firstSeen: '2026-11-18T10:00:00Z' });
    expect(told.window).toEqual({ since: '2026-11-19T12:00:00Z', until: '2026-11-20T12:20:00Z' });
    expect(told.episodes.map(({ firstSeen, count }) => [firstSeen, count])).toEqual([
      ['2026-11-20T12:00:00Z', 4],
      ['2026-11-20T10:00:00Z', 5],
      ['2026-11-18T10:00:00Z', 1],
    ]);
    expect(told.stepMs).toBe(300_000);
    expect(told.timeline.map(({ count }) => count)).toEqual([2, 3, 4]);
    expect(told.examples).toMatchObject({
      sourcePods: ['xwing-6d5fb5f4-abcde', 'xwing-b'],
      destinationAddresses: ['10.6.1.9'],
      nodes: ['liz-cm-eks-6/node-1'],
    });
    expect(told.examples.uuids).toEqual(told.denials.map(({ uuid }) => uuid));
    expect(told.denials[0]).toMatchObject({
      time: '2026-11-20T12:00:00Z',
      count: 4,
      protocol: 'TCP',
    });
    expect(told.otherSide).toEqual({
      side: 'source',
      cluster: 'liz-cm-gke-5',
      flows: 10,
      verdicts: { FORWARDED: 9, REDIRECTED: 1 },
      text: 'cluster liz-cm-gke-5 saw 10 flows of it at the source: 9 FORWARDED, 1 REDIRECTED',
    });
    expect(told.coverages.map(({ cluster, complete }) => [cluster, complete])).toEqual([
      ['liz-cm-eks-6', false],
      ['liz-cm-gke-5', false],
    ]);
    expect(told.explanation.sentences.join(' ')).toContain('(default deny)');
  });

  test('a long window is told by the hour', async () => {
    const told = await detail(0, { since: NOON - 60n * HOUR });
    expect(told.stepMs).toBe(3_600_000);
    expect(told.timeline).toEqual([
      { at: '2026-11-18T10:00:00Z', count: 1 },
      { at: '2026-11-20T10:00:00Z', count: 5 },
      { at: '2026-11-20T12:00:00Z', count: 4 },
    ]);
  });

  test('a short window is told by slots, and looks forwarded at the source', async () => {
    const told = await detail(0, { since: NOON - 3n * HOUR, until: NOON - HOUR });
    expect(told.stepMs).toBe(300_000);
    expect(told.timeline).toEqual([
      { at: '2026-11-20T10:00:00Z', count: 2 },
      { at: '2026-11-20T10:10:00Z', count: 3 },
    ]);
    expect(told.explanation.sentences.join(' ')).toContain('The source sees forwarded flows');
  });

  test('what nothing is kept of, or not in that window, is not found', async () => {
    await expect(detail(0, { id: 1n })).rejects.toMatchObject({ code: 'input/not-found' });
    const window = { since: NOON - HOUR, until: NOON - MINUTE };
    await expect(detail(0, window)).rejects.toMatchObject({ code: 'input/not-found' });
  });

  test('of a deny rule includes what was left without a name, asked by either', async () => {
    const named = await detail(11);
    expect(named.incident).toMatchObject({ count: 4, id: incidentId(idOf(11)) });
    expect(await detail(12)).toEqual(named);
  });
});

test('the other side of each, and why it saw nothing', async () => {
  const window = { whitelist: [], blacklist: [], since: NOON - 24n * HOUR, until: undefined };
  const asked = { ...window, now: NOW, quiet: MINUTE, limit: 100, maxIncidents: 100 };
  const { incidents } = await readIncidentPage(stored.store, asked);
  const looked = incidents.map((incident) => {
    const at = msToNs(Date.parse(incident.lastSeen));
    return { incident, first: at, last: at };
  });
  const sides = await readPeerViews(stored.store, looked);
  const missing = Object.fromEntries(
    incidents.map(({ id }, index) => [ids.map(incidentId).indexOf(id), sides[index]?.missing]),
  );
  expect(missing).toMatchObject({
    0: undefined,
    4: 'outside',
    5: 'host',
    6: 'cluster-unknown',
    7: 'not-collected',
    8: 'not-seen',
    9: 'coverage-gap',
    10: 'never-arrived',
  });
  expect(await readPeerViews(stored.store, [])).toEqual([]);
});

describe('the policy', () => {
  test('admits xwing of gke-5 and not that of eks-6', async () => {
    const told = await suggestStored(stored.store, query(0));
    const labels = (end: 'source' | 'destination', cluster?: string) => {
      const text = String(rowOf({ time: NOON })[`${end}_labels`]);
      return (
        cluster === undefined ? text : text.replace(/cluster=\S+/, `cluster=${cluster}`)
      ).split('\n');
    };
    const traffic = (peer: readonly string[]) => ({
      direction: 'ingress' as const,
      selected: { labels: labels('destination') },
      peer: { labels: peer },
      port: 80,
      protocol: 'TCP',
    });
    const policy: unknown = parse(told.yaml);
    expect(policy).toEqual(told.policy);
    expect(admits(policy, traffic(labels('source')))).toBe(true);
    expect(admits(policy, traffic(labels('source', 'liz-cm-eks-6')))).toBe(false);
    expect(told).toMatchObject({ opens: true, incident: incidentId(idOf(0)) });
    expect(told.yaml).toContain('# The other side: cluster liz-cm-gke-5 saw 10 flows');
  });

  test('labels that flows left out are those that were learned', async () => {
    const { policy } = await suggestStored(stored.store, query(13));
    expect(policy?.spec?.ingress?.[0]?.fromEndpoints).toEqual([
      {
        matchLabels: {
          'k8s:name': 'ywing',
          'k8s:io.kubernetes.pod.namespace': 'farfaraway',
          'k8s:io.cilium.k8s.policy.cluster': 'liz-cm-gke-5',
        },
      },
    ]);
  });
});

describe('single denials', () => {
  const all: DenialQuery = { whitelist: [], blacklist: [], limit: 100 };

  test('come the newest first, whole, in pages without gap or doubles', async () => {
    const { denials, next } = await readDenials(stored.store, all);
    expect(denials).toHaveLength(DENIED.length);
    expect(next).toBeUndefined();
    const times = denials.map(({ time }) => time);
    expect(times).toEqual(times.toSorted().reverse());
    for (const limit of [1, 3, DENIED.length - 1]) {
      const paged: Denial[] = [];
      let after: DenialQuery['after'];
      do {
        const page = await readDenials(stored.store, { ...all, limit, after });
        expect(page.denials.length).toBeGreaterThan(0);
        paged.push(...page.denials);
        after = page.next;
      } while (after !== undefined);
      expect(paged).toEqual(denials);
    }
  });

  test('say all that is kept', async () => {
    const [denial] = (await readDenials(stored.store, { ...all, ids: [idOf(11)] })).denials;
    expect(denial).toMatchObject({
      incident: incidentId(idOf(11)),
      reason: 'POLICY_DENY',
      how: 'denied-by-policy',
      policies: [{ kind: 'CiliumNetworkPolicy', namespace: 'farfaraway', name: 'no-ssh' }],
      source: { cluster: 'liz-cm-gke-5', text: 'farfaraway/xwing', ip: '10.5.1.7', port: 41000 },
      destination: {
        port: 22,
        identity: 395811,
        labels: expect.arrayContaining(['k8s:name=rebel-base']),
      },
      drops: 1,
      verdicts: 2,
      count: 2,
    });
  });

  test('in a window, by filters; none is no error', async () => {
    const window = { ...all, since: NOON - 3n * HOUR, until: NOON - 2n * HOUR };
    expect((await readDenials(stored.store, window)).denials).toHaveLength(2);
    const filtered = { ...window, whitelist: [{ source_workload: [{ name: 'bwing' }] }] };
    expect((await readDenials(stored.store, filtered)).denials).toHaveLength(1);
    expect(await readDenials(stored.store, { ...all, until: 0n })).toEqual({
      denials: [],
      next: undefined,
    });
  });
});
