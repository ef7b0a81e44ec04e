// The configuration: one file for all roles, composed of the schemas of all rooms.
import { z } from 'zod';
import { alertConfig } from '../alert/config.ts';
import { apiConfig } from '../api/config.ts';
import { busConfig } from '../bus/config.ts';
import { type ConfigSources, type LoadedConfig, loadConfig } from '../config/load.ts';
import { duration } from '../config/values.ts';
import { writerConfig } from '../enrich/config.ts';
import { clustersConfig, collectorConfig } from '../ingest/config.ts';
import { storeConfig } from '../store/config.ts';
import { logConfig } from '../telemetry/config.ts';

export const parallaxConfig = z.strictObject({
  clusters: clustersConfig,
  collector: collectorConfig.prefault({}).describe('Collection from relays; `collect` and `up`.'),
  bus: busConfig.prefault({}).describe('Transport of batches from collectors to writers.'),
  writer: writerConfig.prefault({}).describe('Storing of batches; `write` and `up`.'),
  store: storeConfig.prefault({}).describe('The ClickHouse server or embedded engine.'),
  api: apiConfig
    .prefault({})
    .describe('The HTTP and gRPC API of `serve` and `up`; health and metrics of every role.'),
  alert: alertConfig.prefault({}).describe('Incidents and notifications; `alert` and `up`.'),
  log: logConfig.prefault({}).describe('The log, on standard error.'),
  shutdownTimeout: duration
    .prefault('25s')
    .describe(
      'Time for draining after SIGTERM; keep it below the grace period of Kubernetes (30 s) or `docker stop` (10 s).',
    ),
});

/** Also read by `observe`, which does not load the configuration. */
const ALIASES = { PARALLAX_DATA_DIR: 'store.chdb.path' } as const;

export type ParallaxConfig = z.output<typeof parallaxConfig>;

/** Throws `config/invalid` with every problem. */
export function loadParallaxConfig(sources: ConfigSources): LoadedConfig<ParallaxConfig> {
  return loadConfig(parallaxConfig, { aliases: ALIASES, ...sources });
}
