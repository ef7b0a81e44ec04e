import fastify from 'fastify';
import type { Bus } from '../bus/bus.ts';
import type { Component } from '../runtime/component.ts';
import type { ManagedStore } from '../store/engine-store.ts';
import { addOpsRoutes, type OpsDeps } from '../telemetry/ops.ts';
import type { ParallaxConfig } from './config.ts';
import { listening } from './listen.ts';
import type { RoleDeps } from './role.ts';

export function buildApi(
  config: ParallaxConfig,
  deps: RoleDeps,
  parts: OpsDeps & { readonly store: ManagedStore; readonly bus: Bus | undefined },
): Component {
  const app = fastify({ logger: false });
  addOpsRoutes(app, parts);
  return listening('api', app, config.api.listen, deps.logger);
}
