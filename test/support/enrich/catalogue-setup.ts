// A catalogue over a store that remembers what was inserted, and observations for it.
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { Catalogue } from '../../../src/enrich/inventory/catalogue.ts';
import { createClusterFinder } from '../../../src/enrich/inventory/clusters.ts';
import { Inventory } from '../../../src/enrich/inventory/inventory.ts';
import { ClusterRegistry } from '../../../src/enrich/inventory/registry.ts';
import { catalogueMetrics } from '../../../src/enrich/metrics.ts';
import type { IdentityObservation } from '../../../src/enrich/project/projector.ts';
import type { NativeBlock, Store } from '../../../src/store/store.ts';

export const HOUR = 3_600_000;
const clock = { now: () => 500_000 * HOUR, sleep: async () => undefined };

export function setUp(maxIdentities: number, maxPods = 10) {
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

export const observation = (
  identity: number,
  facts: Partial<IdentityObservation> = {},
): IdentityObservation => ({
  observer: 'a',
  identity,
  clusterName: '',
  labels: `k8s:app=app-${identity}`,
  firstMs: 7 * HOUR,
  lastMs: 7 * HOUR + 5,
  ...facts,
});
export const rows = (blocks: readonly NativeBlock[]) =>
  blocks.filter(({ table }) => table === 'identities').reduce((sum, block) => sum + block.rows, 0);
