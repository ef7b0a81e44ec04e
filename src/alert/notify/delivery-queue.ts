// The events in memory for one receiver. Events of one incident are delivered in the order of the log, one at a time;
// different incidents do not wait for each other. No I/O.
import type { IncidentEvent } from '../../incident/incident-event.ts';
import type { IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import { type Backoff, backoff } from '../../runtime/backoff.ts';
import type { Outcome, RetryPolicy } from './notifier.ts';

export interface Result {
  readonly state: 'delivered' | 'dead';
  readonly status: number;
  readonly reason: string;
}

export interface QueueItem {
  readonly row: Pick<IncidentLogRow, 'sequence' | 'key' | 'incident' | 'kind' | 'receivedAt'>;
  readonly event: IncidentEvent;
  /** Delivered or given up before, and requested once more. */
  readonly redelivery: boolean;
  readonly backoff: Backoff;
  attempts: number;
  /** Milliseconds since 1970. */
  dueAt: number;
  running: boolean;
  /** Of the last attempt. */
  status: number;
  reason: string;
  result: Result | undefined;
}

type FinishedItem = QueueItem & { readonly result: Result };

/** Keys remembered, so that an event that two evaluators wrote is delivered once. */
const MAX_KEYS = 20_000;

export class DeliveryQueue {
  private readonly policy: RetryPolicy;
  private readonly random: (() => number) | undefined;
  private readonly items = new Map<string, QueueItem>();
  private readonly keys = new Set<string>();

  constructor(policy: RetryPolicy, random?: () => number) {
    this.policy = policy;
    this.random = random;
  }

  get size(): number {
    return this.items.size;
  }

  get room(): number {
    return Math.max(0, this.policy.held - this.items.size);
  }

  hasKey(key: string): boolean {
    return this.keys.has(key);
  }

  addKey(key: string): void {
    this.keys.delete(key);
    this.keys.add(key);
    if (this.keys.size <= MAX_KEYS) return;
    const [oldest] = this.keys;
    if (oldest !== undefined) this.keys.delete(oldest);
  }

  add(row: IncidentLogRow, event: IncidentEvent, now: number, redelivery: boolean): void {
    if (this.items.has(row.key)) return;
    this.addKey(row.key);
    const { initial: initialMs, max: maxMs } = this.policy.retry;
    const { sequence, key, incident, kind, receivedAt } = row;
    this.items.set(key, {
      row: { sequence, key, incident, kind, receivedAt },
      event,
      redelivery,
      backoff: backoff({ initialMs, maxMs, ...(this.random && { random: this.random }) }),
      attempts: 0,
      dueAt: now,
      running: false,
      status: 0,
      reason: '',
      result: undefined,
    });
  }

  /** Items to attempt now. */
  due(now: number): QueueItem[] {
    return this.heads().filter(({ running, dueAt }) => !running && dueAt <= now);
  }

  /** Milliseconds until an item is due, `most` at most. */
  wait(now: number, most: number): number {
    const waits = this.heads()
      .filter(({ running }) => !running)
      .map(({ dueAt }) => Math.max(0, dueAt - now));
    return Math.min(most, ...waits);
  }

  begin(item: QueueItem): void {
    item.running = true;
    item.attempts++;
  }

  retryLater(
    item: QueueItem,
    { status, reason }: Extract<Outcome, { readonly kind: 'failed' }>,
    now: number,
  ): void {
    item.running = false;
    item.status = status;
    item.reason = reason;
    item.dueAt = now + item.backoff.next();
  }

  /** The receiver is reachable: items whose last attempt got no answer are due at once. */
  reachable(now: number): void {
    for (const item of this.items.values())
      if (item.attempts > 0 && item.status === 0) item.dueAt = Math.min(item.dueAt, now);
  }

  finish(item: QueueItem, result: Result): void {
    item.running = false;
    item.result = result;
  }

  finished(): FinishedItem[] {
    return [...this.items.values()].filter(isFinished);
  }

  remove({ row }: QueueItem): void {
    this.items.delete(row.key);
  }

  /** The sequence up to which everything is finished, of the rows read up to `position`. */
  finishedUpTo(position: bigint): bigint {
    let reached = position;
    for (const { row, redelivery, result } of this.items.values())
      if (!redelivery && result === undefined && row.sequence <= reached)
        reached = row.sequence - 1n;
    return reached;
  }

  /** Milliseconds since the oldest unfinished event was written to the log. */
  age(now: number): number {
    let oldest = now;
    for (const { row, result, redelivery } of this.items.values())
      if (result === undefined && !redelivery) oldest = Math.min(oldest, row.receivedAt);
    return now - oldest;
  }

  /** The first unfinished item of each incident, by sequence. */
  private heads(): QueueItem[] {
    const heads = new Map<bigint, QueueItem>();
    for (const item of this.items.values()) {
      if (item.result !== undefined) continue;
      const other = heads.get(item.row.incident);
      if (other === undefined || item.row.sequence < other.row.sequence)
        heads.set(item.row.incident, item);
    }
    return [...heads.values()].sort((a, b) => (a.row.sequence < b.row.sequence ? -1 : 1));
  }
}

function isFinished(item: QueueItem): item is FinishedItem {
  return item.result !== undefined;
}
