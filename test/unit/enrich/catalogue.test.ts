// What the catalogue keeps in memory and what it writes, over a store that remembers.
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Catalogue } from '../../../src/enrich/catalogue.ts';
import { createClusterFinder } from '../../../src/enrich/clusters.ts';
import { Inventory, WORKLOAD_ORIGIN } from '../../../src/enrich/inventory.ts';
import { catalogueMetrics } from '../../../src/enrich/metrics.ts';
import type { Sighting } from '../../../src/enrich/project/projector.ts';
import { ClusterRegistry } from '../../../src/enrich/registry.ts';
import { ParallaxError } from '../../../src/runtime/errors.ts';
import type { NativeBlock, Store } from '../../../src/store/store.ts';

const HOUR = 3_600_000;
const clock = { now: () => 500_000 * HOUR, sleep: async () => undefined };

function setUp(maxIdentities: number, maxPods = 10) {
  const inserted: NativeBlock[] = [];
  const failing: Error[] = [];
  const store: Pick<Store, 'insert' | 'query'> = {
    insert: async (block) => {
      const error = failing.pop();
      if (error) throw error;
      inserted.push(block);
    },
    async *query() {},
  };
  const registry = new ClusterRegistry([]);
  const metrics = new Registry();
  const inventory = new Inventory({ maxPods, maxServices: 1, refreshMs: 0 }, clock);
  const catalogue = new Catalogue({
    registry,
    clusters: createClusterFinder((observer) => registry.meshOf(observer)),
    inventory,
    store: store as Store,
    limits: { maxIdentities },
    metrics: catalogueMetrics(metrics),
    logger: pino({ level: 'silent' }),
    clock,
  });
  return { catalogue, inventory, inserted, failing, metrics };
}

const sighting = (identity: number, facts: Partial<Sighting> = {}): Sighting => ({
  observer: 'a',
  identity,
  clusterName: '',
  labels: `k8s:app=app-${identity}`,
  firstMs: 7 * HOUR,
  lastMs: 7 * HOUR + 5,
  ...facts,
});
const rows = (blocks: readonly NativeBlock[]) =>
  blocks.filter(({ table }) => table === 'identities').reduce((sum, block) => sum + block.rows, 0);

test('what was written is not written again, what is earlier, later or of another hour is', () => {
  const { catalogue } = setUp(100);
  const take = (facts: Partial<Sighting>) => rows(catalogue.take([sighting(1000, facts)], []));
  expect(take({})).toBe(1);
  expect(take({})).toBe(0);
  expect(take({ firstMs: 7 * HOUR + 1 })).toBe(0);
  expect(take({ lastMs: 7 * HOUR + 6 })).toBe(1);
  expect(take({ firstMs: 8 * HOUR, lastMs: 8 * HOUR })).toBe(1);
  expect(take({ labels: 'k8s:app=other' })).toBe(1);
  expect(take({ observer: 'b' })).toBe(1);
  expect(take({})).toBe(0);
});

test('two pods of one identity are one row', () => {
  const { catalogue } = setUp(100);
  expect(rows(catalogue.take([sighting(1000), sighting(1000, { lastMs: 7 * HOUR + 9 })], []))).toBe(
    1,
  );
});

test('a number of a cluster that nobody names is left out', () => {
  const { catalogue } = setUp(100);
  expect(rows(catalogue.take([sighting(0x50001)], []))).toBe(0);
  expect(rows(catalogue.take([sighting(0x50001, { clusterName: 'e' })], []))).toBe(1);
});

test('a store that refuses is said and does no harm; one that is away is for the writer to try again', async () => {
  const { catalogue, failing, inserted } = setUp(100);
  const blocks = catalogue.take([sighting(1000)], []);
  failing.push(new ParallaxError('store/rejected', 'no'));
  await catalogue.write(blocks);
  expect(catalogue.health()).toMatchObject({ state: 'degraded' });
  failing.push(new ParallaxError('store/unavailable', 'away'));
  await expect(catalogue.write(blocks)).rejects.toMatchObject({ code: 'store/unavailable' });
  await catalogue.write(blocks);
  expect(catalogue.health()).toEqual({ state: 'ok' });
  expect(inserted.length).toBe(blocks.length);
  failing.push(new ParallaxError('store/unavailable', 'away'));
  const fact = { cluster: 'a', identity: 7, labels: ['x'], firstMs: 1, lastMs: 2 };
  await catalogue.learn([{ ...fact, source: 'kubernetes' }], new AbortController().signal);
  expect(inserted.length).toBe(blocks.length + 1);
});

test('a million identities and a quarter million pods fit into what is allowed', async () => {
  const { catalogue, inventory, metrics } = setUp(100_000, 200_000);
  const before = process.memoryUsage().heapUsed;
  let written = 0;
  for (let from = 0; from < 1_000_000; from += 5000) {
    const part = Array.from({ length: 5000 }, (_, i) =>
      sighting(0x10000 + from + i, { clusterName: 'mesh-cluster' }),
    );
    written += rows(catalogue.take(part, []));
  }
  for (let i = 0; i < 250_000; i++) {
    const facts = { workload: `Deployment/app-${i % 5000}`, origin: WORKLOAD_ORIGIN.flows };
    inventory.setPod('mesh-cluster', `ns-${i % 100}`, `app-${i % 5000}-5c9f7d6b5d-${i}`, {
      ...facts,
      node: `node-${i % 3000}`,
      zone: `zone-${i % 3}`,
    });
  }
  expect(written).toBe(1_000_000);
  catalogue.take([], []);
  const text = await metrics.metrics();
  const value = (name: string) =>
    Number(new RegExp(`^parallax_catalogue_${name} (.*)$`, 'm').exec(text)?.[1]);
  expect(value('identities')).toBeGreaterThan(50_000 - 1);
  expect(value('identities')).toBeLessThanOrEqual(100_000);
  expect(value('identities') + value('identities_evicted_total')).toBe(1_000_000);
  expect(value('pods')).toBeGreaterThan(100_000 - 1);
  expect(value('pods')).toBeLessThanOrEqual(200_000);
  const mebibytes = (process.memoryUsage().heapUsed - before) / 2 ** 20;
  // Some 30 MiB for identities and 60 for pods; garbage not collected yet counts too.
  expect(mebibytes).toBeLessThan(250);
});
