// A step of the start of whoever alone writes a store, after its tables are there: what the process before counted and
// could not store, because it was killed, is counted anew.
import { settleRecent } from '../enrich/refill/recent.ts';
import type { Component } from '../runtime/component.ts';
import type { Store } from '../store/store.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

export function repairTotalsAtStart(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'clock'>,
  store: Store,
  clusters: readonly string[],
): Component {
  return {
    name: 'totals',
    start: () => settle(config, deps, store, clusters),
    stop: async () => undefined,
    health: () => ({ state: 'ok' }),
  };
}

/** Of all clusters in a directory, which one process has open; on a server, of `clusters`, which this one collects. */
export async function settle(
  config: ParallaxConfig,
  { logger, clock }: Pick<RoleDeps, 'logger' | 'clock'>,
  store: Store,
  clusters: readonly string[],
): Promise<void> {
  const only = config.store.kind === 'chdb' ? undefined : clusters;
  if (only?.length === 0) return;
  try {
    await settleRecent({ store, limits: config.writer, logger, clock }, only);
  } catch (error) {
    // Flows do not depend on it.
    logger.warn({ err: error }, 'totals may not add up; run parallax migrate --denials');
  }
}
