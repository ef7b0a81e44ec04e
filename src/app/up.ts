// The role `up`: everything in one process. Collectors run in a worker thread; decoding, storing and answering share the
// main thread; the embedded engine has its own threads.
import type { ClusterConfig } from '../ingest/config.ts';
import { createRunner } from '../runtime/run.ts';
import { createStore } from '../store/open.ts';
import { buildAlerts } from './alert.ts';
import { buildApiServers } from './api.ts';
import { buildBus, buildWriter } from './build.ts';
import { createCollectorThread } from './collector-thread.ts';
import type { ParallaxConfig } from './config.ts';
import { createDemo } from './demo.ts';
import { createFlowPrinter } from './flow-printer.ts';
import { createReloader } from './reload.ts';
import { repairTotalsAtStart } from './repair-totals.ts';
import type { RoleDeps } from './role.ts';
import { migration } from './write.ts';

export interface UpOptions {
  /** Also collects from two simulated clusters. */
  readonly demo: boolean;
  /** Prints no flows. */
  readonly quiet: boolean;
}

/** Resolves with the exit code. */
export async function runUp(
  config: ParallaxConfig,
  deps: RoleDeps,
  options: UpOptions,
): Promise<number> {
  const { logger, registry } = deps;
  const runner = createRunner({ ...deps, shutdownTimeoutMs: config.shutdownTimeout });
  const store = runner.add(createStore({ ...deps, config: config.store }));
  runner.add(migration(store));
  runner.add(
    repairTotalsAtStart(
      config,
      deps,
      store,
      config.clusters.map(({ name }) => name),
    ),
  );
  const bus = runner.add(buildBus(config, deps));
  const writer = buildWriter(config, deps, { bus, store });
  for (const part of writer.components) runner.add(part);
  for (const part of buildAlerts(config, deps, store)) runner.add(part);
  const publisher = runner.add(bus.publisher());
  const demo = options.demo ? await createDemo(deps) : undefined;
  if (demo) runner.add(demo);
  let configured = config.clusters;
  const clusters = () => (demo ? [...configured, ...demo.clusters()] : configured);
  const collectors = createCollectorThread({
    config: () => ({ ...config, clusters: clusters() }),
    publisher,
    logger,
  });
  const metrics = async () => (await registry.metrics()) + (await collectors.metrics());
  const parts = { store, bus, clusters, health: runner.health, metrics };
  for (const component of buildApiServers(config, deps, parts)) runner.add(component);
  if (!options.quiet) runner.add(createFlowPrinter({ bus, stdout: deps.stdout, logger }));
  runner.add(collectors);
  // On a terminal SIGHUP means that it was closed, and ends the process.
  const { reload } = deps;
  if (reload !== undefined) {
    const apply = (next: readonly ClusterConfig[]) => {
      configured = [...next];
      writer.updateClusters(next);
      return collectors.apply(clusters());
    };
    const onHangup = deps.stdout.isTTY === true ? () => () => undefined : reload.onHangup;
    runner.add(createReloader({ ...deps, reload: { ...reload, onHangup }, config, apply }));
  }
  return runner.run();
}
