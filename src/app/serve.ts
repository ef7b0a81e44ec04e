// The role `serve`: answers from the store, and live from Kafka when there is one.
import { createRunner } from '../runtime/run.ts';
import { createStore } from '../store/open.ts';
import { buildApi } from './api.ts';
import type { ParallaxConfig } from './config.ts';
import { buildBus } from './parts.ts';
import type { RoleDeps } from './role.ts';

/** Resolves with the exit code. */
export async function runServe(config: ParallaxConfig, deps: RoleDeps): Promise<number> {
  const runner = createRunner({ ...deps, shutdownTimeoutMs: config.shutdownTimeout });
  const store = runner.add(createStore({ ...deps, config: config.store }));
  // Without Kafka nothing passes here live; history is answered all the same.
  const bus = config.bus.kind === 'kafka' ? runner.add(buildBus(config, deps)) : undefined;
  const metrics = () => deps.registry.metrics();
  const parts = { store, bus, health: runner.health, metrics };
  for (const component of buildApi(config, deps, parts)) runner.add(component);
  return runner.run();
}
