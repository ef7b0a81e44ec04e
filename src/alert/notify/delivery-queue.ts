// The events that are held for one receiver: which is tried next and when, and which are done. Events of one incident go
// one after the other, in the order of the log; different ones do not wait for each other. No I/O.
import type { IncidentEvent } from '../../incident/incident-event.ts';
import type { IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import { type Backoff, backoff } from '../../runtime/backoff.ts';
import type { Outcome, Patience } from './notifier.ts';

export interface End {
  readonly state: 'delivered' | 'dead';
  readonly status: number;
  readonly reason: string;
}

export interface Item {
  readonly row: Pick<IncidentLogRow, 'sequence' | 'key' | 'incident' | 'kind' | 'receivedAt'>;
  readonly event: IncidentEvent;
  /** Told before, and asked for once more. */
  readonly again: boolean;
  readonly backoff: Backoff;
  attempts: number;
  /** Milliseconds since 1970. */
  dueAt: number;
  running: boolean;
  /** Of the last attempt. */
  status: number;
  reason: string;
  end: End | undefined;
}

/** Keys remembered, so that what two evaluators wrote is told once. */
const KNOWN = 20_000;

export class Held {
  private readonly patience: Patience;
  private readonly random: (() => number) | undefined;
  private readonly items = new Map<string, Item>();
  private readonly known = new Set<string>();

  constructor(patience: Patience, random?: () => number) {
    this.patience = patience;
    this.random = random;
  }

  get size(): number {
    return this.items.size;
  }

  get room(): number {
    return Math.max(0, this.patience.held - this.items.size);
  }

  knows(key: string): boolean {
    return this.known.has(key);
  }

  know(key: string): void {
    this.known.delete(key);
    this.known.add(key);
    if (this.known.size <= KNOWN) return;
    const [oldest] = this.known;
    if (oldest !== undefined) this.known.delete(oldest);
  }

  add(row: IncidentLogRow, event: IncidentEvent, now: number, again: boolean): void {
    if (this.items.has(row.key)) return;
    this.know(row.key);
    const { initial, max } = this.patience.retry;
    const { sequence, key, incident, kind, receivedAt } = row;
    this.items.set(key, {
      row: { sequence, key, incident, kind, receivedAt },
      event,
      again,
      backoff: backoff({
        initialMs: initial,
        maxMs: max,
        ...(this.random && { random: this.random }),
      }),
      attempts: 0,
      dueAt: now,
      running: false,
      status: 0,
      reason: '',
      end: undefined,
    });
  }

  /** Those to be tried now. */
  due(now: number): Item[] {
    return this.firsts().filter(({ running, dueAt }) => !running && dueAt <= now);
  }

  /** Milliseconds until one is due, `most` at most. */
  wait(now: number, most: number): number {
    const times = this.firsts()
      .filter(({ running }) => !running)
      .map(({ dueAt }) => Math.max(0, dueAt - now));
    return Math.min(most, ...times);
  }

  begin(item: Item): void {
    item.running = true;
    item.attempts++;
  }

  failed(
    item: Item,
    { status, reason }: Pick<Outcome & { reason: string }, 'status' | 'reason'>,
    now: number,
  ): void {
    item.running = false;
    item.status = status;
    item.reason = reason;
    item.dueAt = now + item.backoff.next();
  }

  /** The receiver answers again: those that found nobody are tried at once. */
  back(now: number): void {
    for (const item of this.items.values())
      if (item.attempts > 0 && item.status === 0) item.dueAt = Math.min(item.dueAt, now);
  }

  finish(item: Item, end: End): void {
    item.running = false;
    item.end = end;
  }

  finished(): (Item & { readonly end: End })[] {
    return [...this.items.values()].filter(isFinished);
  }

  remove({ row }: Item): void {
    this.items.delete(row.key);
  }

  /** How far everything is done, of what was read up to `cursor`. */
  before(cursor: bigint): bigint {
    let place = cursor;
    for (const { row, again, end } of this.items.values())
      if (!again && end === undefined && row.sequence <= place) place = row.sequence - 1n;
    return place;
  }

  /** Milliseconds since the oldest was written to the log. */
  age(now: number): number {
    let oldest = now;
    for (const { row, end, again } of this.items.values())
      if (end === undefined && !again) oldest = Math.min(oldest, row.receivedAt);
    return now - oldest;
  }

  /** The first of each incident that is not done. */
  private firsts(): Item[] {
    const firsts = new Map<bigint, Item>();
    for (const item of this.items.values()) {
      if (item.end !== undefined) continue;
      const other = firsts.get(item.row.incident);
      if (other === undefined || item.row.sequence < other.row.sequence)
        firsts.set(item.row.incident, item);
    }
    return [...firsts.values()].sort((a, b) => (a.row.sequence < b.row.sequence ? -1 : 1));
  }
}

function isFinished(item: Item): item is Item & { readonly end: End } {
  return item.end !== undefined;
}
