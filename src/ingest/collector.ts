// The collector of one cluster: reads its relay's flows, seals them into batches and publishes them. Reading never
// waits for publishing until the buffer is full; then it pauses, and says so. It never gives a response up silently.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Publisher } from '../bus/bus.ts';
import { type Backoff, backoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Component, Health } from '../runtime/component.ts';
import { Intake } from './batch/intake.ts';
import { Outbox } from './batch/outbox.ts';
import { ReadingPause } from './batch/pause.ts';
import { Refusals } from './batch/refusals.ts';
import { type BatchFacts, type SealedBatch, Sealer } from './batch/sealer.ts';
import type { ClusterConfig, CollectorConfig } from './config.ts';
import type { CollectorCoverage } from './coverage/coverage.ts';
import { RelayWatch } from './coverage/relay-watch.ts';
import type { IngestMetrics } from './metrics.ts';
import { RelayClient, type RelayConnection } from './relay/relay-client.ts';
import { type RelayError, relayError } from './relay/relay-errors.ts';
import { openSession, type Session } from './relay/session.ts';

export interface CollectorDeps {
  readonly cluster: ClusterConfig;
  readonly config: CollectorConfig;
  /** Not owned: the caller starts and stops it, after the collectors. */
  readonly publisher: Pick<Publisher, 'publish'>;
  readonly logger: Logger;
  readonly metrics: IngestMetrics;
  readonly clock: Clock;
  /** A number in [0, 1) for the waits; Math.random when left out. */
  readonly random?: () => number;
}

export interface Collector extends Component {
  coverage(): CollectorCoverage;
}

export function createCollector(deps: CollectorDeps): Collector {
  return new RelayCollector(deps);
}

class RelayCollector implements Collector {
  readonly name: string;
  private readonly deps: CollectorDeps;
  private readonly logger: Logger;
  private readonly id = randomUUID();
  private readonly startedAt: number;
  private readonly client: RelayClient;
  private readonly watch: RelayWatch;
  private readonly sealer: Sealer;
  private readonly outbox: Outbox;
  private readonly intake: Intake;
  private readonly waits: Backoff;
  private readonly pause: ReadingPause;
  private readonly refusals: Refusals;
  /** Aborts when reading is to end, by `stop` or at once. */
  private readonly ending = new AbortController();
  /** Aborts when nothing is to be waited for any more. */
  private leave: AbortSignal | undefined;
  private running: Promise<unknown> = Promise.resolve();
  private state: CollectorCoverage['state'] = 'idle';
  private session: Session | undefined;
  private stream: { openedAt: number; since: number } | undefined;
  private up = false;
  private lastDataAt = 0;
  private reconnects = 0;
  private published = { batches: 0, responses: 0 };
  private lastError: { code: string; message: string; at: number } | undefined;

