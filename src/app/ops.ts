// The server of the roles that answer no queries: alive, ready, metrics.
import fastify from 'fastify';
import type { Component } from '../runtime/component.ts';
import type { Runner } from '../runtime/run.ts';
import { addOpsRoutes } from '../telemetry/ops.ts';
import type { ParallaxConfig } from './config.ts';
import { listening } from './listen.ts';
import type { RoleDeps } from './role.ts';

export function buildOpsServer(
  config: ParallaxConfig,
  deps: RoleDeps,
  runner: Pick<Runner, 'health'>,
): Component {
  const app = fastify({ logger: false });
  addOpsRoutes(app, { health: runner.health, metrics: () => deps.registry.metrics() });
  return listening('ops', app, config.api.listen, deps.logger);
}
