// Health and metrics of the roles without an API.
import fastify from 'fastify';
import type { Component, Health } from '../runtime/component.ts';
import type { Runner } from '../runtime/run.ts';
import { close, listen } from '../telemetry/listen.ts';
import { addOpsRoutes } from '../telemetry/ops.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

export function buildOpsServer(
  config: ParallaxConfig,
  { logger, registry }: RoleDeps,
  runner: Pick<Runner, 'health'>,
): Component {
  const app = fastify({ logger: false });
  addOpsRoutes(app, { health: runner.health, metrics: () => registry.metrics() });
  let health: Health = { state: 'failed', reason: 'does not listen' };
  return {
    name: 'ops',
    async start(signal) {
      const url = await listen(app, config.api.listen, signal);
      health = { state: 'ok' };
      logger.info({ url }, 'health and metrics listen');
    },
    stop: (limit) => close(app, limit),
    health: () => health,
  };
}
