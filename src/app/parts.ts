// The parts that several roles are wired from. Making one starts nothing.
import type { Bus } from '../bus/bus.ts';
import { createBus } from '../bus/open.ts';
import { writerMetrics } from '../enrich/metrics.ts';
import { createProjector } from '../enrich/project/projector.ts';
import { createWriter } from '../enrich/writer.ts';
import { createCollector } from '../ingest/collector.ts';
import { ingestMetrics } from '../ingest/metrics.ts';
import type { RunnableComponent } from '../runtime/run.ts';
import type { Store } from '../store/store.ts';
import type { ParallaxConfig } from './config.ts';
import { group } from './group.ts';
import { buildKnowledge } from './knowledge.ts';
import type { RoleDeps } from './role.ts';

export function buildBus(config: ParallaxConfig, deps: RoleDeps): Bus {
  return createBus(config.bus, deps);
}

/** The writer, and what it knows of clusters and learns of identities, in the order in which they start. */
export function buildWriter(
  config: ParallaxConfig,
  deps: Pick<RoleDeps, 'logger' | 'registry' | 'clock'>,
  { bus, store }: { readonly bus: Bus; readonly store: Store },
): readonly RunnableComponent[] {
  const { ends, catalogue, sources } = buildKnowledge(config, deps, store);
  const writer = createWriter({
    config: config.writer,
    bus,
    store,
    projector: createProjector({ ends }),
    catalogue,
    metrics: writerMetrics(deps.registry),
    logger: deps.logger,
    clock: deps.clock,
  });
  return [catalogue, ...sources, writer];
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
