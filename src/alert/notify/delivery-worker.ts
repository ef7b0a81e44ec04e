// Brings the events of the log to one receiver, at least once each: a few are held in memory and tried, those behind
// stay in the log. What was taken or given up is written down before it leaves memory, so a restart goes on there.
import type { Logger } from 'pino';
import { parseIncidentEvent } from '../../incident/incident-event.ts';
import {
  type IncidentLogRow,
  lastSequence,
  readIncidentLog,
} from '../../query/denials/feed/incident-log.ts';
import { endWithin } from '../../runtime/async.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Health } from '../../runtime/component.ts';
import type { Store } from '../../store/store.ts';
import type { AlertMetrics } from '../metrics.ts';
import { Held, type Item } from './delivery-queue.ts';
import type { Delivery, Ledger } from './ledger.ts';
import type { Notifier, Outcome } from './notifier.ts';

export interface CourierDeps {
  readonly notifier: Notifier;
  readonly store: Pick<Store, 'query'>;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: AlertMetrics;
  /** A number in [0, 1); Math.random when left out. */
  readonly random?: () => number;
}

/** Rows of other evaluators may come into the log this much behind ours: microseconds, as sequences count. */
const OVERLAP = 60_000_000n;
/** The log is looked at this often when nobody says that there is more. */
const POLL_MS = 2000;
const LATE_MS = 10_000;
/** How far a receiver has come is written down this often when nothing else is. */
const REACHED_MS = 30_000;
/** And what is done this often at most: each time is an insert. */
const WRITE_MS = 500;
const FAILING = 5;

export class Courier {
  readonly name: string;
  private readonly deps: CourierDeps;
  private readonly logger: Logger;
  private readonly held: Held;
  private readonly over = new AbortController();
  private cursor = 0n;
  private written = 0n;
  private writtenAt = 0;
  private lateAt = 0;
  private pausedUntil = 0;
  private failures = 0;
  private problem = '';
  private running = 0;
  private wake: () => void = () => {};
  private awake = false;
  private work: Promise<void> = Promise.resolve();

  constructor(deps: CourierDeps) {
    this.deps = deps;
    this.name = deps.notifier.name;
    this.logger = deps.logger.child({ component: 'notifications', receiver: this.name });
    this.held = new Held(deps.notifier.patience, deps.random);
  }

  /** Where it goes on. A new receiver begins with what comes from now on, also if we are killed before that comes. */
  async open(signal: AbortSignal): Promise<void> {
    const { ledger, store, clock, notifier } = this.deps;
    await notifier.check();
    const { reached, done } = await ledger.progress(this.name, OVERLAP, signal);
    for (const key of done) this.held.know(key);
    if (reached === undefined) {
      this.cursor = await lastSequence(store, { signal, own: true });
      const row: Delivery = { receiver: this.name, sequence: this.cursor, state: 'started' };
      await ledger.write([row], clock.now());
    } else this.cursor = reached > OVERLAP ? reached - OVERLAP : 0n;
    this.written = reached ?? this.cursor;
    this.writtenAt = this.lateAt = clock.now();
  }

  run(): void {
    this.work = this.loop();
  }

  /** There is more in the log. */
  poke(): void {
    this.awake = true;
    this.wake();
  }

  /** Tells these once more. */
  again(rows: readonly IncidentLogRow[]): void {
    for (const row of rows) this.hold(row, true);
    this.poke();
  }

  /** Lets attempts that run end, until `limit`; what is not done then is done after the next start. */
  async stop(limit: AbortSignal): Promise<void> {
    this.over.abort();
    this.wake();
    await endWithin(limit, this.work, () => this.attempts.abort());
    this.deps.notifier.close();
  }

  health(): Health {
    return this.failures < FAILING
      ? { state: 'ok' }
      : { state: 'degraded', reason: `${this.name} does not take events: ${this.problem}` };
  }

  private readonly attempts = new AbortController();

  private async loop(): Promise<void> {
    const { clock, metrics } = this.deps;
    const { signal } = this.over;
    while (!signal.aborted || this.running > 0) {
      this.awake = false;
      try {
        if (!signal.aborted) await this.read(signal);
        await this.write(clock.now());
      } catch (error) {
        if (!signal.aborted)
          this.logger.warn({ err: error }, 'log or deliveries out of reach, trying again');
      }
      const now = clock.now();
      if (!signal.aborted) this.begin(now);
      metrics.held.set({ receiver: this.name }, this.held.size);
      metrics.behind.set({ receiver: this.name }, this.held.age(now) / 1000);
      await this.pause(this.idle(now));
    }
    // The last that happened; without it the same is told once more.
    await this.write(clock.now(), true).catch((error: unknown) => {
      this.logger.warn({ err: error }, 'deliveries not written; what was just taken is told again');
    });
  }

  /** Milliseconds until there is something to do that nobody wakes us for. */
  private idle(now: number): number {
    const most = this.held.finished().length > 0 ? WRITE_MS : POLL_MS;
    if (this.running >= this.deps.notifier.patience.concurrency) return most;
    const paused = Math.min(most, Math.max(0, this.pausedUntil - now));
    return Math.max(paused, this.held.wait(now, most));
  }

