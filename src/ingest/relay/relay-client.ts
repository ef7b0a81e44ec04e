// Hubble's calls to one relay: the flow stream as bytes, status, nodes and health, over a connection of its own. All
// failures come out as RelayError.
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import {
  type GetFlowsRequest,
  HealthCheckResponseServingStatus,
  type Node,
  type ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';
import {
  Health,
  type Method,
  OBSERVER_HEALTH_SERVICE,
  Observer,
} from '../../hubble/proto/services.ts';
import type { ClusterConfig, CollectorConfig, RelayTlsConfig } from '../config.ts';
import { parseRelayAddress } from './address.ts';
import { type MessageSink, MessageSplitter } from './framing.ts';
import { GrpcConnection, GrpcStatus, type GrpcStream } from './grpc-connection.ts';
import { RelayError, type RelayPlace, relayError } from './relay-errors.ts';

export interface RelayClientOptions {
  readonly cluster: Pick<ClusterConfig, 'name' | 'relay' | 'tls' | 'nodes'>;
  readonly config: Pick<
    CollectorConfig,
    'window' | 'connectTimeout' | 'callTimeout' | 'maxResponse'
  >;
}

export interface RelayConnection {
  /** Flows from `sinceMs` on, and all to come, of the nodes whose names match; by default the configured ones. */
  getFlows(sinceMs: number, sink: MessageSink, nodes?: readonly string[]): GrpcStream;
  serverStatus(): Promise<ServerStatusResponse>;
  getNodes(limitMs?: number): Promise<Node[]>;
  /** False when the relay says it does not serve. Any answer is a sign of life, so a relay without the service is fine. */
  healthy(): Promise<boolean>;
  /** Resolves when the relay asks its clients to leave. */
  readonly goaway: Promise<void>;
  readonly closed: Promise<void>;
  destroy(): void;
}

const USER_AGENT = 'hubble-parallax';

export class RelayClient {
  private readonly options: RelayClientOptions;
  private readonly host: string;
  private readonly port: number;
  readonly place: RelayPlace;

  /** Throws `relay/refused` on an address that the configuration would have refused. */
  constructor(options: RelayClientOptions) {
    const { name, relay, tls } = options.cluster;
    const address = parseRelayAddress(relay);
    if (typeof address === 'string') throw new RelayError('config/invalid', 'connect', address);
    this.options = options;
    this.host = address.host;
    this.port = address.port;
    this.place = {
      cluster: name,
      address: relay,
      tls: address.tls || tls !== undefined,
      serverName: tls?.serverName ?? address.host,
    };
  }

  /** Connects, reading the TLS files again so that renewed certificates are used. */
  async connect(signal: AbortSignal): Promise<RelayConnection> {
    const { place, host, port } = this;
    const { config, cluster } = this.options;
    const { callTimeout } = config;
    const connection = await this.classified(async () => {
      const tls = place.tls ? await tlsOptions(cluster.tls) : undefined;
      const target = { host, port, tls, windowBytes: config.window, userAgent: USER_AGENT };
      return GrpcConnection.open(target, config.connectTimeout, signal);
    });

    const call = <Request extends object, Response extends object>(
      method: Method<Request, Response>,
      request: NoInfer<Request>,
      limitMs = callTimeout,
    ) =>
      this.classified(async () => {
        const bytes = method.requestSerialize(request);
        return method.responseDeserialize(await connection.unary(method.path, bytes, limitMs));
      });

    return {
      getFlows: (sinceMs, sink, nodes = cluster.nodes) => {
        const splitter = new MessageSplitter(sink, config.maxResponse);
        const request = Observer.GetFlows.requestSerialize(flowsRequest(sinceMs, nodes));
        const stream = connection.stream(Observer.GetFlows.path, request, (chunk) =>
          splitter.push(chunk),
        );
        const ended = this.classified(() => stream.ended);
        ended.catch(() => undefined);
        return {
          ended,
          pause: () => stream.pause(),
          resume: () => stream.resume(),
          cancel: () => stream.cancel(),
        };
      },
      serverStatus: () => call(Observer.ServerStatus, {}),
      getNodes: async (limitMs) => (await call(Observer.GetNodes, {}, limitMs)).nodes ?? [],
      healthy: async () => {
        try {
          const { status } = await call(Health.Check, { service: OBSERVER_HEALTH_SERVICE });
          return status === HealthCheckResponseServingStatus.numbers.SERVING;
        } catch (error) {
          // Answered all the same: unknown service, or no health service at all.
          const cause = error instanceof Error ? error.cause : undefined;
          if (cause instanceof GrpcStatus && (cause.status === 5 || cause.status === 12))
            return true;
          throw error;
        }
      },
      goaway: connection.goaway,
      closed: connection.closed,
      destroy: () => connection.destroy(),
    };
  }

  private async classified<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw relayError(this.place, error);
    }
  }
}

function flowsRequest(sinceMs: number, nodes: readonly string[]): GetFlowsRequest {
  const seconds = Math.floor(sinceMs / 1000);
  const nanos = Math.floor((sinceMs - seconds * 1000) * 1e6);
  return {
    follow: true,
    since: { seconds: BigInt(seconds), nanos },
    ...(nodes.length > 0 ? { whitelist: [{ node_name: [...nodes] }] } : {}),
  };
}

async function tlsOptions(tls: RelayTlsConfig | undefined): Promise<ConnectionOptions> {
  if (tls === undefined) return {};
  const [ca, cert, key] = await Promise.all([file(tls.ca), file(tls.cert), file(tls.key)]);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
    ...(tls.insecureSkipVerify && { rejectUnauthorized: false }),
  };
}

function file(path: string | undefined): Promise<Buffer> | undefined {
  return path === undefined ? undefined : readFile(path);
}
