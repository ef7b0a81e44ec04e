// The role `write`: stores batches from Kafka.
import type { ClusterConfig } from '../ingest/config.ts';
import type { Component } from '../runtime/component.ts';
import { createRunner } from '../runtime/run.ts';
import type { ManagedStore } from '../store/engine/engine-store.ts';
import { createStore } from '../store/open.ts';
import { buildBus, buildWriter } from './build.ts';
import { requireKafka } from './collect.ts';
import type { ParallaxConfig } from './config.ts';
import { buildOpsServer } from './ops.ts';
import { createReloader } from './reload.ts';
import type { RoleDeps } from './role.ts';

/** Resolves with the exit code. Migrates the store first. */
export async function runWrite(config: ParallaxConfig, deps: RoleDeps): Promise<number> {
  requireKafka(config, 'write');
  const runner = createRunner({ ...deps, shutdownTimeoutMs: config.shutdownTimeout });
  const store = runner.add(createStore({ ...deps, config: config.store }));
  runner.add(migration(store));
  const bus = runner.add(buildBus(config, deps));
  runner.add(buildOpsServer(config, deps, runner));
  const writer = buildWriter(config, deps, { bus, store });
  for (const part of writer.components) runner.add(part);
  if (deps.reload !== undefined) {
    const { reload } = deps;
    const apply = async (next: readonly ClusterConfig[]) => {
      writer.updateClusters(next);
      return { clusters: next.map(({ name }) => name) };
    };
    runner.add(createReloader({ ...deps, reload, config, apply }));
  }
  return runner.run();
}

/** Migrates the store as a step of the start. */
export function migration(store: Pick<ManagedStore, 'migrate'>): Component {
  return {
    name: 'migration',
    start: async () => void (await store.migrate()),
    stop: async () => undefined,
    health: () => ({ state: 'ok' }),
  };
}
