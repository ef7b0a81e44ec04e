// A member of a consumer group: opens sessions until it is stopped or a handler gives up, and keeps the order, the
// limit and the commits that the contract promises.

import type { EachBatchPayload, Kafka } from 'kafkajs';
import { aborted, deferred } from '../../runtime/async.ts';
import { type Backoff, retryBackoff } from '../../runtime/backoff.ts';
import type { Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { BusRecord, Consumer, ConsumerOptions, DeadLetter, RecordHandler } from '../bus.ts';
import type { KafkaBusConfig } from '../config.ts';
import { Slots } from '../slots.ts';
import { BatchMemory } from '../values/batch-memory.ts';
import { decodeValue, ENCODING_HEADER, UnreadableValue } from '../values/value-codec.ts';
import { processBatch } from './batch.ts';
import { describeError, isRetriable } from './errors.ts';
import { GroupLag } from './lag.ts';
import { Link, type LinkDeps } from './link.ts';
import { runSession } from './session.ts';

export interface KafkaConsumerOptions extends ConsumerOptions {
  readonly topic: string;
  readonly config: KafkaBusConfig;
  readonly client: () => Promise<Kafka>;
  readonly deadLetter: (letter: DeadLetter) => Promise<void>;
}

export class KafkaConsumer implements Consumer {
  readonly name: string;
  readonly ended: Promise<void>;
  private readonly options: KafkaConsumerOptions;
  private readonly handler: RecordHandler;
  private readonly deps: LinkDeps;
  private readonly link: Link;
  private readonly groupLag: GroupLag;
  private readonly slots: Slots;
  /** Of unpacked values; given back when their handler is done. */
  private readonly memory: BatchMemory;
  private readonly stopped = deferred<void>();
  private readonly begun = deferred<void>();
  private readonly end = deferred<void>();
  private readonly over = new AbortController();
  /** Next offset expected of each partition, within one session. */
  private readonly positions = new Map<number, bigint>();
  private stopping = false;
  private running = false;
  private failure: { readonly error: unknown } | undefined;
  private inFlight = 0;
  private readonly retry: Backoff;

  constructor(options: KafkaConsumerOptions, handler: RecordHandler, deps: LinkDeps) {
    const { group, topic, config } = options;
    this.name = `bus consumer ${group}`;
    this.options = options;
    this.handler = handler;
    this.deps = deps;
    this.link = new Link(`consumer ${group}`, deps);
    this.slots = new Slots(options.maxInFlight);
    this.memory = new BatchMemory(options.maxInFlight);
    this.retry = retryBackoff(config);
    this.ended = this.end.promise;
    this.ended.catch(() => {}); // also read through health(); nobody has to listen
    this.groupLag = new GroupLag({
      group,
      topic,
      interval: config.lagInterval,
      clock: deps.clock,
      onLag: (records) => deps.metrics.lag.set({ group }, records ?? Number.NaN),
    });
  }

  /** Resolves when it has joined the group, or has found that it cannot now and goes on trying. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.running || this.stopping) return;
    this.running = true;
    signal.addEventListener('abort', () => this.leave(), { signal: this.over.signal });
    this.run().then(this.end.resolve, (error: unknown) => {
      this.link.fail(error);
      this.end.reject(error);
    });
    await Promise.race([this.begun.promise, this.ended, this.stopped.promise]);
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.leave();
    if (!this.running) this.end.resolve();
    await Promise.race([this.ended.catch(() => {}), aborted(limit)]);
    if (this.inFlight > 0)
      this.deps.logger.warn(
        { group: this.options.group, records: this.inFlight },
        'consumer left with records at work; they come again to the next one',
      );
    this.end.resolve();
  }

  health(): Health {
    return this.link.health;
  }

  lag(): number | undefined {
    return this.groupLag.records;
  }

  private leave(): void {
    this.stopping = true;
    this.stopped.resolve();
    this.over.abort();
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopping) {
        const error = await this.session();
        if (this.failure) throw this.failure.error;
        if (error === undefined || this.stopping) return;
        if (error instanceof ParallaxError) throw error;
        if (!isRetriable(error))
          throw new ParallaxError(
            'bus/unavailable',
            `consumer of ${this.options.topic} ended: ${describeError(error)}`,
            { cause: error },
          );
        this.link.down(error);
        this.begun.resolve();
        await this.retry.wait(this.deps.clock, this.over.signal);
      }
    } finally {
      this.over.abort();
    }
  }

  /** One session; what ended it, or undefined when it was stopped. */
  private async session(): Promise<unknown> {
    const { group, topic, config, maxInFlight } = this.options;
    const { clock, metrics } = this.deps;
    const lagging = new AbortController();
    try {
      const client = await Promise.race([this.options.client(), this.stopped.promise]);
      if (!client) return undefined;
      metrics.sessions.inc({ group });
      this.positions.clear();
      // Known before the first fetch: kafkajs jumps over expired records without a word.
      await Promise.race([this.groupLag.look(client), this.stopped.promise]);
      void this.groupLag.run(client, lagging.signal);
      await runSession(
        {
          client,
          config,
          clock,
          group,
          topic,
          fromBeginning: true,
          tail: false,
          concurrency: maxInFlight,
          eachBatch: (payload) => this.batch(payload),
          onJoin: (partitions) => this.joined(partitions),
          onRebalance: () => metrics.rebalances.inc({ group }),
          onFetch: () => {},
        },
        this.stopped.promise,
      );
      return undefined;
    } catch (error) {
      return error;
    } finally {
      lagging.abort();
      this.groupLag.assign([]);
    }
  }

  private joined(partitions: readonly number[]): void {
    this.retry.reset();
    this.positions.clear();
    this.groupLag.assign(partitions);
    this.link.up();
    this.begun.resolve();
    const { group } = this.options;
    this.deps.logger.info({ group, partitions }, 'consumer has its partitions');
  }

  private async batch(payload: EachBatchPayload): Promise<void> {
    const { config, group } = this.options;
    const { metrics } = this.deps;
    this.countExpired(payload);
    await processBatch(payload, {
      slots: this.slots,
      heartbeatInterval: config.heartbeatInterval,
      stopping: () => this.stopping || this.failure !== undefined,
      unpack: (record) => this.unpack(record),
      handle: (record) => this.handle(record),
      onFailure: (error) => {
        this.failure ??= { error };
      },
      onCommit: (outcome, partition, next) => {
        metrics.commits.inc({ group, outcome });
        if (next !== undefined) this.positions.set(partition, next);
      },
    });
  }

  private async handle(record: BusRecord): Promise<void> {
    const { group } = this.options;
    const { metrics } = this.deps;
    metrics.consumed.inc({ group });
    metrics.consumedBytes.inc({ group }, record.value.length);
    metrics.inFlight.set({ group }, ++this.inFlight);
    try {
      await this.handler(record);
      this.memory.give(record.value);
    } finally {
      metrics.inFlight.set({ group }, --this.inFlight);
    }
  }

  /** Poison (a value that says it is packed and is not) goes to the dead letters; no retry could read it. */
  private async unpack(record: BusRecord): Promise<BusRecord | undefined> {
    try {
      const encoding = record.headers[ENCODING_HEADER];
      const { maxValueBytes } = this.options.config;
      const allocate = (bytes: number) => this.memory.take(bytes);
      const value = await decodeValue(record.value, encoding, maxValueBytes, allocate);
      if (value === record.value) return record;
      const { [ENCODING_HEADER]: _, ...headers } = record.headers;
      return { ...record, value, headers };
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      const reason = 'unreadable-value';
      await this.options.deadLetter({ record, value: record.value, reason, detail: error.message });
      return undefined;
    }
  }

  private countExpired({ batch }: EachBatchPayload): void {
    const { partition } = batch;
    const first = batch.firstOffset();
    if (first === null) return;
    const expected = this.positions.get(partition);
    const records =
      expected === undefined
        ? this.groupLag.expired(partition)
        : Math.max(0, Number(BigInt(first) - expected));
    this.positions.set(partition, BigInt(batch.lastOffset()) + 1n);
    if (records === 0) return;
    const { group, topic } = this.options;
    this.deps.metrics.expired.inc({ group }, records);
    this.deps.logger.error(
      { group, topic, partition, records },
      'records expired before they were stored: flows are lost, raise the retention of the topic',
    );
  }
}
