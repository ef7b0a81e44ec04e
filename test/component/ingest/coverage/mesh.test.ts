// A mesh whose relays give the flows of both clusters, and a third cluster called default beside it: every flow is
// stored once, under its own cluster.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createOverview } from '../../../../src/query/catalogue/overview.ts';
import { reportOf } from '../../../../src/query/coverage/report.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { rowsOf } from '../../../engines/stores.ts';
import { amount, read, simulate, warehouse } from '../../../support/ingest/coverage-harness.ts';

const MESH = { scenario: 'mesh', nodes: 2, rate: 300, waitForClient: true, ring: 50_000 } as const;

async function mesh(options: object = {}) {
  const made = await simulate({ ...MESH, ...options });
  const address = (name: string) =>
    made.addresses.find((each) => each.name === name)?.address ?? '';
  return { made, address };
}

test('three clusters, two of them in a mesh: each flow once, under its own key', async () => {
  const house = await warehouse();
  const since = Date.now();
  const { made, address } = await mesh({ count: 900 });
  const readers = [
    await read(house, { name: 'prod-a', ciliumName: 'east', relay: address('east') }),
    await read(house, { name: 'west', relay: address('west') }),
    await read(house, { name: 'lab', relay: address('default') }),
  ];
  await made.done;
  await sleep(3000);
  for (const reader of readers) await reader.stop();
  const until = Date.now();
  await house.settled();
  const sent = made.ledger?.uuids('sent') ?? [];
  expect(sent).toHaveLength(2700);
  expect((await house.uuids()).sort()).toEqual(sent.sort());
  const nodes = await rowsOf(
    house.store,
    'SELECT cluster, node_name, count() FROM flows GROUP BY 1, 2 ORDER BY 1, 2',
  );
  expect(nodes.map(([cluster, node]) => [cluster, node])).toEqual([
    ['lab', 'worker-1'],
    ['lab', 'worker-2'],
    ['prod-a', 'east/worker-1'],
    ['prod-a', 'east/worker-2'],
    ['west', 'west/worker-1'],
    ['west', 'west/worker-2'],
  ]);
  const coverage = await house.coverage(since, until);
  expect(coverage.gaps).toEqual([]);
  const report = reportOf(coverage);
  expect(report.foreign).toEqual([]);
  // Clocks of west are 4 s ahead, of default 4 s behind; what transport takes counts as behind.
  for (const { cluster, skewMs = Number.NaN } of report.nodes) {
    const clock = { 'prod-a': 0, west: 4000, lab: -4000 }[cluster] ?? Number.NaN;
    expect(skewMs, cluster).toBeLessThanOrEqual(clock + 1);
    expect(skewMs, cluster).toBeGreaterThan(clock - 1000);
  }
  // What relays say of their nodes is what `list nodes` and GetNodes tell.
  const config = { recent: 3_600_000, statusCache: 0 };
  const overview = createOverview({ store: house.store, clock: systemClock, version: '1', config });
  const { nodes: listed = [] } = await overview.nodes();
  expect(listed.map(({ name, max_flows }) => [name, max_flows])).toEqual([
    ['lab/worker-1', 50_000n],
    ['lab/worker-2', 50_000n],
    ['east/worker-1', 50_000n],
    ['east/worker-2', 50_000n],
    ['west/worker-1', 50_000n],
    ['west/worker-2', 50_000n],
  ]);
  // Identity numbers are used again: one number, several sets of labels.
  const reused = await rowsOf(
    house.store,
    `SELECT source_identity FROM flows WHERE cluster = 'west' AND source_workloads != ''
      GROUP BY source_identity HAVING uniqExact(source_labels) > 1 LIMIT 1`,
  );
  expect(reused).toHaveLength(1);
});

test('a wrong name is said, and what is dropped for it is counted by cluster and node', async () => {
  const house = await warehouse();
  const since = Date.now();
  const { made, address } = await mesh({ count: 300, waitForClient: false });
  const reader = await read(house, { name: 'oops', relay: address('east') });
  await made.done;
  await sleep(2000);
  expect(reader.collector.health()).toMatchObject({
    state: 'degraded',
    reason: expect.stringMatching(/no node of the cluster "oops".*east, west.*ciliumName/),
  });
  await reader.stop();
  const until = Date.now();
  await house.settled();
  expect(await house.uuids()).toEqual([]);
  const { foreign } = reportOf(await house.coverage(since, until));
  expect(foreign.map(({ node }) => node).sort()).toEqual([
    'east/worker-1',
    'east/worker-2',
    'west/worker-1',
    'west/worker-2',
  ]);
  expect(foreign.reduce((sum, { flows }) => sum + flows, 0)).toBe(600);
  const metric = await reader.registry
    .getSingleMetric('parallax_ingest_foreign_flows_total')
    ?.get();
  expect(metric?.values.map(({ labels, value }) => [labels.from, value]).sort()).toEqual([
    ['east', 300],
    ['west', 300],
  ]);
});

test('a relay of one cluster with another name than ours: all is kept, the name is learned', async () => {
  const house = await warehouse();
  const made = await simulate({ scenario: 'load', rate: 300, count: 300, waitForClient: true });
  const relay = made.addresses[0]?.address ?? '';
  const reader = await read(house, { name: 'prod-a', relay });
  await made.done;
  await sleep(2000);
  expect(reader.collector.health()).toEqual({ state: 'ok' });
  await reader.stop();
  await house.settled();
  expect(await house.uuids()).toHaveLength(300);
});

test('a node that falls silent while its ring overruns: what is missing, to the flow and the second', async () => {
  const house = await warehouse();
  const since = Date.now();
  const node = 'load-1/ip-10-1-1-17';
  const made = await simulate({
    scenario: 'load',
    nodes: 3,
    rate: 24,
    ring: 3,
    count: 144,
    waitForClient: true,
    faults: [`silent:${node}@1500ms`],
  });
  const relay = made.addresses[0]?.address ?? '';
  const reader = await read(house, { name: 'east', relay }, { poll: '400ms' });
  await made.done;
  await sleep(2000);
  await reader.stop();
  const until = Date.now();
  await house.settled();
  const sent = made.ledger?.uuids('sent') ?? [];
  const stored = await house.uuids();
  expect(new Set(stored).size).toBe(stored.length);
  const lost = sent.length - stored.length;
  expect(lost).toBeGreaterThan(0);
  const coverage = await house.coverage(since, until);
  expect(amount(coverage, 'missing', node)).toEqual({ min: lost, max: lost });
  const [gap] = coverage.gaps;
  expect(coverage.gaps).toHaveLength(1);
  expect((gap?.fromMs ?? 0) - since).toBeGreaterThan(1200);
  expect((gap?.toMs ?? 0) - since).toBeLessThan(5000);
});
