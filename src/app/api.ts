// The servers of `up` and `serve`, and the live flows behind them. The HTTP address is written into the lock of the data
// directory, where commands find it.
import { createDeliveryService } from '../alert/notify/delivery-service.ts';
import { readTokens, requireSafe } from '../api/auth.ts';
import { createGrpcServer } from '../api/grpc/server.ts';
import { createHttpServer } from '../api/http/server.ts';
import type { Bus } from '../bus/bus.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import { createOverview } from '../query/catalogue/overview.ts';
import { createLiveFlows } from '../query/flows/follow.ts';
import type { Component } from '../runtime/component.ts';
import type { HealthReport } from '../runtime/run.ts';
import type { ManagedStore } from '../store/engine/engine-store.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

export interface ApiInputs {
  readonly store: ManagedStore;
  /** Undefined: flows cannot be followed. */
  readonly bus: Bus | undefined;
  readonly health: () => HealthReport;
  /** As configured now. */
  readonly clusters: () => readonly ClusterConfig[];
  /** All metrics of the process in Prometheus text. */
  readonly metrics: () => Promise<string>;
}

/** In the order of start. Throws `config/invalid` when other hosts can reach an address and no token is configured. */
export function buildApiServers(
  config: ParallaxConfig,
  deps: RoleDeps,
  parts: ApiInputs,
): Component[] {
  const { bus, store, clusters } = parts;
  const tokens = readTokens(config.api.auth);
  requireSafe('api.listen', config.api.listen, tokens);
  const live =
    bus &&
    createLiveFlows({
      ...deps,
      config: config.api.live,
      bus,
      stored: (signal) => bus.caughtUp(config.writer.group, signal),
    });
  const overview = createOverview({ ...deps, store, config: config.api });
  const common = { ...deps, ...parts, config: config.api, overview, tokens, ...(live && { live }) };
  const server = createHttpServer({
    ...common,
    clusters,
    deliveries: createDeliveryService(store, deps.clock),
    onAddress: (url) => store.setApiAddress(url),
  });
  const grpc = config.api.grpc.enabled ? [createGrpcServer(common)] : [];
  return [...(live ? [live] : []), server, ...grpc];
}
