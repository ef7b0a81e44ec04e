// Who follows incidents: the log is looked at once for all who may read the same, its latest events are held once, and
// each client takes them at its own pace. One further behind reads the store, so none makes the server hold more.
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { type IncidentEvent, parseIncidentEvent } from '../../../incident/incident-event.ts';
import { deferred } from '../../../runtime/async.ts';
import type { Clock } from '../../../runtime/clock.ts';
import type { QueryOptions, Reader } from '../../../store/store.ts';
import type { FeedConfig } from './feed-config.ts';
import { type IncidentLogRow, lastSequence, readIncidentLog } from './incident-log.ts';

export interface FeedItem {
  /** Its place in the log. */
  readonly id: bigint;
  readonly event: IncidentEvent;
}

export interface FeedQuestion {
  /** Reads as who asks may. */
  readonly store: Reader;
  /** The same for all whose `store` reads the same. */
  readonly scope: string;
  /** Behind this place of the log; undefined is from now on. */
  readonly after: bigint | undefined;
  readonly wants: (event: IncidentEvent) => boolean;
}

export interface FeedDeps {
  readonly config: FeedConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Of the server. */
  readonly stopped: AbortSignal;
}

export interface Feed {
  /** Ends with the signal, or throws what the store throws. */
  follow(question: FeedQuestion, signal: AbortSignal): AsyncGenerator<FeedItem>;
}

const PAGE = 500;
/** Rows of another evaluator may come this much behind: microseconds, as sequences count. */
const OVERLAP = 10_000_000n;
const LATE_MS = 5000;

export function createFeed(deps: FeedDeps): Feed {
  return new LogFeed(deps);
}

interface Held {
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
      help: 'Clients that follow incidents.',
      registers: [deps.registry],
    });
  }

  async *follow(
    { store, scope, after, wants }: FeedQuestion,
    signal: AbortSignal,
  ): AsyncGenerator<FeedItem> {
    const group = this.enter(scope, store);
    try {
      const head = await group.begun();
      const start = after ?? head;
      let place = start;
      while (!signal.aborted) {
        let at = group.placeOf(place);
        if (at === undefined) {
          const seen = await group.begun();
          const page = { after: place, limit: PAGE, once: true };
          const rows = await readIncidentLog(store, page, { signal });
          for (const { sequence, document } of rows) {
            place = sequence;
            const event = parseIncidentEvent(document);
            if (event !== undefined && wants(event)) yield { id: place, event };
          }
          if (rows.length === PAGE) continue;
          if (seen > place) place = seen;
          at = group.placeOf(place);
        }
        // Undefined again once it fell behind what is held.
        for (; at !== undefined && !signal.aborted; at = group.still(at)) {
          const held = group.from(at);
          at += held.length;
          for (const { sequence, event } of held) {
            if (sequence > place) place = sequence;
            // Another server had come further than this one when the client was there.
            if (sequence <= start || event === undefined || !wants(event)) continue;
            yield { id: place, event };
          }
          if (held.length === 0) await group.more(at, signal);
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
    group.end();
    if (this.groups.get(scope) === group) this.groups.delete(scope);
  }
}

/** Those who may read the same. Places are counted from the first event that was ever held. */
class Group {
  clients = 0;
  private readonly store: Reader;
  private readonly deps: FeedDeps;
  private readonly over = new AbortController();
  private readonly waiting = new Set<() => void>();
  private held: Held[] = [];
  private first = 0;
  private readonly keys = new Set<string>();
  /** Everything up to here was seen. */
  private head = 0n;
  private beginning: Promise<void> | undefined;
  private lateAt = 0;
  /** Everything behind this is held, but for what was dropped since. */
  private since = 0n;

  constructor(store: Reader, deps: FeedDeps) {
    this.store = store;
    this.deps = deps;
  }

  end(): void {
    this.over.abort();
  }

  /** How far the log was seen; the first who asks has it looked at from then on. */
  async begun(): Promise<bigint> {
    this.beginning ??= this.begin();
    await this.beginning;
    return this.head;
  }

  /** The place behind a row of the log; undefined when not all that follows it is here. */
  placeOf(sequence: bigint): number | undefined {
    if (sequence < this.since) return undefined;
    const index = this.held.findIndex((each) => each.sequence > sequence);
    return this.first + (index === -1 ? this.held.length : index);
  }

  /** The place, while everything behind it is still here. */
  still(at: number): number | undefined {
    return at >= this.first ? at : undefined;
  }

  from(at: number): readonly Held[] {
    return this.held.slice(at - this.first);
  }

  /** Waits for something behind a place, or for the signal. */
  async more(at: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.first + this.held.length > at) return;
    const { promise, resolve } = deferred<void>();
    const wake = () => resolve();
    this.waiting.add(wake);
    signal.addEventListener('abort', wake);
    await promise;
    signal.removeEventListener('abort', wake);
    this.waiting.delete(wake);
  }

  private async begin(): Promise<void> {
    try {
      const options = { signal: this.over.signal, own: true };
      this.head = this.since = await lastSequence(this.store, options);
    } catch (error) {
      this.beginning = undefined;
      throw error;
    }
    this.lateAt = this.deps.clock.now();
    void this.run();
  }

  private async run(): Promise<void> {
    const { clock, config, logger, stopped } = this.deps;
    const signal = AbortSignal.any([this.over.signal, stopped]);
    while (!signal.aborted) {
      try {
        while (await this.look(signal));
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'the log of incidents is out of reach for who follows it');
      }
      await clock.sleep(config.poll, signal);
    }
  }

  /** True when there may be more at once. */
  private async look(signal: AbortSignal): Promise<boolean> {
    const { head, deps } = this;
    const options = { signal, own: true };
    const late = deps.clock.now() - this.lateAt >= LATE_MS ? await this.late(options) : [];
    const rows = await readIncidentLog(this.store, { after: head, limit: PAGE }, options);
    const fresh = [...late, ...rows].filter(({ key }) => !this.keys.has(key));
    for (const { sequence, key, document } of fresh) {
      this.keys.add(key);
      this.held.push({ sequence, key, event: parseIncidentEvent(document) });
    }
    this.head = rows.at(-1)?.sequence ?? head;
    this.trim();
    if (fresh.length > 0) for (const wake of this.waiting) wake();
    return rows.length === PAGE;
  }

  /** What another evaluator wrote late counts as new: whoever is here has not had it. */
  private async late(options: QueryOptions): Promise<readonly IncidentLogRow[]> {
    this.lateAt = this.deps.clock.now();
    const { head, since } = this;
    const after = head - since > OVERLAP ? head - OVERLAP : since;
    return readIncidentLog(this.store, { after, until: head, limit: PAGE }, options);
  }

  private trim(): void {
    const extra = this.held.length - this.deps.config.recent;
    if (extra <= 0) return;
    for (const { key, sequence } of this.held.splice(0, extra)) {
      this.keys.delete(key);
      if (sequence > this.since) this.since = sequence;
    }
    this.first += extra;
  }
}
