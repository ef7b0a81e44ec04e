// What is learned from flows, on a real engine: captured ClusterMesh flows, numbers that are handed out again, clusters
// that look alike.
import * as fc from 'fast-check';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import type { Endpoint, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { queryClusters } from '../../../../src/query/catalogue/clusters.ts';
import { queryIdentities } from '../../../../src/query/catalogue/identities.ts';
import { rowsOf } from '../../../engines/stores.ts';
import { emptyStore, knowing } from '../../../support/enrich/knowing.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';

const { store, close } = await emptyStore();
afterAll(close);
beforeEach(async () => {
  for (const table of ['flows', 'identities', 'cluster_facts'])
    await store.command(`TRUNCATE TABLE ${table}`);
});

const labelsAt = async (identity: number, cluster: string, atMs: number) => {
  const { periods } = await queryIdentities(store, { identity, cluster, atMs, limit: 10 });
  return periods[0]?.labels.join('\n');
};

let made = 0;
function flow(source: Endpoint, atMs: number, node = 'x/n1'): GetFlowsResponse {
  const nanos = Math.floor((atMs % 1000) * 1e6);
  const time = { seconds: BigInt(Math.floor(atMs / 1000)), nanos };
  const uuid = `00000000-0000-4000-8000-${String(made++).padStart(12, '0')}`;
  return { flow: { uuid, time, source, node_name: node }, node_name: node, time };
}

describe('captured flows of a mesh, poc2 to poc1', () => {
  const captured = fixtureLines('captured/flows')
    .map(responseFromJson)
    .filter(({ flow: f }) => /^poc[12]\//.test(f?.node_name ?? ''));

  test('both ends have their cluster, workload and node', async () => {
    const writer = knowing(store, [
      { name: 'lab-1', relay: 'h:1', ciliumName: 'poc1', id: 1, podCidrs: ['10.10.0.0/16'] },
      { name: 'lab-2', relay: 'h:2', ciliumName: 'poc2', id: 2, podCidrs: ['10.20.0.0/16'] },
    ]);
    await writer.put(
      captured.filter(({ flow: f }) => f?.node_name?.startsWith('poc2/')),
      'lab-2',
    );
    const rows = await rowsOf(
      store,
      `SELECT DISTINCT source_cluster, source_cluster_id, source_cluster_origin, source_node,
         destination_cluster, destination_cluster_id, destination_cluster_origin,
         destination_workload, destination_workload_origin
       FROM flows WHERE source_identity = 139460 AND destination_identity = 97240`,
    );
    expect(rows).toEqual([
      ['lab-2', 2, 1, 'poc2-worker', 'lab-1', 1, 1, 'mesh-lab/Deployment/cache', 4],
    ]);
    // What the flow said stays.
    const told = await rowsOf(
      store,
      `SELECT DISTINCT destination_cluster_name, destination_workloads FROM flows WHERE destination_identity = 97240`,
    );
    expect(told).toEqual([['poc1', '']]);
    const { numbers, periods } = await queryIdentities(store, { identity: 97_240, limit: 10 });
    expect(numbers).toEqual([
      { maxConnectedClusters: 255, kind: 'mesh', clusterId: 1, clusters: ['lab-1'] },
    ]);
    expect(periods).toHaveLength(1);
    expect(periods[0]).toMatchObject({ cluster: 'lab-1', origins: ['flow'] });
    expect(periods[0]?.labels).toContain('k8s:app.kubernetes.io/name=cache');
    const { clusters } = await queryClusters(store);
    const lab1 = clusters.find(({ key }) => key === 'lab-1');
    expect(lab1?.names.map(({ value, origin }) => `${origin} ${value}`).sort()).toEqual([
      'config poc1',
      'flow poc1',
    ]);
  });

  test('nothing is configured: names are those of the mesh', async () => {
    await knowing(store).put(captured, '');
    const rows = await rowsOf(
      store,
      `SELECT DISTINCT source_cluster, destination_cluster FROM flows
       WHERE source_identity = 139460 AND destination_identity = 97240`,
    );
    expect(rows).toEqual([['poc2', 'poc1']]);
  });
});

test('the row’s own node, address and service decide, not the end alone', async () => {
  const { put, knowledge } = knowing(store, [
    { name: 'a', relay: 'a:1', id: 1, podCidrs: ['10.1.0.0/16'] },
    { name: 'b', relay: 'b:1', id: 2, podCidrs: ['10.2.0.0/16'], nodeCidrs: ['192.0.2.0/24'] },
  ]);
  const world = { identity: 2, labels: ['reserved:world'] };
  const agent = { ID: 9, identity: 4, labels: ['reserved:health'] };
  const now = Date.now();
  const row = (node: number, source: string) => {
    const made = flow(world, now, `a/n${node}`);
    return {
      ...made,
      flow: {
        ...made.flow,
        IP: { source, destination: '10.1.0.1' },
        destination: agent,
        node_labels: [`topology.kubernetes.io/zone=z${node % 3}`],
        destination_service: { name: `s${node % 4}`, namespace: 'shop' },
      },
    };
  };
  knowledge.inventory.setScope('a', 'shop', 's1', 'global affinity=local');
  // Far more answers than are remembered at a time.
  const wanted: unknown[][] = [];
  const responses = Array.from({ length: 40_000 }, (_, i) => {
    const [first, cluster, resolution] =
      (
        [
          ['10.1', 'a', 2],
          ['10.2', 'b', 2],
          ['10.3', '', 1],
        ] as const
      )[i % 3] ?? [];
    const node = i % 700;
    const scope = node % 4 === 1 ? 'global affinity=local' : '';
    const origin = cluster === '' ? 0 : 4;
    const address = `${first}.${(i >> 8) & 255}.${i & 255}`;
    wanted.push([address, cluster, origin, resolution, `n${node}`, `z${node % 3}`, scope]);
    return row(node, address);
  });
  await put(responses, 'a');
  const rows = await rowsOf(
    store,
    `SELECT ip_source, source_cluster, source_cluster_origin, source_resolution,
       destination_node, destination_zone, service_scope FROM flows ORDER BY time, uuid`,
  );
  expect(rows.length).toBe(wanted.length);
  const differing = rows.findIndex((each, i) => String(each) !== String(wanted[i]));
  expect(rows[differing]).toEqual(wanted[differing]);
});

test('node-local and reserved numbers are never kept', async () => {
  const writer = knowing(store);
  const numbers = [1, 2, 100, 255, 0x1000001, 0x1ffffff, 0x2000001, 0x3000001];
  const now = Date.now();
  const responses = numbers.map((identity) => flow({ identity, labels: ['cidr:1.1.1.1/32'] }, now));
  await writer.put([...responses, flow({ identity: 256, labels: ['k8s:a=b'] }, now)], 'a');
  expect(await rowsOf(store, 'SELECT cluster, identity FROM identities')).toEqual([['a', 256]]);
  expect(await queryIdentities(store, { identity: 0x1000001, limit: 1 })).toEqual({
    identity: 0x1000001,
    nodeLocal: true,
    numbers: [],
    periods: [],
  });
  expect(await queryIdentities(store, { identity: 2, limit: 1 })).toMatchObject({ name: 'world' });
});

test('clusters that look alike stay apart', async () => {
  const alike = (name: string) => ({ name, relay: `${name}:1`, ciliumName: 'default', id: 0 });
  const writer = knowing(store, [
    alike('a'),
    alike('b'),
    { name: 'c', relay: 'c:1', id: 9, mesh: 'x' },
    { name: 'd', relay: 'd:1', id: 9, mesh: 'y' },
  ]);
  const labels = (of: string) => [`k8s:app=${of}`, 'k8s:io.cilium.k8s.policy.cluster=default'];
  const now = Date.now();
  for (const name of ['a', 'b'])
    await writer.put(
      [flow({ identity: 1000, cluster_name: 'default', labels: labels(name) }, now, 'n1')],
      name,
    );
  for (const name of ['c', 'd'])
    await writer.put(
      [flow({ identity: 0x90001, labels: [`k8s:app=${name}`] }, now, `${name}/n1`)],
      name,
    );
  for (const [identity, names] of [
    [1000, ['a', 'b']],
    [0x90001, ['c', 'd']],
  ] as const) {
    const { periods } = await queryIdentities(store, { identity, limit: 10 });
    expect(periods.map(({ cluster, labels: [first] }) => [cluster, first])).toEqual(
      names.map((name) => [name, `k8s:app=${name}`]),
    );
  }
  const { findings } = await queryClusters(store);
  expect(findings).toEqual([]);
});

test('511 numbering', async () => {
  const writer = knowing(store, [
    { name: 'a', relay: 'a:1', id: 300, maxConnectedClusters: 511 },
    { name: 'b', relay: 'b:1', id: 511, maxConnectedClusters: 511 },
  ]);
  const identity = 511 * 32_768 + 77;
  await writer.put([flow({ identity, labels: ['k8s:app=x'] }, Date.now(), 'a/n')], 'a');
  await writer.knowledge.catalogue.start();
  const { numbers, periods } = await queryIdentities(store, { identity, limit: 10 });
  expect(periods).toMatchObject([{ cluster: 'b', identity }]);
  expect(numbers).toEqual([
    { maxConnectedClusters: 511, kind: 'mesh', clusterId: 511, clusters: ['b'] },
  ]);
});

test('what the configuration says no more is told as past', async () => {
  const one = { name: 'a', relay: 'a:1', podCidrs: ['10.0.0.0/8'] };
  await knowing(store, [one]).knowledge.catalogue.start();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await knowing(store, [{ ...one, podCidrs: ['10.0.0.0/16'] }]).knowledge.catalogue.start();
  const { clusters } = await queryClusters(store);
  expect(clusters[0]?.podCidrs.map(({ value, current }) => [value, current])).toEqual([
    ['10.0.0.0/16', true],
    ['10.0.0.0/8', false],
  ]);
});

describe('a number that is handed out again', () => {
  const HALF_HOUR = 1_800_000;
  const START = Date.UTC(2026, 2, 1, 7, 13);
  /** Cilium keeps a number back for half an hour after its last use. */
  const histories = fc.array(
    fc.record({
      idleMs: fc.integer({ min: HALF_HOUR, max: 4 * HALF_HOUR }),
      lives: fc.integer({ min: 1, max: 3 * HALF_HOUR }),
      labels: fc.integer({ min: 0, max: 2 }),
      seen: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 7 },
  );

  interface Seen {
    readonly atMs: number;
    readonly labels: string;
  }

  function observationsOf(
    history: typeof histories extends fc.Arbitrary<infer T> ? T : never,
  ): Seen[] {
    let at = START;
    return history.flatMap(({ idleMs, lives, labels, seen }) => {
      const from = at + idleMs;
      at = from + lives;
      return seen.map((part) => ({
        atMs: Math.floor(from + part * lives),
        labels: `k8s:app=app-${labels}`,
      }));
    });
  }

  /** The newest observation by then; the first of all when there was none. */
  function modelAt(seen: readonly Seen[], atMs: number): string | undefined {
    const ordered = [...seen].sort((a, b) => a.atMs - b.atMs);
    return (ordered.findLast((each) => each.atMs <= atMs) ?? ordered[0])?.labels;
  }

  test('answers for its time, however late, often and by whom its flows are written', async () => {
    let identity = 1000;
    const run = async (
      history: Parameters<typeof observationsOf>[0],
      order: readonly number[],
      cut: number,
      asked: readonly number[],
    ) => {
      identity++;
      const seen = observationsOf(history);
      const shuffled = seen
        .map((each, i) => ({ each, rank: order[i % order.length] ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ each }) => each);
      const writers = [knowing(store), knowing(store)];
      for (let at = 0, turn = 0; at < shuffled.length; at += cut, turn++) {
        const part = shuffled.slice(at, at + cut);
        const flows = part.map(({ atMs, labels }) => flow({ identity, labels: [labels] }, atMs));
        await writers[turn % 2]?.put(flows, 'a');
        // Some records come twice.
        if (turn % 3 === 0) await writers[(turn + 1) % 2]?.put(flows, 'a');
      }
      const last = Math.max(...seen.map(({ atMs }) => atMs)) + 10;
      const times = [
        ...asked.map((part) => Math.floor(START + part * (last - START))),
        ...seen.map(({ atMs }) => atMs),
      ];
      for (const atMs of times)
        expect(await labelsAt(identity, 'a', atMs)).toBe(modelAt(seen, atMs));
    };
    await fc.assert(
      fc.asyncProperty(
        histories,
        fc.array(fc.integer(), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 8 }),
        run,
      ),
      { numRuns: 15 },
    );
  });
});
