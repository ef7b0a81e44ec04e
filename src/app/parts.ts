// The parts that several roles are wired from. Making one starts nothing.
import type { Bus } from '../bus/bus.ts';
import { createBus } from '../bus/open.ts';
import { createClusterFinder } from '../enrich/clusters.ts';
import { writerMetrics } from '../enrich/metrics.ts';
import { createProjector } from '../enrich/project/projector.ts';
import { createWriter, type Writer } from '../enrich/writer.ts';
import { createCollector } from '../ingest/collector.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import { ingestMetrics } from '../ingest/metrics.ts';
import type { RunnableComponent } from '../runtime/run.ts';
import type { Store } from '../store/store.ts';
import type { ParallaxConfig } from './config.ts';
import { group } from './group.ts';
import type { RoleDeps } from './role.ts';

export function buildBus(config: ParallaxConfig, deps: RoleDeps): Bus {
  return createBus(config.bus, deps);
}

/** The writer, knowing the configured clusters' ids and numbering. */
export function buildWriter(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  { bus, store }: { readonly bus: Bus; readonly store: Store },
): Writer {
  return createWriter({
    config: config.writer,
    bus,
    store,
    projector: createProjector({ clusters: clusterFinder(config.clusters) }),
    metrics: writerMetrics(deps.registry),
    logger: deps.logger,
    clock: deps.clock,
  });
}

/** All configured collectors as one component. */
export function buildCollectors(
  config: Pick<ParallaxConfig, 'clusters' | 'collector'>,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  publisher: Pick<ReturnType<Bus['publisher']>, 'publish'>,
): RunnableComponent {
  const { logger, clock } = deps;
  const metrics = ingestMetrics(deps.registry);
  return group(
    'collectors',
    config.clusters.map((cluster) =>
      createCollector({ cluster, config: config.collector, publisher, logger, metrics, clock }),
    ),
  );
}

/** Ids and names of the configured clusters, and each observer's numbering. */
export function clusterFinder(clusters: readonly ClusterConfig[]) {
  const names = new Map<number, string>();
  for (const { id, name } of clusters) if (id !== undefined && id !== 0) names.set(id, name);
  const numbering = new Map(clusters.map((each) => [each.name, each.maxConnectedClusters]));
  return createClusterFinder((observer) => ({
    maxClusters: numbering.get(observer) ?? 255,
    names,
  }));
}
