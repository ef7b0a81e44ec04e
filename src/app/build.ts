// The parts that several roles are wired from. Making one starts nothing.
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

/** Time for the collector of a cluster that is taken out to publish what it has. */
const DRAIN_MS = 10_000;

export function buildBus(config: ParallaxConfig, deps: RoleDeps): Bus {
  return createBus(config.bus, deps);
}

export interface WriterComponents {
  /** In the order in which they start. */
  readonly components: readonly RunnableComponent[];
  /** Takes what the configuration says of the clusters from now on. */
  readonly updateClusters: (clusters: readonly ClusterConfig[]) => void;
}

/** The writer, and what it knows of clusters and learns of identities, in the order in which they start. */
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

/** All configured collectors as one component; its clusters may change while it runs. */
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
