// The role `serve`: answers queries from the store, and live ones from Kafka if it is configured.
import type { ClusterConfig } from '../ingest/config.ts';
import { createRunner } from '../runtime/run.ts';
import { createStore } from '../store/open.ts';
import { buildApiServers } from './api.ts';
import { buildBus } from './build.ts';
import type { ParallaxConfig } from './config.ts';
import { createReloader } from './reload.ts';
import type { RoleDeps } from './role.ts';

/** Resolves with the exit code. */
export async function runServe(config: ParallaxConfig, deps: RoleDeps): Promise<number> {
  const runner = createRunner({ ...deps, shutdownTimeoutMs: config.shutdownTimeout });
  const store = runner.add(createStore({ ...deps, config: config.store }));
  // Without Kafka there are no live flows in this process.
  const bus = config.bus.kind === 'kafka' ? runner.add(buildBus(config, deps)) : undefined;
  const metrics = () => deps.registry.metrics();
  let configured = config.clusters;
  const clusters = () => configured;
  const parts = { store, bus, clusters, health: runner.health, metrics };
  for (const component of buildApiServers(config, deps, parts)) runner.add(component);
  // The doctor compares the store with the configured clusters.
  if (deps.reload !== undefined) {
    const apply = async (next: readonly ClusterConfig[]) => {
      configured = [...next];
      return { clusters: next.map(({ name }) => name) };
    };
    runner.add(createReloader({ ...deps, reload: deps.reload, config, apply }));
  }
  return runner.run();
}
