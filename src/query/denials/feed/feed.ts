// The live feed of incident events. Clients with the same scope share one tail of the log and one buffer of its latest
// events, and read it at their own pace; a client further behind reads the store.
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { type IncidentEvent, parseIncidentEvent } from '../../../incident/incident-event.ts';
import { deferred } from '../../../runtime/async.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { Reader } from '../../../store/store.ts';
import type { FeedConfig } from './feed-config.ts';
import { type IncidentLog, incidentLog } from './incident-log.ts';
import { LogTail } from './log-tail.ts';

export interface FeedItem {
  /** Its sequence in the log. */
  readonly id: bigint;
  readonly event: IncidentEvent;
}

export interface FeedSubscription {
  /** Limited to what the client may read. */
  readonly store: Reader;
  /** Equal for clients whose `store` reads the same. */
  readonly scope: string;
  /** Events with a greater sequence; undefined: from now on. */
  readonly after: bigint | undefined;
  readonly wants: (event: IncidentEvent) => boolean;
}

export interface FeedDeps {
  readonly config: FeedConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Aborts when the server stops. */
  readonly stopped: AbortSignal;
}

export interface Feed {
  /** Ends with the signal, or throws what the store throws. */
  follow(subscription: FeedSubscription, signal: AbortSignal): AsyncGenerator<FeedItem>;
}

const PAGE = 500;
/** Other evaluators may write up to 10 s late. */
const LATE = { overlap: 10_000_000n, everyMs: 5000 };

export function createFeed(deps: FeedDeps): Feed {
  return new LogFeed(deps);
}

interface BufferedEvent {
  readonly sequence: bigint;
  readonly key: string;
  readonly event: IncidentEvent | undefined;
}

class LogFeed implements Feed {
  private readonly deps: FeedDeps;
  private readonly groups = new Map<string, Group>();
  private readonly clients: Gauge;

  constructor(deps: FeedDeps) {
    this.deps = deps;
    this.clients = new Gauge({
      name: 'parallax_feed_clients',
      help: 'Clients connected to the incident feed.',
      registers: [deps.registry],
    });
  }

  async *follow(
    { store, scope, after, wants }: FeedSubscription,
    signal: AbortSignal,
  ): AsyncGenerator<FeedItem> {
    const group = this.enter(scope, store);
    try {
      const log = incidentLog(store, { signal });
      const head = await group.started();
      const start = after ?? head;
      let place = start;
      while (!signal.aborted) {
        let at = group.indexAfter(place);
        if (at === undefined) {
          const seen = await group.started();
          const rows = await log.read({ after: place, limit: PAGE, once: true });
          for (const { sequence, document } of rows) {
            place = sequence;
            const event = parseIncidentEvent(document);
            if (event !== undefined && wants(event)) yield { id: place, event };
          }
          if (rows.length === PAGE) continue;
          if (seen > place) place = seen;
          at = group.indexAfter(place);
        }
        // Undefined again once the client fell behind the buffer.
        for (; at !== undefined && !signal.aborted; at = group.buffered(at)) {
          const events = group.from(at);
          at += events.length;
          for (const { sequence, event } of events) {
            if (sequence > place) place = sequence;
            // A client that comes from another server may have seen more than this one has read.
            if (sequence <= start || event === undefined || !wants(event)) continue;
            yield { id: place, event };
          }
          if (events.length === 0) await group.more(at, signal);
        }
      }
    } finally {
      this.leave(scope, group);
    }
  }

  private enter(scope: string, store: Reader): Group {
    const group = this.groups.get(scope) ?? new Group(store, this.deps);
    this.groups.set(scope, group);
    group.clients++;
    this.clients.inc();
    return group;
  }

  private leave(scope: string, group: Group): void {
    this.clients.dec();
    if (--group.clients > 0) return;
    group.stop();
    if (this.groups.get(scope) === group) this.groups.delete(scope);
  }
}

/** The clients of one scope. An index counts the events since the first one that was ever buffered. */
class Group {
  clients = 0;
  private readonly log: IncidentLog;
  private readonly deps: FeedDeps;
  private readonly stopping = new AbortController();
  private readonly signal: AbortSignal;
  private readonly waiting = new Set<() => void>();
  private events: BufferedEvent[] = [];
  /** Index of the first buffered event. */
  private first = 0;
  private readonly keys = new Set<string>();
  private starting: Promise<LogTail> | undefined;
  /** All events with a greater sequence, up to the position of the tail, are buffered. */
  private since = 0n;

  constructor(store: Reader, deps: FeedDeps) {
    this.signal = AbortSignal.any([this.stopping.signal, deps.stopped]);
    this.log = incidentLog(store, { signal: this.signal, own: true });
    this.deps = deps;
  }

  stop(): void {
    this.stopping.abort();
  }

  /** The position in the log; the first call starts reading it. */
  async started(): Promise<bigint> {
    this.starting ??= this.start();
    return (await this.starting).position;
  }

  /** The index of the first event after a row of the log; undefined when the buffer lacks some. */
  indexAfter(sequence: bigint): number | undefined {
    if (sequence < this.since) return undefined;
    const index = this.events.findIndex((each) => each.sequence > sequence);
    return this.first + (index === -1 ? this.events.length : index);
  }

  /** The index, while it is in the buffer. */
  buffered(at: number): number | undefined {
    return at >= this.first ? at : undefined;
  }

  from(at: number): readonly BufferedEvent[] {
    return this.events.slice(at - this.first);
  }

  /** Waits for an event at the index, or for the signal. */
  async more(at: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.first + this.events.length > at) return;
    const { promise, resolve } = deferred<void>();
    const wake = () => resolve();
    this.waiting.add(wake);
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    this.waiting.delete(wake);
  }

  private async start(): Promise<LogTail> {
    try {
      this.since = await this.log.last();
    } catch (error) {
      this.starting = undefined;
      throw error;
    }
    const tail = new LogTail(this.log, this.deps.clock, this.since, LATE);
    void this.run(tail);
    return tail;
  }

  private async run(tail: LogTail): Promise<void> {
    const { signal } = this;
    const { clock, config, logger } = this.deps;
    while (!signal.aborted) {
      try {
        while (await this.read(tail));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'incident log unavailable');
      }
      await clock.sleep(config.poll, signal);
    }
  }

  /** True when there may be more at once. */
  private async read(tail: LogTail): Promise<boolean> {
    // Rows that another evaluator wrote late count as new: no client had them.
    const late = await tail.late(PAGE, this.since);
    const rows = await tail.next(PAGE);
    const fresh = [...late, ...rows].filter(({ key }) => !this.keys.has(key));
    for (const { sequence, key, document } of fresh) {
      this.keys.add(key);
      this.events.push({ sequence, key, event: parseIncidentEvent(document) });
    }
    this.trim();
    if (fresh.length > 0) for (const wake of this.waiting) wake();
    return rows.length === PAGE;
  }

  private trim(): void {
    const extra = this.events.length - this.deps.config.recent;
    if (extra <= 0) return;
    for (const { key, sequence } of this.events.splice(0, extra)) {
      this.keys.delete(key);
      if (sequence > this.since) this.since = sequence;
    }
    this.first += extra;
  }
}
