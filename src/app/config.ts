// The whole configuration: one file for all roles, composed of what each room asks for.
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
  collector: collectorConfig.prefault({}).describe('How relays are read; `collect` and `up`.'),
  bus: busConfig.prefault({}).describe('What carries batches from collectors to writers.'),
  writer: writerConfig.prefault({}).describe('How batches are stored; `write` and `up`.'),
  store: storeConfig.prefault({}).describe('Where flows are kept and read.'),
  api: apiConfig
    .prefault({})
    .describe('The HTTP API; `serve` and `up`. Health and metrics of every role.'),
  alert: alertConfig
    .prefault({})
    .describe('Incidents over time, and who is told of them; `alert` and `up`.'),
  log: logConfig.prefault({}).describe('The log, on standard error.'),
  shutdownTimeout: duration
    .prefault('25s')
    .describe(
      'Time for draining after SIGTERM; keep it below the 30 s after which Kubernetes and `docker stop` kill.',
    ),
});

/** `observe` reads this one too, without loading the configuration. */
const ALIASES = { PARALLAX_DATA_DIR: 'store.chdb.path' } as const;

export type ParallaxConfig = z.output<typeof parallaxConfig>;

/** Throws `config/invalid` with every problem. */
export function loadParallaxConfig(sources: ConfigSources): LoadedConfig<ParallaxConfig> {
  return loadConfig(parallaxConfig, { aliases: ALIASES, ...sources });
}
