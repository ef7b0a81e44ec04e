// The parts that several roles are wired from. Making one starts nothing.
import type { Bus } from '../bus/bus.ts';
import { createBus } from '../bus/open.ts';
import { type ClusterFinder, createClusterFinder, type MeshFacts } from '../enrich/clusters.ts';
import { writerMetrics } from '../enrich/metrics.ts';
import { createProjector } from '../enrich/project/projector.ts';
import { createWriter, type Writer } from '../enrich/writer.ts';
import { createCollector } from '../ingest/collector.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import { forgetSeries, ingestMetrics } from '../ingest/metrics.ts';
import type { Store } from '../store/store.ts';
import { type CollectorSet, createCollectorSet } from './collector-set.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

/** Time for the collector of a cluster that is taken out to publish what it has. */
const DRAIN_MS = 10_000;

export function buildBus(config: ParallaxConfig, deps: RoleDeps): Bus {
  return createBus(config.bus, deps);
}

/** The writer, knowing the configured clusters' ids and numbering. */
export function buildWriter(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  {
    bus,
    store,
    clusters = clusterFinder(config.clusters),
  }: { readonly bus: Bus; readonly store: Store; readonly clusters?: ClusterFinder },
): Writer {
  return createWriter({
    config: config.writer,
    bus,
    store,
    projector: createProjector({ clusters }),
    metrics: writerMetrics(deps.registry),
    logger: deps.logger,
    clock: deps.clock,
  });
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

/** Ids and names of the configured clusters, and each observer's numbering; `update` when they change. */
export function clusterFinder(
  clusters: readonly ClusterConfig[],
): ClusterFinder & { update(clusters: readonly ClusterConfig[]): void } {
  let facts = meshFacts(clusters);
  let version = 0;
  const finder = createClusterFinder((observer) => facts(observer));
  return {
    find: finder.find,
    get version() {
      return version;
    },
    update(next) {
      facts = meshFacts(next);
      version++;
    },
  };
}

function meshFacts(clusters: readonly ClusterConfig[]): (observer: string) => MeshFacts {
  const names = new Map<number, string>();
  for (const { id, name } of clusters) if (id !== undefined && id !== 0) names.set(id, name);
  const sizes = new Map(clusters.map((each) => [each.name, each.maxConnectedClusters]));
  return (observer) => ({ size: sizes.get(observer) ?? 255, names });
}
