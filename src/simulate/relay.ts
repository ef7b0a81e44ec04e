// A simulated Hubble Relay: gRPC server, node rings, injected faults. Scenarios emit flows into the rings.
import type { Logger } from 'pino';
import { decode } from '../hubble/proto/codec.ts';
import * as hubble from '../hubble/proto/schema.gen.ts';
import {
  Health as HealthService,
  OBSERVER_HEALTH_SERVICE,
  Observer,
} from '../hubble/proto/services.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Component, Health } from '../runtime/component.ts';
import type { Fault } from './fault.ts';
import { Follower, lostEvent } from './follower.ts';
import { framed } from './framing.ts';
import { type Call, GrpcServer, type Handler, STATUS, type TlsFiles } from './grpc.ts';
import type { Ledger } from './ledger.ts';
import { malformedMessage } from './malformed.ts';
import { RefusedRequest, readFlowsRequest } from './request.ts';
import { ChunkPool, NodeRing } from './ring.ts';
import { namespacesResponse, nodesConnected, nodesResponse, serverStatus } from './status.ts';

/** Bytes handed to a client's stream at once; the next follow when its flow control has taken them. */
const WRITE_BYTES = 512 * 1024;
const { PERF_EVENT_RING_BUFFER } = hubble.LostEventSource.numbers;

export interface RelayOptions {
  /** The cluster's name. */
  readonly name: string;
  /** Node names as flows carry them, `cluster/node`. */
  readonly nodes: readonly string[];
  /** Events a node's ring holds. */
  readonly ring: number;
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  /** Hubble version reported to clients, such as `1.19.4`. */
  readonly version: string;
  readonly namespaces: readonly string[];
  readonly tls?: TlsFiles | undefined;
}

export interface RelayDeps {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly ledger?: Ledger | undefined;
}

interface Subscription {
  readonly call: Call;
  readonly follower: Follower;
  readonly untilMs: number | undefined;
  writing: boolean;
  /** With disorder, events are read in rounds; the next is then. */
  roundMs: number;
}

export interface RelayStats {
  readonly followers: number;
  /** GetFlows calls since the start. */
  readonly calls: number;
  /** Events that came to the rings. */
  readonly seen: number;
  /** Events handed to clients, replays counted again. */
  readonly written: number;
  /** Events reported to clients as lost because the ring overwrote them. */
  readonly lost: number;
}

export class SimulatedRelay implements Component {
  readonly name: string;
  readonly options: RelayOptions;
  rings: readonly NodeRing[];
  /** False while its nodes are down: nothing is to be emitted then. */
  observing = true;
  private readonly deps: RelayDeps;
  private readonly subscriptions = new Set<Subscription>();
  private readonly pool: ChunkPool;
  private readonly timers = new Set<NodeJS.Timeout>();
  private server: GrpcServer | undefined;
  private port: number;
  private startedMs = 0;
  private stalledUntilMs = 0;
  private disorderMs = 0;
  private stopped = false;
  private calls = 0;
  private writtenEvents = 0;
  private lostEvents = 0;

  constructor(options: RelayOptions, deps: RelayDeps) {
    this.name = options.name;
    this.options = options;
    this.deps = deps;
    this.port = options.port;
    const pool = new ChunkPool();
    this.pool = pool;
    this.rings = options.nodes.map((node) => new NodeRing(node, options.ring, pool, deps.ledger));
  }

  /** `host:port` once started. */
  get address(): string {
    const { host } = this.options;
    return `${host.includes(':') ? `[${host}]` : host}:${this.port}`;
  }

  async start(_signal: AbortSignal): Promise<void> {
    this.startedMs = this.deps.clock.now();
    await this.open();
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    const server = this.server;
    this.server = undefined;
    for (const { call } of this.subscriptions) call.end(STATUS.unavailable, 'relay is stopping');
    await server?.close(limit);
  }

  health(): Health {
    return this.server ? { state: 'ok' } : { state: 'degraded', reason: 'the relay is down' };
  }

  stats(): RelayStats {
    let seen = 0;
    for (const ring of this.rings) seen += ring.seen;
    return {
      followers: this.subscriptions.size,
      calls: this.calls,
      seen,
      written: this.writtenEvents,
      lost: this.lostEvents,
    };
  }

  /** Puts one framed GetFlowsResponse into a node's ring; `flush` sends it. `uuidAt` is -1 without a uuid. */
  emit(node: number, framed: Buffer, timeMs: number, uuidAt: number, odd = false): void {
    const ring = this.rings[node];
    if (!ring || !this.observing) return;
    const chunk = ring.reserve(framed.length);
    framed.copy(chunk.buffer, chunk.end);
    ring.commit(chunk, framed.length, timeMs, uuidAt < 0 ? -1 : chunk.end + uuidAt, odd);
  }

  /** Sends new events to every reader. */
  flush(): void {
    for (const subscription of this.subscriptions) this.pump(subscription);
  }

  /** Serves the nodes of another relay as well, as in a ClusterMesh; before `start` only. */
  share(rings: readonly NodeRing[]): void {
    this.rings = [...this.rings, ...rings];
  }

