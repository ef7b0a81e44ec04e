// Delivers log events to one receiver at least once; keeps a bounded window in memory and re-reads the rest from the log.
// Results are written to `deliveries` before an event leaves memory, so a restart continues there.
import type { Logger } from 'pino';
import { parseIncidentEvent } from '../../incident/incident-event.ts';
import {
  type IncidentLog,
  type IncidentLogRow,
  incidentLog,
} from '../../query/denials/feed/incident-log.ts';
import { LogTail } from '../../query/denials/feed/log-tail.ts';
import { endWithin } from '../../runtime/async.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Health } from '../../runtime/component.ts';
import type { Reader } from '../../store/store.ts';
import type { AlertMetrics } from '../metrics.ts';
import { DeliveryQueue, type QueueItem } from './delivery-queue.ts';
import type { Delivery, Ledger } from './ledger.ts';
import type { Notifier, Outcome } from './notifier.ts';

export interface DeliveryWorkerDeps {
  readonly notifier: Notifier;
  readonly store: Reader;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: AlertMetrics;
  /** A number in [0, 1); Math.random when left out. */
  readonly random?: () => number;
}

/** Other evaluators may write up to 60 s late. */
const LATE = { overlap: 60_000_000n, everyMs: 10_000 };
/** Milliseconds between two reads of the log without a `poke`. */
const POLL_MS = 2000;
/** Milliseconds after which the position is written although nothing was finished. */
const POSITION_MS = 30_000;
/** Least time between two writes of results: each is an insert. */
const WRITE_MS = 500;
/** Failed attempts in a row after which the receiver is unhealthy. */
const MAX_FAILURES = 5;

export class DeliveryWorker {
  readonly name: string;
  private readonly deps: DeliveryWorkerDeps;
  private readonly logger: Logger;
  private readonly queue: DeliveryQueue;
  private readonly stopping = new AbortController();
  private readonly attempts = new AbortController();
  private readonly log: IncidentLog;
  private tail: LogTail;
  /** The position that is written to `deliveries`, and when. */
  private written = 0n;
  private writtenAt = 0;
  private pausedUntil = 0;
  private failures = 0;
  private problem = '';
  private running = 0;
  private wake: () => void = () => {};
  private awake = false;
  private work: Promise<void> = Promise.resolve();

  constructor(deps: DeliveryWorkerDeps) {
    this.deps = deps;
    this.name = deps.notifier.name;
    this.logger = deps.logger.child({ component: 'notifications', receiver: this.name });
    this.queue = new DeliveryQueue(deps.notifier.policy, deps.random);
    this.log = incidentLog(deps.store, { signal: this.stopping.signal, own: true });
    this.tail = new LogTail(this.log, deps.clock, 0n, LATE);
  }

  /** Restores the position. A new receiver starts at the end of the log, and keeps that position when killed at once. */
  async open(signal: AbortSignal): Promise<void> {
    const { ledger, store, clock, notifier } = this.deps;
    await notifier.check();
    const { reached, done } = await ledger.progress(this.name, LATE.overlap, signal);
    for (const key of done) this.queue.addKey(key);
    let position = reached ?? 0n;
    if (reached === undefined) {
      position = await incidentLog(store, { signal, own: true }).last();
      await ledger.write(
        [{ receiver: this.name, sequence: position, state: 'started' }],
        clock.now(),
      );
    } else position = reached > LATE.overlap ? reached - LATE.overlap : 0n;
    this.tail = new LogTail(this.log, clock, position, LATE);
    this.written = reached ?? position;
    this.writtenAt = clock.now();
  }

  run(): void {
    this.work = this.loop();
  }

  /** Reads the log at once. */
  poke(): void {
    this.awake = true;
    this.wake();
  }

  redeliver(rows: readonly IncidentLogRow[]): void {
    for (const row of rows) this.add(row, true);
    this.poke();
  }

  /** Waits for running attempts until `limit`; unfinished events are delivered after the next start. */
  async stop(limit: AbortSignal): Promise<void> {
    this.stopping.abort();
    this.wake();
    await endWithin(limit, this.work, () => this.attempts.abort());
    this.deps.notifier.close();
  }

  health(): Health {
    return this.failures < MAX_FAILURES
      ? { state: 'ok' }
      : { state: 'degraded', reason: `${this.name} does not take events: ${this.problem}` };
  }

