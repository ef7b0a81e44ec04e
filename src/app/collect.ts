// The role `collect`: relays to Kafka.
import { ParallaxError } from '../runtime/errors.ts';
import { createRunner } from '../runtime/run.ts';
import { buildBus, buildCollectors } from './build.ts';
import type { ParallaxConfig } from './config.ts';
import { buildOpsServer } from './ops.ts';
import { createReloader } from './reload.ts';
import type { RoleDeps } from './role.ts';

/** Resolves with the exit code. Throws `config/invalid` without Kafka or clusters. */
export async function runCollect(config: ParallaxConfig, deps: RoleDeps): Promise<number> {
  requireKafka(config, 'collect');
  if (config.clusters.length === 0) {
    throw new ParallaxError(
      'config/invalid',
      'clusters is empty: name at least one cluster with the address of its Hubble Relay',
    );
  }
  const runner = createRunner({ ...deps, shutdownTimeoutMs: config.shutdownTimeout });
  const bus = runner.add(buildBus(config, deps));
  const publisher = runner.add(bus.publisher());
  runner.add(buildOpsServer(config, deps, runner));
  const collectors = runner.add(buildCollectors(config, deps, publisher));
  if (deps.reload !== undefined) {
    const { reload } = deps;
    runner.add(
      createReloader({ ...deps, reload, config, apply: (clusters) => collectors.apply(clusters) }),
    );
  }
  return runner.run();
}

export function requireKafka(config: ParallaxConfig, role: string): void {
  if (config.bus.kind === 'kafka') return;
  throw new ParallaxError(
    'config/invalid',
    `bus.kind is "${config.bus.kind}": ${role} needs kafka, because other processes cannot read an in-process bus (set bus.kind: kafka, or run parallax up)`,
  );
}