  /** Reads on in the log as far as there is room. */
  private async read(signal: AbortSignal): Promise<void> {
    const { store, clock } = this.deps;
    const options = { signal, own: true };
    if (clock.now() - this.lateAt >= LATE_MS && this.held.room > 0) {
      this.lateAt = clock.now();
      const after = this.cursor > OVERLAP ? this.cursor - OVERLAP : 0n;
      const window = { after, until: this.cursor, limit: this.held.room + 1000 };
      for (const row of await readIncidentLog(store, window, options)) this.hold(row, false);
    }
    while (this.held.room > 0) {
      const limit = this.held.room;
      const rows = await readIncidentLog(store, { after: this.cursor, limit }, options);
      for (const row of rows) {
        this.hold(row, false);
        this.cursor = row.sequence;
      }
      if (rows.length < limit) return;
    }
  }

  private hold(row: IncidentLogRow, again: boolean): void {
    if (!again && this.held.knows(row.key)) return;
    const event = parseIncidentEvent(row.document);
    if (event === undefined) {
      this.logger.warn({ key: row.key }, 'an event of another version of this program is not told');
      return;
    }
    if (again || this.deps.notifier.wants(event))
      this.held.add(row, event, this.deps.clock.now(), again);
  }

  private begin(now: number): void {
    const { concurrency, maxAge } = this.deps.notifier.patience;
    for (const item of this.held.due(now)) {
      // What is told again on purpose is as old as it is.
      if (!item.again && now - item.row.receivedAt > maxAge)
        this.giveUp(item, item.status, tooOld(item));
      else if (now >= this.pausedUntil && this.running < concurrency) void this.attempt(item);
    }
  }

  private giveUp(item: Item, status: number, reason: string): void {
    this.held.finish(item, { state: 'dead', status, reason });
    this.poke();
  }

  private async attempt(item: Item): Promise<void> {
    const { clock, metrics, notifier } = this.deps;
    this.running++;
    this.held.begin(item);
    const end = metrics.attemptSeconds.startTimer({ receiver: this.name });
    const outcome = await notifier.send(item.event, this.attempts.signal);
    end();
    metrics.attempts.inc({ receiver: this.name, outcome: outcome.kind });
    this.running--;
    if (!this.attempts.signal.aborted || outcome.kind === 'taken')
      this.settle(item, outcome, clock.now());
    this.poke();
  }

  private settle(item: Item, outcome: Outcome, now: number): void {
    const { status } = outcome;
    if (outcome.kind === 'failed') {
      this.failures++;
      this.problem = outcome.reason;
      if (this.failures === FAILING)
        this.logger.warn({ reason: outcome.reason }, 'receiver does not take events, trying on');
      if (outcome.retryAfterMs !== undefined) this.pausedUntil = now + outcome.retryAfterMs;
      if (item.attempts >= this.deps.notifier.patience.maxAttempts) {
        this.giveUp(item, status, `${outcome.reason}; attempts: ${item.attempts}`);
      } else this.held.failed(item, outcome, now);
      return;
    }
    if (this.failures >= FAILING) this.logger.info('receiver takes events again');
    this.failures = 0;
    if (outcome.kind === 'refused') this.giveUp(item, status, outcome.reason);
    else {
      this.held.finish(item, { state: 'delivered', status, reason: '' });
      this.held.back(now);
    }
  }

  /** Writes down what is done, and how far everything is. */
  private async write(now: number, last = false): Promise<void> {
    const { ledger, metrics } = this.deps;
    const done = this.held.finished();
    const reached = this.held.before(this.cursor);
    if (done.length === 0 && reached <= this.written) return;
    const age = now - this.writtenAt;
    const full = done.length * 2 >= this.deps.notifier.patience.held;
    const due = age >= (done.length > 0 ? WRITE_MS : REACHED_MS);
    if (!last && !full && !due) return;
    const rows: Delivery[] = done.map(({ row, attempts, end }) => ({
      receiver: this.name,
      sequence: row.sequence,
      key: row.key,
      incident: row.incident,
      kind: row.kind,
      attempts,
      ...end,
    }));
    const place: Delivery[] =
      reached > this.written ? [{ receiver: this.name, sequence: reached, state: 'reached' }] : [];
    await ledger.write([...rows, ...place], now);
    if (reached > this.written) this.written = reached;
    this.writtenAt = now;
    for (const item of done) {
      this.held.remove(item);
      const { key } = item.row;
      const { state, reason, status } = item.end;
      if (state === 'delivered') {
        metrics.delivered.inc({ receiver: this.name });
        this.logger.debug({ key, attempts: item.attempts }, 'event taken');
      } else {
        metrics.dead.inc({ receiver: this.name });
        this.logger.error({ key, reason, status, attempts: item.attempts }, 'event given up');
      }
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

function tooOld({ attempts, reason }: Item): string {
  return attempts === 0
    ? 'too old before it could be tried'
    : `too old; attempts: ${attempts}, the last: ${reason}`;
}
