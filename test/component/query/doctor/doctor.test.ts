// What the doctor sees in the store: each fault by itself is put there, found, and nothing else is.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Flow,
  type GetFlowsResponse,
  Verdict,
} from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import type { Finding } from '../../../../src/query/doctor/finding.ts';
import type { KnownCluster } from '../../../../src/query/doctor/identities.ts';
import { storeFindings } from '../../../../src/query/doctor/store.ts';
import { msToNs } from '../../../../src/runtime/time.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;
const now = Date.now();
const EAST: KnownCluster = { name: 'east', id: 6 };

beforeEach(async () => {
  stored = await storedCorpus();
});
afterEach(() => stored.close());

let made = 0;

function flow(members: Flow = {}, atMs = now - 2000): GetFlowsResponse {
  const number = (++made).toString(16).padStart(12, '0');
  const time = fromNanos(msToNs(atMs));
  return {
    time,
    node_name: 'east/node-1',
    flow: {
      time,
      uuid: `00000000-0000-4000-8000-${number}`,
      verdict: Verdict.numbers.FORWARDED,
      node_name: 'east/node-1',
      ...members,
    },
  };
}

const east = { cluster: 'east', receivedAt: msToNs(now - 1000) };

async function found(clusters: readonly KnownCluster[] = [EAST]): Promise<Finding[]> {
  const checks = { now, window: 600_000, clusters };
  return storeFindings(stored.store, checks, new AbortController().signal);
}

/** A minute of the ledger in which the node's stream was up. */
function report(node: string, atMs: number, amounts: Record<string, number>): Promise<void> {
  const columns = Object.keys(amounts);
  const values = columns.map((name) => `, {${name}:UInt64}`).join('');
  const more = columns.map((name) => `, ${name}`).join('');
  return stored.store.command(
    `INSERT INTO coverage (cluster, received_at, uuid, collector, node, minute, up_ms, received${more})
      SELECT 'east', fromUnixTimestamp64Milli({at:Int64}), generateUUIDv4(), 'one', {node:String},
        toStartOfMinute(fromUnixTimestamp64Milli({at:Int64})), 60000, 100${values}`,
    { at: atMs, node: `east/${node}`, ...amounts },
  );
}

const wrong = (findings: readonly Finding[]) =>
  findings
    .filter(({ severity }) => severity !== 'ok')
    .map(({ check, cluster, what }) => `${check} [${cluster ?? ''}] ${what}`);

describe('in a store', () => {
  test('where all is well', async () => {
    await stored.insert(
      Array.from({ length: 50 }, () => flow()),
      east,
    );
    const findings = await found();
    expect(wrong(findings)).toEqual([]);
    expect(findings.map(({ check }) => check).sort()).toEqual([
      'flows-arrive',
      'store-disk',
      'store-parts',
    ]);
  });

  test('no flows of a cluster', async () => {
    await stored.insert([flow()], east);
    expect(wrong(await found([EAST, { name: 'west' }]))).toEqual([
      'flows-arrive [west] no flows of the cluster are stored',
    ]);
  });

  test('a clock ahead, and one behind', async () => {
    const at = (node_name: string, ms: number) =>
      Array.from({ length: 30 }, () => flow({ node_name }, now - 1000 + ms));
    await stored.insert([...at('east/ahead', 4000), ...at('east/behind', -60_000)], east);
    expect(wrong(await found())).toEqual([
      'node-clock [east] flows of node east/behind come 60.0 s late at best: its clock is behind, or they wait somewhere',
      'node-clock [east] the clock of node east/ahead is ahead by at least 4.0 s',
    ]);
  });

  test('flows of a mesh collected through two relays', async () => {
    const flows = Array.from({ length: 400 }, () => flow());
    await stored.insert(flows, east);
    await stored.insert(flows, { ...east, cluster: 'west' });
    const [finding] = wrong(await found([EAST]));
    expect(finding).toBe('mesh-duplicates [] flows are stored more than once, under east, west');
  });

  test('a pod that shows as world', async () => {
    const pod = flow({
      IP: { source: '10.1.0.7', destination: '10.1.0.8' },
      source: { namespace: 'a', pod_name: 'p', identity: 400_000 },
    });
    const world = flow({
      IP: { source: '10.1.0.7', destination: '10.2.0.9' },
      source: { identity: 2, labels: ['reserved:world'] },
    });
    const outside = flow({
      IP: { source: '203.0.113.9', destination: '10.2.0.9' },
      source: { identity: 2, labels: ['reserved:world'] },
    });
    await stored.insert([pod, world, world, outside], east);
    expect(wrong(await found()).filter((each) => each.startsWith('pods'))).toEqual([
      'pods-as-world [east] 10.1.0.7 is a pod, and 2 flows show it as world (source)',
    ]);
  });

  test('identities whose cluster id is another than configured', async () => {
    const identity = (9 << 16) | 5;
    await stored.insert([flow({ source: { identity, cluster_name: 'east' } })], east);
    expect(wrong(await found())).toEqual([
      'cluster-id [east] identities of east carry cluster id 9, the configuration says 6',
    ]);
  });

  test('flows that the ledger knows to be lost, and to be missing', async () => {
    await stored.insert([flow()], east);
    await report('node-1', now - 120_000, { lost_ring: 40 });
    await report('node-2', now - 120_000, {});
    await report('node-1', now - 60_000, {});
    const findings = (await found()).filter(({ check }) => check === 'coverage');
    expect(wrong(findings)).toContain(
      'coverage [east] flows of node east/node-1 are missing (lost)',
    );
    const lost = findings.find(({ what }) => what.includes('(lost)'));
    expect(lost?.evidence).toMatch(/\b40\b/);
    expect(lost?.cure).toContain('hubble.eventBufferCapacity');
    expect(wrong(findings).join()).not.toContain('east/node-2 are missing (lost)');
  });

  test('networks of two clusters of a mesh that overlap', async () => {
    await stored.insert([flow()], east);
    const fact = (cluster: string, kind: string, value: string) =>
      stored.store.command(
        `INSERT INTO cluster_facts SELECT {cluster:String}, {kind:String}, {value:String}, 'config',
          now64(3), now64(3), now64(3)`,
        { cluster, kind, value },
      );
    for (const [cluster, cidr] of [
      ['east', '10.1.0.0/16'],
      ['west', '10.1.128.0/17'],
    ] as const) {
      await fact(cluster, 'relay', 'relay:80');
      await fact(cluster, 'mesh', 'one');
      await fact(cluster, 'pod_cidr', cidr);
    }
    const [finding, ...others] = wrong(await found());
    expect(others).toEqual([]);
    expect(finding).toMatch(/^overlapping-pod-cidrs \[\] .*east.*west/);
  });

  test('a check that cannot be asked is a finding, and the others go on', async () => {
    await stored.insert([flow()], east);
    await stored.store.command('ALTER TABLE flows RENAME COLUMN source_cluster_id TO hidden');
    const findings = await found();
    expect(findings.some(({ check }) => check === 'store-parts')).toBe(true);
    expect(findings.find(({ check }) => check === 'store-answers')?.evidence).toContain(
      'source_cluster_id',
    );
  });
});
