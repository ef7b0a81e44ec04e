// Hubble's gRPC API over the store, for `hubble`, Hubble UI and other clients of a relay.
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import type {
  ChangeNotification,
  GetFlowsRequest,
  NotifyRequest,
} from '../../hubble/proto/schema.gen.ts';
import { Observer, Peer, withRawResponses } from '../../hubble/proto/services.ts';
import type { Overview } from '../../query/catalogue/overview.ts';
import { createOverviews } from '../../query/catalogue/overviews.ts';
import { peerChanges } from '../../query/catalogue/peers.ts';
import { endWithin } from '../../runtime/async.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { readTokens, type Tokens } from '../auth.ts';
import { listeningHealth, type ServingDeps } from '../serving.ts';
import { Calls, type Write } from './calls.ts';
import { tlsCredentials } from './certificates.ts';
import { grpcAddress } from './config.ts';
import { getFlows } from './flows.ts';
import { addHealth } from './health.ts';
import { type GrpcMetrics, grpcMetrics } from './metrics.ts';
import { callPrincipal } from './principal.ts';
import { reflectionVersions } from './reflection.ts';

export interface GrpcApi extends Component {
  /** `host:port` once started. */
  address(): string | undefined;
}

export function createGrpcServer(deps: ServingDeps): GrpcApi {
  return new Api(deps);
}

/** Shortest interval of reading nodes for Notify. */
const PEERS_MS = 1000;

class Api implements GrpcApi {
  readonly name = 'grpc api';
  private readonly deps: ServingDeps;
  private readonly metrics: GrpcMetrics;
  private readonly stopped = new AbortController();
  private server: GrpcServer | undefined;
  private listening: string | undefined;

  constructor(deps: ServingDeps) {
    this.deps = deps;
    this.metrics = grpcMetrics(deps.registry);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, logger } = this.deps;
    signal.addEventListener('abort', () => this.stopped.abort(), { once: true });
    const tokens = this.deps.tokens ?? readTokens(config.auth);
    const server = this.build(tokens);
    this.server = server;
    const address = grpcAddress(config.grpc, config.listen);
    const { tls } = config.grpc;
    const credentials = tls
      ? await tlsCredentials(tls, this.deps, this.stopped.signal)
      : ServerCredentials.createInsecure();
    const port = await bind(server, address, credentials);
    this.listening = `${address.slice(0, address.lastIndexOf(':')) || '[::]'}:${port}`;
    const mode = tls ? (tls.clientCa === undefined ? 'tls' : 'mtls') : 'plaintext';
    logger.info({ address: this.listening, mode }, 'grpc api listens');
    if (config.grpc.allowUnauthenticated && tls?.clientCa === undefined && !tokens.needed)
      logger.warn({ address: this.listening }, 'grpc api is open to other hosts');
  }

  /** Ends streams and waits for other calls; at `limit` connections are closed. */
  async stop(limit: AbortSignal): Promise<void> {
    this.stopped.abort();
    const { server } = this;
    this.listening = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    await endWithin(limit, closed, () => server.forceShutdown());
  }

  health(): Health {
    return listeningHealth(this.listening);
  }

  address(): string | undefined {
    return this.listening;
  }

  private build(tokens: Tokens): GrpcServer {
    const { config, store, live, overview, logger, clock, version = '0.0.0' } = this.deps;
    const { maxStreams, maxRequest, keepalive, keepaliveTimeout } = config.grpc;
    const { metrics } = this;
    const stopped = this.stopped.signal;
    const principalOf = callPrincipal(tokens, config.grpc.tls?.clientCa !== undefined);
    const calls = new Calls({ maxStreams, metrics, logger, stopped, principalOf });
    const overviewOf = createOverviews(overview, { store, clock, config, version });
    const server = new GrpcServer({
      'grpc.max_receive_message_length': maxRequest,
      'grpc.keepalive_time_ms': keepalive,
      'grpc.keepalive_timeout_ms': keepaliveTimeout,
      'grpc.enable_channelz': 0,
    });
    const answers = { store, live, limits: config };
    const flows = { answers, maxFilters: config.maxFilters, metrics, logger, clock };
    server.addService(
      { ...Observer, GetFlows: withRawResponses(Observer.GetFlows) },
      {
        GetFlows: calls.stream<GetFlowsRequest, Buffer>(
          'GetFlows',
          (request, write, signal, note) => {
            const { states } = overviewOf(note.principal.scope);
            return getFlows({ ...flows, states }, request, write, signal, note);
          },
        ),
        GetAgentEvents: calls.refused('GetAgentEvents'),
        GetDebugEvents: calls.refused('GetDebugEvents'),
        GetNodes: calls.unary('GetNodes', (_request, { principal }) =>
          overviewOf(principal.scope).nodes(),
        ),
        GetNamespaces: calls.unary('GetNamespaces', (_request, { principal }) =>
          overviewOf(principal.scope).namespaces(),
        ),
        ServerStatus: calls.unary('ServerStatus', (_request, { principal }) =>
          overviewOf(principal.scope).status(),
        ),
      },
    );
    server.addService(Peer, {
      Notify: calls.stream<NotifyRequest, ChangeNotification>(
        'Notify',
        (_request, write, signal, { principal }) =>
          this.notify(overviewOf(principal.scope), write, signal),
      ),
    });
    addHealth(server, calls, this.deps);
    for (const { definition, answer } of config.grpc.reflection ? reflectionVersions() : [])
      server.addService(definition, {
        ServerReflectionInfo: calls.conversation('ServerReflectionInfo', answer),
      });
    return server;
  }

  private async notify(
    overview: Overview,
    write: Write<ChangeNotification>,
    signal: AbortSignal,
  ): Promise<void> {
    const { config, clock } = this.deps;
    const changes = peerChanges();
    while (!signal.aborted) {
      const { nodes = [] } = await overview.nodes();
      for (const change of changes(nodes)) await write(change);
      await clock.sleep(Math.max(config.statusCache, PEERS_MS), signal);
    }
  }
}

/** Throws `config/invalid` when the address is in use or not of this host. */
function bind(
  server: GrpcServer,
  address: string,
  credentials: ServerCredentials,
): Promise<number> {
  // An empty host is every interface, as for the HTTP API.
  const target = address.startsWith(':') ? `[::]${address}` : address;
  return new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => {
      if (error === null) resolve(port);
      else
        reject(
          new ParallaxError(
            'config/invalid',
            `api.grpc.listen: cannot listen on ${address} (${error.message}); choose another address or port (0 takes any), or set api.grpc.enabled: false`,
            { cause: error },
          ),
        );
    });
  });
}
