// Live streams: what the bus carries, decoded once for all clients, filtered for each, and bounded for each. A client
// that reads too slowly is told how much it missed, and never makes the others wait.
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Bus, BusRecord } from '../bus/bus.ts';
import { decodeFlowBatch, type FlowBatch } from '../hubble/batch.ts';
import { decode } from '../hubble/codec.ts';
import { compilePredicate, type Predicate } from '../hubble/filter/predicate.ts';
import { type FlowFilter, GetFlowsResponse, LostEventSource } from '../hubble/schema.gen.ts';
import { fromNanos } from '../hubble/timestamp.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Component, Health } from '../runtime/component.ts';
import type { ApiConfig } from './config.ts';
import { LiveClient } from './live-client.ts';
import { type LiveMetrics, liveMetrics } from './metrics.ts';

export interface LiveDeps {
  readonly config: ApiConfig['live'];
  readonly bus: Bus;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
}

export interface LiveFlows extends Component {
  /**
   * New responses that pass the lists, from now on, until `signal` aborts or the component stops. Lost events and node
   * status pass every filter. Throws `input/invalid` at once for filters that cannot be understood.
   */
  follow(
    whitelist: readonly FlowFilter[],
    blacklist: readonly FlowFilter[],
    signal: AbortSignal,
  ): AsyncIterable<GetFlowsResponse>;
}

/** Responses looked at, or milliseconds spent on them, before others get a turn on the event loop. */
const TURN = 500;
const TURN_MS = 20;

export function createLiveFlows(deps: LiveDeps): LiveFlows {
  return new Live(deps);
}

class Live implements LiveFlows {
  readonly name = 'live flows';
  private readonly deps: LiveDeps;
  private readonly metrics: LiveMetrics;
  private readonly clients = new Set<{ readonly wants: Predicate; readonly client: LiveClient }>();
  private readonly pending: Buffer[] = [];
  private pendingBytes = 0;
  private working = false;
  private tail: Component | undefined;
  private lingering: NodeJS.Timeout | undefined;
  private readonly stopped = new AbortController();

  constructor(deps: LiveDeps) {
    this.deps = deps;
    this.metrics = liveMetrics(deps.registry);
  }

  async start(): Promise<void> {}

  async stop(limit: AbortSignal): Promise<void> {
    this.stopped.abort();
    clearTimeout(this.lingering);
    for (const { client } of this.clients) client.end();
    await this.tail?.stop(limit);
    this.tail = undefined;
  }

  health(): Health {
    return this.tail?.health() ?? { state: 'ok' };
  }

  follow(
    whitelist: readonly FlowFilter[],
    blacklist: readonly FlowFilter[],
    signal: AbortSignal,
  ): AsyncIterable<GetFlowsResponse> {
    const predicate = compilePredicate(whitelist, blacklist, () => this.metrics.unjudged.inc());
    const wants: Predicate = (response) => response.flow === undefined || predicate(response);
    const client = new LiveClient(this.deps.config.queue, (count) => this.lostNotice(count));
    const entry = { wants, client };
    this.clients.add(entry);
    this.metrics.clients.set(this.clients.size);
    this.open();
    if (this.stopped.signal.aborted) client.end();
    signal.addEventListener('abort', () => client.end(), { once: true });
    if (signal.aborted) client.end();
    const leave = () => this.leave(entry);
    return {
      async *[Symbol.asyncIterator]() {
        try {
          yield* client.responses();
        } finally {
          leave();
        }
      },
    };
  }

  private leave(entry: { readonly wants: Predicate; readonly client: LiveClient }): void {
    this.clients.delete(entry);
    this.metrics.clients.set(this.clients.size);
    if (this.clients.size > 0 || this.stopped.signal.aborted) return;
    // Joining the bus takes a while: the next client often comes soon.
    clearTimeout(this.lingering);
    this.lingering = setTimeout(() => this.close(), this.deps.config.linger).unref();
  }

  private open(): void {
    clearTimeout(this.lingering);
    if (this.tail !== undefined || this.stopped.signal.aborted) return;
    const tail = this.deps.bus.tail((record) => this.take(record));
    this.tail = tail;
    tail.start(this.stopped.signal).catch((error: unknown) => {
      this.deps.logger.error({ err: error }, 'live stream could not join the bus');
      if (this.tail === tail) this.tail = undefined;
      for (const { client } of this.clients) client.fail(error);
    });
  }

  private close(): void {
    const { tail } = this;
    if (tail === undefined || this.clients.size > 0) return;
    this.tail = undefined;
    tail.stop(AbortSignal.timeout(5000)).catch((error: unknown) => {
      this.deps.logger.warn({ err: error }, 'live stream did not leave the bus cleanly');
    });
  }

  /** Called by the bus for each record: keeps it for the worker, or counts it as missed. */
  private take(record: BusRecord): void {
    if (this.clients.size === 0) return;
    const { length } = record.value;
    if (this.pendingBytes > 0 && this.pendingBytes + length > this.deps.config.pending) {
      this.miss(record.value);
      return;
    }
    this.pending.push(record.value);
    this.pendingBytes += length;
    this.metrics.queued.set(this.pendingBytes);
    if (this.working) return;
    this.working = true;
    setImmediate(() => void this.work());
  }

  private async work(): Promise<void> {
    for (let value = this.pending.shift(); value !== undefined; value = this.pending.shift()) {
      const batch = this.read(value);
      for (let from = 0; batch !== undefined && from < batch.header.count; ) {
        from = this.hand(batch, from, Math.min(from + TURN, batch.header.count));
        await new Promise((resolve) => setImmediate(resolve));
      }
      this.pendingBytes -= value.length;
      this.metrics.queued.set(this.pendingBytes);
    }
    this.working = false;
  }

  /** Hands on the responses from one to another, or as many as fit a turn; returns where to go on. */
  private hand(batch: FlowBatch, from: number, to: number): number {
    const end = performance.now() + TURN_MS;
    for (let i = from; i < to; i++) {
      // An expression of a client may take milliseconds for a flow.
      if (i > from && performance.now() > end) return i;
      let response: GetFlowsResponse;
      try {
        response = decode(GetFlowsResponse, batch.bytes.subarray(batch.starts[i], batch.ends[i]));
      } catch {
        // The writer sends it to the dead letters; here it is only not shown.
        this.metrics.malformed.inc();
        continue;
      }
      this.metrics.responses.inc();
      for (const { wants, client } of this.clients) {
        if (wants(response) && !client.offer(response))
          this.metrics.dropped.inc({ cause: 'client' });
      }
    }
    return to;
  }

  private read(value: Buffer): FlowBatch | undefined {
    try {
      return decodeFlowBatch(value);
    } catch {
      this.metrics.malformed.inc();
      return undefined;
    }
  }

  private miss(value: Buffer): void {
    const count = this.read(value)?.header.count ?? 0;
    this.metrics.dropped.inc({ cause: 'all' }, count);
    for (const { client } of this.clients) client.missed(count);
  }

  /** Hubble's own way to say that something is missing. */
  private lostNotice(count: number): GetFlowsResponse {
    const time = fromNanos(BigInt(this.deps.clock.now()) * 1_000_000n);
    return {
      lost_events: {
        source: LostEventSource.numbers.OBSERVER_EVENTS_QUEUE,
        num_events_lost: BigInt(count),
      },
      node_name: 'parallax',
      time,
    };
  }
}