  private async loop(): Promise<void> {
    const { clock, metrics } = this.deps;
    const { signal } = this.stopping;
    while (!signal.aborted || this.running > 0) {
      this.awake = false;
      try {
        if (!signal.aborted) await this.read();
        await this.flush(clock.now());
      } catch (error) {
        if (!signal.aborted) this.logger.warn({ err: error }, 'incident log unavailable');
      }
      const now = clock.now();
      if (!signal.aborted) this.begin(now);
      metrics.held.set({ receiver: this.name }, this.queue.size);
      metrics.behind.set({ receiver: this.name }, this.queue.age(now) / 1000);
      await this.pause(this.idleMs(now));
    }
    // Results that are not written mean a second delivery.
    await this.flush(clock.now(), true).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'delivery results not written');
    });
  }

  /** Milliseconds until there is work that no `poke` announces. */
  private idleMs(now: number): number {
    const most = this.queue.finished().length > 0 ? WRITE_MS : POLL_MS;
    if (this.running >= this.deps.notifier.policy.concurrency) return most;
    const paused = Math.min(most, Math.max(0, this.pausedUntil - now));
    return Math.max(paused, this.queue.wait(now, most));
  }

  /** Reads the log as far as there is room. */
  private async read(): Promise<void> {
    const { queue, tail } = this;
    if (queue.room > 0) for (const row of await tail.late(queue.room + 1000)) this.add(row, false);
    while (queue.room > 0) {
      const limit = queue.room;
      const rows = await tail.next(limit);
      for (const row of rows) this.add(row, false);
      if (rows.length < limit) return;
    }
  }

  private add(row: IncidentLogRow, redelivery: boolean): void {
    if (!redelivery && this.queue.hasKey(row.key)) return;
    const event = parseIncidentEvent(row.document);
    if (event === undefined) {
      this.logger.warn({ key: row.key }, 'unknown event version skipped');
      return;
    }
    if (redelivery || this.deps.notifier.wants(event))
      this.queue.add(row, event, this.deps.clock.now(), redelivery);
  }

  private begin(now: number): void {
    const { concurrency, maxAge } = this.deps.notifier.policy;
    for (const item of this.queue.due(now)) {
      // A redelivery was requested in spite of its age.
      if (!item.redelivery && now - item.row.receivedAt > maxAge)
        this.giveUp(item, item.status, tooOld(item));
      else if (now >= this.pausedUntil && this.running < concurrency) void this.attempt(item);
    }
  }

  private giveUp(item: QueueItem, status: number, reason: string): void {
    this.queue.finish(item, { state: 'dead', status, reason });
    this.poke();
  }

  private async attempt(item: QueueItem): Promise<void> {
    const { clock, metrics, notifier } = this.deps;
    this.running++;
    this.queue.begin(item);
    const end = metrics.attemptSeconds.startTimer({ receiver: this.name });
    const outcome = await notifier.send(item.event, this.attempts.signal);
    end();
    metrics.attempts.inc({ receiver: this.name, outcome: outcome.kind });
    this.running--;
    if (!this.attempts.signal.aborted || outcome.kind === 'taken')
      this.recordOutcome(item, outcome, clock.now());
    this.poke();
  }

  private recordOutcome(item: QueueItem, outcome: Outcome, now: number): void {
    const { status } = outcome;
    if (outcome.kind === 'failed') {
      const { reason, retryAfterMs } = outcome;
      this.failures++;
      this.problem = reason;
      if (this.failures === MAX_FAILURES) this.logger.warn({ reason }, 'receiver failing');
      if (retryAfterMs !== undefined) this.pausedUntil = now + retryAfterMs;
      if (item.attempts >= this.deps.notifier.policy.maxAttempts)
        this.giveUp(item, status, `${reason}; attempts: ${item.attempts}`);
      else this.queue.retryLater(item, outcome, now);
      return;
    }
    if (this.failures >= MAX_FAILURES) this.logger.info('receiver recovered');
    this.failures = 0;
    if (outcome.kind === 'refused') this.giveUp(item, status, outcome.reason);
    else {
      this.queue.finish(item, { state: 'delivered', status, reason: '' });
      this.queue.reachable(now);
    }
  }

  /** Writes results and the position, when it is time to. */
  private async flush(now: number, last = false): Promise<void> {
    const { queue, written } = this;
    const done = queue.finished();
    const reached = queue.finishedUpTo(this.tail.position);
    const moved = reached > written;
    if (done.length === 0 && !moved) return;
    const full = done.length * 2 >= this.deps.notifier.policy.held;
    const due = now - this.writtenAt >= (done.length > 0 ? WRITE_MS : POSITION_MS);
    if (!last && !full && !due) return;
    const receiver = this.name;
    const rows = done.map(({ row: { sequence, key, incident, kind }, attempts, result }) => ({
      ...{ receiver, sequence, key, incident, kind, attempts },
      ...result,
    }));
    const position: Delivery[] = moved ? [{ receiver, sequence: reached, state: 'reached' }] : [];
    await this.deps.ledger.write([...rows, ...position], now);
    if (moved) this.written = reached;
    this.writtenAt = now;
    for (const item of done) {
      queue.remove(item);
      this.report(item.row.key, item.attempts, item.result);
    }
  }

  private report(
    key: string,
    attempts: number,
    { state, reason, status }: NonNullable<QueueItem['result']>,
  ): void {
    const { metrics } = this.deps;
    if (state === 'delivered') {
      metrics.delivered.inc({ receiver: this.name });
      this.logger.debug({ key, attempts }, 'event delivered');
    } else {
      metrics.dead.inc({ receiver: this.name });
      this.logger.error({ key, reason, status, attempts }, 'event given up');
    }
  }

  private async pause(ms: number): Promise<void> {
    if (this.awake) return;
    const woken = new AbortController();
    this.wake = () => woken.abort();
    await this.deps.clock.sleep(ms, woken.signal);
    this.wake = () => {};
  }
}

function tooOld({ attempts, reason }: QueueItem): string {
  return attempts === 0
    ? 'too old before the first attempt'
    : `too old; attempts: ${attempts}, the last: ${reason}`;
}
