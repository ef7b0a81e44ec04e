// Live streams: each bus record is decoded once, each distinct filter evaluated once, and each client has a bounded
// queue. A client that reads too slowly gets a lost-events notice and never delays the others.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Bus, BusRecord } from '../../bus/bus.ts';
import { compilePredicate, type Predicate } from '../../hubble/filter/predicate.ts';
import { toJson } from '../../hubble/json/json.ts';
import { decodeFlowBatch, type FlowBatch } from '../../hubble/proto/batch.ts';
import { decode } from '../../hubble/proto/codec.ts';
import { LazyResponse } from '../../hubble/proto/lazy.ts';
import { FlowFilter, GetFlowsResponse, LostEventSource } from '../../hubble/proto/schema.gen.ts';
import { fromNanos } from '../../hubble/proto/timestamp.ts';
import { aborted } from '../../runtime/async.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { msToNs } from '../../runtime/time.ts';
import { inScope, type Scope, scopeKey } from '../read/scope.ts';
import type { LiveConfig } from './config.ts';
import { EncodedResponse } from './encoded-response.ts';
import { LiveClient } from './live-client.ts';
import { type LiveMetrics, liveMetrics } from './metrics.ts';

export interface LiveDeps {
  readonly config: LiveConfig;
  readonly bus: Pick<Bus, 'tail'>;
  /** Resolves once all that was published before the call is stored, or when the signal aborts. */
  readonly stored?: (signal: AbortSignal) => Promise<void>;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
}

export interface LiveStream extends AsyncIterable<EncodedResponse> {
  /**
   * Resolves once whatever this stream does not see is in the store: true; false when that took too long, so that
   * what was on its way to the store may be missing from an answer that goes on from history.
   */
  waitUntilStored(): Promise<boolean>;
  /** While history is read more may wait than for a client that is merely slow. */
  setPatient(patient: boolean): void;
  /** After a loss that the client has not seen yet: drops the queue to start over and returns true. */
  restart(): boolean;
}

export interface LiveFlows extends Component {
  /**
   * New responses that pass the lists and are in the scope, from now on, until `signal` aborts or the component stops.
   * Lost events and node status pass every filter. Throws `input/invalid` at once for filters that cannot be understood.
   */
  follow(
    whitelist: readonly FlowFilter[],
    blacklist: readonly FlowFilter[],
    signal: AbortSignal,
    scope?: Scope,
  ): LiveStream;
}

