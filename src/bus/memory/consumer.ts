// A consumer of the in-process bus: runs handlers, at most `maxInFlight` at once, and ends at the first that rejects.
import type { Logger } from 'pino';
import { aborted, deferred } from '../../runtime/async.ts';
import type { Health } from '../../runtime/component.ts';
import type { BusRecord, Consumer, ConsumerOptions, RecordHandler } from '../bus.ts';
import type { BusMetrics } from '../metrics.ts';
import type { MemoryLog } from './log.ts';

export interface MemoryConsumerDeps {
  readonly log: MemoryLog;
  readonly logger: Logger;
  readonly metrics: BusMetrics;
}

export class MemoryConsumer implements Consumer {
  readonly name: string;
  readonly ended: Promise<void>;
  private readonly end = deferred<void>();
  private readonly idle = deferred<void>();
  private readonly options: ConsumerOptions;
  private readonly handler: RecordHandler;
  private readonly deps: MemoryConsumerDeps;
  private inFlight = 0;
  private state: 'new' | 'running' | 'leaving' | 'ended' = 'new';
  private failure: { readonly error: unknown } | undefined;

  constructor(options: ConsumerOptions, handler: RecordHandler, deps: MemoryConsumerDeps) {
    this.name = `bus consumer ${options.group}`;
    this.options = options;
    this.handler = handler;
    this.deps = deps;
    this.ended = this.end.promise;
    this.ended.catch(() => {}); // also read through health(); nobody has to listen
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.state !== 'new') return;
    this.state = 'running';
    signal.addEventListener('abort', () => this.finish(), { once: true });
    this.deps.metrics.sessions.inc({ group: this.options.group });
    this.deps.log.join(this.options.group, this);
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.leave();
    await Promise.race([this.idle.promise, aborted(limit)]);
    if (this.inFlight > 0)
      this.deps.logger.warn(
        { group: this.options.group, records: this.inFlight },
        'bus consumer left with records at work',
      );
    this.finish();
  }

  health(): Health {
    if (!this.failure) return { state: 'ok' };
    return { state: 'failed', reason: String(this.failure.error) };
  }

  lag(): number | undefined {
    return this.deps.log.lag(this.options.group, this);
  }

  ready(): boolean {
    return this.state === 'running' && this.inFlight < this.options.maxInFlight;
  }

  take(record: BusRecord, done: () => void): void {
    const { metrics } = this.deps;
    const { group } = this.options;
    this.count(1);
    metrics.consumed.inc({ group });
    metrics.consumedBytes.inc({ group }, record.value.length);
    // Started in a microtask: a handler that throws or publishes must not do so inside the log's own loop.
    Promise.resolve()
      .then(() => this.handler(record))
      .then(
        () => {
          this.count(-1);
          done();
          metrics.commits.inc({ group, outcome: 'ok' });
          this.rest();
        },
        (error: unknown) => {
          this.count(-1);
          this.failure ??= { error };
          this.leave();
          this.rest();
        },
      );
  }

  private count(change: number): void {
    this.inFlight += change;
    this.deps.metrics.inFlight.set({ group: this.options.group }, this.inFlight);
  }

  private leave(): void {
    if (this.state === 'new' || this.state === 'running') this.state = 'leaving';
    this.rest();
  }

  private rest(): void {
    if (this.state === 'running') this.deps.log.pump();
    if (this.state !== 'leaving' || this.inFlight > 0) return;
    this.finish();
  }

  private finish(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    this.idle.resolve();
    this.deps.log.leave(this.options.group, this);
    if (this.failure) this.end.reject(this.failure.error);
    else this.end.resolve();
  }
}
