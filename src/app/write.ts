// The role `write`: Kafka to the store.
import { createRunner } from '../runtime/run.ts';
import { createStore } from '../store/open.ts';
import { requireKafka } from './collect.ts';
import type { ParallaxConfig } from './config.ts';
import { buildOpsServer } from './ops.ts';
import { buildBus, buildWriter } from './parts.ts';
import type { RoleDeps } from './role.ts';

/** Resolves with the exit code. The store's schema is brought up to date first. */
export async function runWrite(config: ParallaxConfig, deps: RoleDeps): Promise<number> {
  requireKafka(config, 'write');
  const runner = createRunner({ ...deps, shutdownTimeoutMs: config.shutdownTimeout });
  const store = runner.add(migrating(createStore({ ...deps, config: config.store })));
  const bus = runner.add(buildBus(config, deps));
  runner.add(buildOpsServer(config, deps, runner));
  runner.add(buildWriter(config, deps, { bus, store }));
  return runner.run();
}

/** A store that is brought up to date as part of its start. */
export function migrating<S extends ReturnType<typeof createStore>>(store: S): S {
  const start = store.start.bind(store);
  store.start = async (signal) => {
    await start(signal);
    await store.migrate();
  };
  return store;
}
