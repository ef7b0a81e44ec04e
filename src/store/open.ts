// Makes the store the configuration names.
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../runtime/clock.ts';
import type { StoreConfig } from './config.ts';
import { ChdbEngine } from './engine/chdb.ts';
import { ClickhouseEngine } from './engine/clickhouse.ts';
import { EngineStore, type ManagedStore } from './engine/engine-store.ts';
import { storeMetrics } from './metrics.ts';

export interface StoreDeps {
  readonly config: StoreConfig;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
}

export function createStore(deps: StoreDeps): ManagedStore {
  const { config, registry } = deps;
  const logger = deps.logger.child({ component: 'store' });
  const engine =
    config.kind === 'chdb'
      ? new ChdbEngine(config)
      : new ClickhouseEngine(config, { logger, clock: deps.clock });
  return new EngineStore({ ...deps, logger, engine, metrics: storeMetrics(registry) });
}
