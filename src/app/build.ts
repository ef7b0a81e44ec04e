// Components that several roles share. Building one does not start it.
import type { Bus } from '../bus/bus.ts';
import { createBus } from '../bus/open.ts';
import { writerMetrics } from '../enrich/metrics.ts';
import { createProjector } from '../enrich/project/projector.ts';
import { createWriter } from '../enrich/writer.ts';
import { createCollector } from '../ingest/collector.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import { forgetSeries, ingestMetrics } from '../ingest/metrics.ts';
import type { RunnableComponent } from '../runtime/run.ts';
import type { Store } from '../store/store.ts';
import { type CollectorSet, createCollectorSet } from './collector-set.ts';
import type { ParallaxConfig } from './config.ts';
import { buildEnrichmentSources } from './enrichment-sources.ts';
import type { RoleDeps } from './role.ts';

/** Time for the collector of a removed cluster to publish its batches. */
const DRAIN_MS = 10_000;

export function buildBus(config: ParallaxConfig, deps: RoleDeps): Bus {
  return createBus(config.bus, deps);
}

export interface WriterComponents {
  /** In the order of start. */
  readonly components: readonly RunnableComponent[];
  /** Applies a changed configuration of clusters. */
  readonly updateClusters: (clusters: readonly ClusterConfig[]) => void;
}

/** The writer with its enrichment sources. */
export function buildWriter(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  { bus, store }: { readonly bus: Bus; readonly store: Store },
): WriterComponents {
  const { ends, catalogue, sources, updateClusters } = buildEnrichmentSources(config, deps, store);
  const writer = createWriter({
    config: config.writer,
    bus,
    store,
    projector: createProjector({ ends, derive: config.writer, now: () => deps.clock.now() }),
    catalogue,
    metrics: writerMetrics(deps.registry),
    logger: deps.logger,
    clock: deps.clock,
  });
  return { components: [catalogue, ...sources, writer], updateClusters };
}

/** The collectors of all clusters as one component. */
export function buildCollectors(
  config: Pick<ParallaxConfig, 'clusters' | 'collector'>,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  publisher: Pick<ReturnType<Bus['publisher']>, 'publish'>,
): CollectorSet {
  const { logger, clock } = deps;
  const metrics = ingestMetrics(deps.registry);
  return createCollectorSet({
    clusters: config.clusters,
    make: (cluster) =>
      createCollector({ cluster, config: config.collector, publisher, logger, metrics, clock }),
    forget: (cluster) => forgetSeries(metrics, cluster),
    count: (collectors) => metrics.collectors.set(collectors),
    logger,
    drainMs: DRAIN_MS,
  });
}