  // Long because each part gets only the callbacks it needs, and they are wired here once.
  constructor(deps: CollectorDeps) {
    const { cluster, config, clock, metrics } = deps;
    this.deps = deps;
    this.name = `collector ${cluster.name}`;
    this.logger = deps.logger.child({ cluster: cluster.name, relay: cluster.relay });
    this.startedAt = clock.now();
    this.client = new RelayClient({ cluster, config });
    this.watch = new RelayWatch({
      cluster,
      config,
      clock,
      metrics,
      logger: this.logger,
      report: (facts) => this.sealer.report(facts, clock.now()),
    });
    this.sealer = new Sealer({
      cluster: cluster.name,
      relay: cluster.relay,
      collector: this.id,
      maxCount: config.batch.count,
      maxBytes: config.batch.bytes,
      maxAgeMs: config.batch.age,
      emit: (batch) => this.emit(batch),
      nodeName: () => this.watch.tracker.nodeName(),
    });
    this.outbox = new Outbox({
      publisher: deps.publisher,
      key: cluster.name,
      limitBytes: config.buffer,
      durable: (batch) => this.durable(batch),
      refused: (batch, error, reason) => this.refusals.refused(batch, error, reason),
      onBackpressure: (full) => this.onBackpressure(full),
    });
    this.intake = new Intake({
      cluster: cluster.name,
      clock,
      tracker: this.watch.tracker,
      sealer: this.sealer,
      metrics,
      onData: (nowMs) => this.onData(nowMs),
      oversize: (size, node) => this.refusals.lose('oversize', size, node),
    });
    this.pause = new ReadingPause({
      cluster: cluster.name,
      limitBytes: config.buffer,
      clock,
      metrics,
      logger: this.logger,
    });
    this.refusals = new Refusals({
      cluster: cluster.name,
      metrics,
      logger: this.logger,
      shrink: (bytes) => this.sealer.shrink(bytes),
      again: (oldest) => {
        this.watch.tracker.refuse(oldest);
        this.session?.end('republish', 'opened again for flows the bus did not take');
      },
      lost: (reason, node) => this.watch.ledger.dropped(reason, node),
    });
    this.waits = backoff({
      initialMs: config.reconnect.initial,
      maxMs: config.reconnect.max,
      ...(deps.random && { random: deps.random }),
    });
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.deps.cluster.tls?.insecureSkipVerify) {
      this.logger.warn(
        'the relay’s certificate is not checked (tls.insecureSkipVerify): an attacker on the path can read and change flows',
      );
    }
    this.leave = signal;
    signal.addEventListener('abort', () => this.ending.abort(), { once: true });
    if (signal.aborted) this.ending.abort();
    this.running = Promise.all([this.read(), this.tick()]);
  }

  async stop(limit: AbortSignal): Promise<void> {
    const at = this.deps.clock.now();
    this.ending.abort();
    this.session?.end('ended', 'the collector stops');
    await this.running;
    this.state = 'stopped';
    this.up = false;
    this.deps.metrics.streamUp.set({ cluster: this.deps.cluster.name }, 0);
    this.watch.ledger.end(this.deps.clock.now());
    const before = { batches: this.outbox.batches, open: this.sealer.openCount };
    this.sealer.flush();
    const until = this.leave ? AbortSignal.any([limit, this.leave]) : limit;
    const drained = await this.outbox.drained(until);
    this.report();
    const left = { batches: this.outbox.batches, bytes: this.outbox.bytes };
    const fields = { drained: before, published: this.published, ms: this.deps.clock.now() - at };
    if (drained) this.logger.info(fields, 'collector stopped, all published');
    else this.logger.warn({ ...fields, left }, 'collector stopped with batches not published');
  }

  health(): Health {
    if (this.state === 'idle') return { state: 'failed', reason: 'not started' };
    if (this.state === 'stopped') return { state: 'failed', reason: 'stopped' };
    if (this.outbox.full) {
      return {
        state: 'degraded',
        reason: `reading from ${this.deps.cluster.relay} is paused: ${this.outbox.bytes} bytes wait for the bus`,
      };
    }
    const finding = this.watch.finding();
    if (finding !== undefined) return { state: 'degraded', reason: finding };
    if (this.up) return { state: 'ok' };
    return { state: 'degraded', reason: this.lastError?.message ?? 'connecting' };
  }

  coverage(): CollectorCoverage {
    const { outbox } = this;
    const { tracker, view } = this.watch;
    return {
      cluster: this.deps.cluster.name,
      relay: this.deps.cluster.relay,
      collector: this.id,
      state: this.outbox.full && this.state === 'streaming' ? 'paused' : this.state,
      startedAt: this.startedAt,
      stream: this.stream,
      reconnects: this.reconnects,
      lastError: this.lastError,
      received: { responses: this.intake.responses, bytes: this.intake.bytes },
      published: { ...this.published },
      unpublished: {
        batches: outbox.batches,
        bytes: outbox.bytes,
        open: this.sealer.openCount,
      },
      dropped: this.refusals.dropped,
      pauses: this.pause.ranges(),
      server: view.server,
      nodes: view.nodes(tracker),
    };
  }

  private async read(): Promise<void> {
    const { clock } = this.deps;
    const { signal } = this.ending;
    let reported = '';
    while (!signal.aborted) {
      this.state = 'connecting';
      const failure = await this.readStream(signal);
      if (signal.aborted) return;
      const wasUp = this.up;
      this.down(failure);
      const retryMs = this.waits.next();
      const fields = { err: failure, cause: failure.reason, retryMs };
      // Once per change: a relay that stays away must not fill the log.
      if (wasUp) this.logger.warn(fields, 'flow stream lost');
      else if (reported !== failure.message) this.logger.warn(fields, 'relay cannot be read');
      else this.logger.debug(fields, 'relay cannot be read');
      reported = failure.message;
      this.state = 'waiting';
      await clock.sleep(retryMs, signal);
    }
  }

  /** One stream from connecting to its end. Never rejects. */
  private async readStream(signal: AbortSignal): Promise<RelayError> {
    const { clock, config } = this.deps;
    let connection: RelayConnection;
    try {
      connection = await this.client.connect(signal);
    } catch (error) {
      return relayError(this.client.place, error);
    }
    if (signal.aborted) {
      connection.destroy();
      return relayError(this.client.place, signal.reason);
    }
    const nodes = await this.watch.patterns(connection);
    if (signal.aborted) {
      connection.destroy();
      return relayError(this.client.place, signal.reason);
    }
    const { tracker, view, ledger } = this.watch;
    const since = tracker.since((node) => view.isDark(node));
    tracker.opened();
    this.stream = { openedAt: clock.now(), since };
    ledger.opened(clock.now());
    this.lastDataAt = clock.now();
    this.state = 'streaming';
    const session = openSession({
      connection,
      place: this.client.place,
      config,
      clock,
      sinceMs: since,
      nodes,
      sink: this.intake,
      lastDataAt: () => this.lastDataAt,
      poll: (from, early) => this.poll(from, early),
      stable: () => this.waits.reset(),
    });
    this.session = session;
    if (this.outbox.full) {
      session.pause();
      ledger.turn('paused', clock.now());
    }
    const leave = () => session.end('ended', 'the collector stops');
    signal.addEventListener('abort', leave, { once: true });
    const failure = await session.ended;
    signal.removeEventListener('abort', leave);
    this.session = undefined;
    this.stream = undefined;
    ledger.closed(clock.now());
    return failure;
  }

  private onData(nowMs: number): void {
    this.lastDataAt = nowMs;
    this.watch.ledger.arrived();
    if (!this.up) this.opened();
  }

  private opened(): void {
    if (this.up || this.stream === undefined) return;
    this.up = true;
    this.deps.metrics.streamUp.set({ cluster: this.deps.cluster.name }, 1);
    const { since, openedAt } = this.stream;
    const awayMs = this.lastError === undefined ? undefined : openedAt - this.lastError.at;
    this.logger.info(
      { since: new Date(since).toISOString(), reconnects: this.reconnects, awayMs },
      'flow stream open',
    );
  }

  private down(failure: RelayError): void {
    const { metrics, clock, cluster } = this.deps;
    this.up = false;
    this.reconnects++;
    this.lastError = { code: failure.code, message: failure.message, at: clock.now() };
    metrics.streamUp.set({ cluster: cluster.name }, 0);
    metrics.reconnects.inc({ cluster: cluster.name, cause: failure.reason });
  }

  private async poll(connection: RelayConnection, early: boolean): Promise<void> {
    const { metrics, cluster } = this.deps;
    try {
      const unfit = early || this.outbox.full;
      const { silent, changed } = await this.watch.poll(connection, unfit);
      this.opened();
      if (changed) this.session?.end('other-nodes', 'opened again to ask for other nodes');
      if (silent.length === 0) return;
      const names = silent.slice(0, 3).join(', ');
      this.session?.end('silent-node', `flows of ${silent.length} nodes do not arrive (${names})`);
    } catch (error) {
      // Without a session the stream's end is logged already.
      if (this.session === undefined) return;
      metrics.pollErrors.inc({ cluster: cluster.name });
      this.logger.debug({ err: error }, 'status of the relay not read');
    }
  }

  private async tick(): Promise<void> {
    const { clock, config } = this.deps;
    const everyMs = Math.min(200, Math.max(10, config.batch.age / 10));
    while (!this.ending.signal.aborted) {
      await clock.sleep(everyMs, this.ending.signal);
      this.watch.ledger.tick(clock.now());
      this.sealer.tick(clock.now());
      this.report();
    }
  }

  private report(): void {
    const { metrics, cluster, clock } = this.deps;
    const labels = { cluster: cluster.name };
    this.intake.report();
    this.pause.report();
    metrics.open.set(labels, this.sealer.openBytes);
    metrics.buffered.set(labels, this.outbox.bytes);
    metrics.bufferedBatches.set(labels, this.outbox.records);
    const { tracker } = this.watch;
    if (Number.isFinite(tracker.newest)) {
      const ageMs = clock.now() - tracker.ms(tracker.newest);
      metrics.newestFlowAge.set(labels, ageMs / 1000);
    }
  }

  private emit(batch: SealedBatch): void {
    const { metrics, cluster } = this.deps;
    metrics.sealed.inc({ cluster: cluster.name, cause: batch.cause });
    if (batch.replay) metrics.replayBatches.inc({ cluster: cluster.name });
    this.outbox.push(batch);
  }

  private durable(batch: BatchFacts): void {
    const { metrics, cluster } = this.deps;
    const labels = { cluster: cluster.name };
    if (batch.cause === 'report') {
      metrics.reports.inc(labels);
      return;
    }
    this.published.batches++;
    this.published.responses += batch.count;
    metrics.publishedBatches.inc(labels);
    metrics.publishedResponses.inc(labels, batch.count);
    metrics.publishedBytes.inc(labels, batch.size);
  }

  private onBackpressure(full: boolean): void {
    if (this.session !== undefined)
      this.watch.ledger.turn(full ? 'paused' : 'up', this.deps.clock.now());
    if (full) {
      this.session?.pause();
      this.pause.begin(this.outbox.bytes);
    } else {
      this.pause.end();
      this.session?.resume();
    }
  }
}