  /** Injects a fault, now. */
  fault(fault: Fault): void {
    this.deps.logger.info({ relay: this.name, fault }, 'simulated fault');
    const now = this.deps.clock.now();
    switch (fault.kind) {
      case 'drop':
        this.server?.cut();
        break;
      case 'stall':
        this.stalledUntilMs = now + fault.ms;
        this.later(fault.ms + 1, () => this.flush());
        break;
      case 'error':
        this.endAll(fault.status, fault.message);
        break;
      case 'eof':
        this.endAll(STATUS.ok, '');
        break;
      case 'restart':
        this.restart(fault.ms, fault.lost);
        break;
      case 'lost':
        this.inject(
          lostEvent(this.rings[0]?.name ?? '', fault.count, PERF_EVENT_RING_BUFFER, now, now, 1),
        );
        break;
      case 'silent':
        for (const { follower } of this.subscriptions) follower.silence(fault.node);
        break;
      case 'replay':
        for (const { follower } of this.subscriptions) follower.replay(fault.node);
        break;
      case 'disorder':
        this.disorderMs = fault.ms;
        break;
      case 'malformed': {
        const odd = malformedMessage(fault.how, this.options, now, fault.bytes);
        if (odd.uuidAt < 0) this.inject(odd.framed);
        else this.emit(0, odd.framed, now, odd.uuidAt, true);
        break;
      }
      default:
        fault satisfies never;
    }
    this.flush();
  }

  private async open(): Promise<void> {
    const { host, version, tls } = this.options;
    const server = new GrpcServer({
      handlers: this.handlers(),
      headers: { 'hubble-relay-version': version },
      tls,
    });
    this.port = await server.listen(host, this.port);
    if (this.stopped) await server.close();
    else this.server = server;
  }

  private restart(ms: number, lost: boolean): void {
    const server = this.server;
    if (!server) return;
    this.server = undefined;
    const closed = server.close();
    if (lost) {
      this.observing = false;
      for (const ring of this.rings) ring.clear();
      this.startedMs = this.deps.clock.now() + ms;
    }
    this.later(ms, () => {
      this.observing = true;
      closed
        .then(() => this.open())
        .catch((err: unknown) => {
          this.deps.logger.error({ err, relay: this.name }, 'simulated relay did not come back');
        });
    });
  }

  private later(ms: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      run();
    }, ms);
    this.timers.add(timer);
  }

  private endAll(status: number, message: string): void {
    for (const { call } of this.subscriptions) call.end(status, message);
  }

  /** Sends a message to every reader, past the rings. */
  private inject(framed: Buffer): void {
    for (const { call } of this.subscriptions) call.write([framed], () => {});
  }

  private handlers(): ReadonlyMap<string, Handler> {
    const unary =
      (answer: () => Buffer): Handler =>
      (_request, call) => {
        call.write([answer()], () => {});
        call.end(STATUS.ok);
      };
    const refused: Handler = (_request, call) =>
      call.end(STATUS.unimplemented, `not implemented by the relay: ${call.path}`);
    return new Map<string, Handler>([
      [Observer.GetFlows.path, (request, call) => this.getFlows(request, call)],
      [Observer.GetAgentEvents.path, refused],
      [Observer.GetDebugEvents.path, refused],
      [Observer.ServerStatus.path, unary(() => serverStatus(this.view()))],
      [Observer.GetNodes.path, unary(() => nodesResponse(this.view()))],
      [Observer.GetNamespaces.path, unary(() => namespacesResponse(this.view()))],
      [HealthService.Check.path, (request, call) => checkHealth(request, call, false)],
      [HealthService.Watch.path, (request, call) => checkHealth(request, call, true)],
    ]);
  }

  private view() {
    const { options, rings, startedMs, address } = this;
    return { ...options, rings, address, uptimeMs: this.deps.clock.now() - startedMs };
  }

  private getFlows(request: Buffer, call: Call): void {
    this.calls++;
    const now = this.deps.clock.now();
    try {
      const wanted = readFlowsRequest(request);
      const follower = new Follower(wanted, this.rings, now);
      const subscription = { call, follower, untilMs: wanted.untilMs, writing: false, roundMs: 0 };
      this.subscriptions.add(subscription);
      call.onceEnded(() => this.subscriptions.delete(subscription));
      const names = this.rings.map((ring) => ring.name);
      call.write([nodesConnected(names, now, this.options.name)], () => {});
      this.pump(subscription);
    } catch (error) {
      if (!(error instanceof RefusedRequest)) throw error;
      call.end(error.status, error.message);
    }
  }

  private pump(subscription: Subscription): void {
    const { call, follower } = subscription;
    if (subscription.writing || call.ended) return;
    const now = this.deps.clock.now();
    if (now < this.stalledUntilMs) return;
    if (this.disorderMs > 0) {
      if (now < subscription.roundMs) return;
      subscription.roundMs = now + this.disorderMs;
      this.later(this.disorderMs + 1, () => this.pump(subscription));
    }
    const pull = follower.pull(WRITE_BYTES, this.disorderMs);
    if (!pull) {
      const over = subscription.untilMs !== undefined && now > subscription.untilMs;
      if (over || follower.finished) call.end(STATUS.ok);
      return;
    }
    this.writtenEvents += pull.events;
    this.lostEvents += pull.lost;
    subscription.writing = true;
    call.write(pull.buffers, () => {
      for (const chunk of pull.pins) this.pool.release(chunk);
      subscription.writing = false;
      this.pump(subscription);
    });
  }
}

function checkHealth(request: Buffer, call: Call, watch: boolean): void {
  const { service = '' } = decode(hubble.HealthCheckRequest, request);
  const known = ['', OBSERVER_HEALTH_SERVICE, 'observer.Observer'].includes(service);
  if (!known && !watch) {
    call.end(STATUS.notFound, `unknown service "${service}"`);
    return;
  }
  const { SERVING, SERVICE_UNKNOWN } = hubble.HealthCheckResponseServingStatus.numbers;
  const status = known ? SERVING : SERVICE_UNKNOWN;
  call.write([framed(hubble.HealthCheckResponse, { status })], () => {});
  if (!watch) call.end(STATUS.ok);
}
