// Recounts totals that an earlier process was killed before it could store. Runs once at the start of the store's only
// writer, after the migration.
import { settleRecent } from '../enrich/refill/recent.ts';
import type { Component } from '../runtime/component.ts';
import type { Store } from '../store/store.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

type Deps = Pick<RoleDeps, 'logger' | 'clock'>;

export function repairTotalsAtStart(
  config: ParallaxConfig,
  deps: Deps,
  store: Store,
  clusters: readonly string[],
): Component {
  return {
    name: 'totals',
    start: () => repairTotals(config, deps, store, clusters),
    stop: async () => undefined,
    health: () => ({ state: 'ok' }),
  };
}

/** All clusters of a data directory, which one process has open; on a server `clusters`, which this process collects. */
export async function repairTotals(
  config: ParallaxConfig,
  { logger, clock }: Deps,
  store: Store,
  clusters: readonly string[],
): Promise<void> {
  const only = config.store.kind === 'chdb' ? undefined : clusters;
  if (only?.length === 0) return;
  try {
    await settleRecent({ store, limits: config.writer, logger, clock }, only);
  } catch (error) {
    // Flows do not depend on totals.
    logger.warn({ err: error }, 'totals may not add up; run parallax migrate --denials');
  }
}