interface Group {
  readonly wants: Predicate;
  /** Whether its clients may see what a cluster observed. */
  readonly allowed: (cluster: string, response: GetFlowsResponse) => boolean;
  readonly clients: Set<LiveClient>;
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
  /** Clients by filters and scope: each group's filter is evaluated once. */
  private readonly groups = new Map<string, Group>();
  private readonly lazy = new LazyResponse();
  private heldBytes = 0;
  private clientCount = 0;
  private readonly pending: Buffer[] = [];
  private pendingBytes = 0;
  private working = false;
  private tail: Component | undefined;
  /** Resolves once the tail sees what is published. */
  private joined: Promise<void> = Promise.resolve();
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
    for (const client of this.everybody()) client.end();
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
    scope?: Scope,
  ): LiveStream {
    const filters = JSON.stringify([whitelist, blacklist].map((list) => list.map(filterJson)));
    const key = filters + scopeKey(scope);
    const group =
      this.groups.get(key) ??
      groupOf(
        compilePredicate(whitelist, blacklist, { failed: () => this.metrics.celFailures.inc() }),
        inScope(scope),
      );
    const { config } = this.deps;
    const limits = {
      ...config,
      // Those below their share always may, so that one that reads nothing takes nothing from the others.
      full: (held: number) =>
        this.heldBytes >= config.memory && held * this.clientCount >= config.memory,
      held: (bytes: number) => {
        this.heldBytes += bytes;
      },
    };
    const client = new LiveClient(limits, (count) => this.lostNotice(count));
    group.clients.add(client);
    this.groups.set(key, group);
    this.count(1);
    this.open();
    if (this.stopped.signal.aborted) client.end();
    const end = () => client.end();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) client.end();
    const leave = () => {
      if (!group.clients.delete(client)) return;
      signal.removeEventListener('abort', end);
      client.end();
      if (group.clients.size === 0) this.groups.delete(key);
      this.count(-1);
      this.linger();
    };
    return {
      setPatient: (value) => {
        client.patient = value;
      },
      restart: () => client.restart(),
      waitUntilStored: () => this.waitUntilStored(AbortSignal.any([signal, this.stopped.signal])),
      [Symbol.asyncIterator]: () => leaving(client.responses(), leave),
    };
  }

  private async waitUntilStored(over: AbortSignal): Promise<boolean> {
    const { stored, config, clock, logger } = this.deps;
    await Promise.race([this.joined, aborted(over)]);
    if (stored === undefined) return true;
    const done = new AbortController();
    const waiting = AbortSignal.any([over, done.signal]);
    const all = stored(waiting).then(
      () => true,
      (error: unknown) => {
        logger.warn({ err: error }, 'waiting for the store failed');
        return false;
      },
    );
    const late = clock.sleep(config.storeLag, waiting).then(() => over.aborted);
    const complete = await Promise.race([all, late]);
    done.abort();
    if (!complete) this.metrics.incompleteStarts.inc();
    return complete;
  }

  private *everybody(): Generator<LiveClient> {
    for (const { clients } of this.groups.values()) yield* clients;
  }

  private count(change: number): void {
    this.clientCount += change;
    this.metrics.clients.set(this.clientCount);
  }

  private linger(): void {
    if (this.clientCount > 0 || this.stopped.signal.aborted) return;
    // Joining the bus takes a while: the next client often comes soon.
    clearTimeout(this.lingering);
    this.lingering = setTimeout(() => this.close(), this.deps.config.linger).unref();
  }

  private open(): void {
    clearTimeout(this.lingering);
    if (this.tail !== undefined || this.stopped.signal.aborted) return;
    const tail = this.deps.bus.tail((record) => this.take(record));
    this.tail = tail;
    this.joined = tail.start(this.stopped.signal).catch((error: unknown) => {
      this.deps.logger.error({ err: error }, 'live stream could not join the bus');
      if (this.tail === tail) this.tail = undefined;
      for (const client of this.everybody()) client.fail(error);
    });
  }

  private close(): void {
    const { tail } = this;
    if (tail === undefined || this.clientCount > 0) return;
    this.tail = undefined;
    tail.stop(AbortSignal.timeout(5000)).catch((error: unknown) => {
      this.deps.logger.warn({ err: error }, 'live stream did not leave the bus cleanly');
    });
  }

  /** Called by the bus for each record: keeps it for the worker, or counts it as missed. */
  private take(record: BusRecord): void {
    if (this.clientCount === 0) return;
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
    this.metrics.held.set(this.heldBytes);
    for (let i = from; i < to; i++) {
      // There may be many filters to try, and an expression of a client may take milliseconds for a flow.
      if (i > from && performance.now() > end) return i;
      this.metrics.responses.inc();
      const bytes = batch.bytes.subarray(batch.starts[i], batch.ends[i]);
      try {
        this.offer(this.lazy.read(bytes), bytes, batch.header.cluster);
      } catch {
        // The writer sends it to the dead letters; here it is only not shown.
        this.metrics.malformed.inc();
      }
    }
    return to;
  }

  private offer(response: GetFlowsResponse, bytes: Buffer, cluster: string): void {
    let item: EncodedResponse | undefined;
    for (const { wants, allowed, clients } of this.groups.values()) {
      if (!allowed(cluster, response)) continue;
      if (response.flow !== undefined && !wants(response)) continue;
      item ??= EncodedResponse.ofBytes(wholly(bytes), response.flow);
      for (const client of clients)
        if (!client.offer(item))
          this.metrics.dropped.inc({ cause: client.patient ? 'joining' : 'client' });
    }
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
    for (const client of this.everybody()) client.missed(count);
  }

  /** Hubble's own way to say that something is missing. */
  private lostNotice(count: number): EncodedResponse {
    const time = fromNanos(msToNs(this.deps.clock.now()));
    return EncodedResponse.of({
      lost_events: {
        source: LostEventSource.numbers.OBSERVER_EVENTS_QUEUE,
        num_events_lost: BigInt(count),
      },
      node_name: 'parallax',
      time,
    });
  }
}

/** A copy, so that a queued response does not keep its batch in memory. Throws when the bytes are no response. */
function wholly(bytes: Buffer): Buffer {
  decode(GetFlowsResponse, bytes);
  return Buffer.from(bytes);
}

/** Not a generator: `return` before the first `next` would skip its finally block. */
function leaving(
  responses: AsyncGenerator<EncodedResponse>,
  leave: () => void,
): AsyncIterator<EncodedResponse> {
  return {
    async next() {
      let next: IteratorResult<EncodedResponse> | undefined;
      try {
        next = await responses.next();
        return next;
      } finally {
        if (next === undefined || next.done) leave();
      }
    },
    return() {
      leave();
      return responses.return(undefined);
    },
  };
}

function groupOf(wants: Predicate, allowed: Group['allowed']): Group {
  return { wants, allowed, clients: new Set() };
}

function filterJson(filter: FlowFilter): object {
  return toJson(FlowFilter, filter);
}
