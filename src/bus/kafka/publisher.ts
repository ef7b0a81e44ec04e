// Publishes to one topic so that every acknowledged record is there, in order, whatever happens to the brokers. Owns
// one producer at a time and the order of the queue; values are packed on the way in.

import type { Kafka, Message, Producer } from 'kafkajs';
import kafkajs from 'kafkajs';
import { aborted, deferred } from '../../runtime/async.ts';
import { retryBackoff } from '../../runtime/backoff.ts';
import type { Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { OutgoingRecord, Publisher } from '../bus.ts';
import type { KafkaBusConfig } from '../config.ts';
import { recordIds, withId } from '../identity.ts';
import { encodeValue } from '../values/value-codec.ts';
import { retryOptions } from './client.ts';
import { isTooLarge } from './errors.ts';
import { Link, type LinkDeps } from './link.ts';
import { RECORD_OVERHEAD } from './topic.ts';

const { CompressionTypes, Partitioners } = kafkajs;

/** Records that wait go together up to this size: enough to fill a connection, little to send again. */
const MAX_SEND_BYTES = 8 * 1024 * 1024;
/** Values packed at the same time: both cores, while memory stays bounded. */
const MAX_PACKING = 2;

interface Entry {
  readonly key: string;
  readonly timestampMs: number;
  readonly rawBytes: number;
  headers: Readonly<Record<string, string>>;
  value: Buffer;
  packed: boolean;
  readonly release: (() => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface KafkaPublisherOptions {
  readonly name: string;
  readonly topic: string;
  readonly config: KafkaBusConfig;
  /** The client, once the topics are known to be right; rejects when they never will be. */
  readonly client: () => Promise<Kafka>;
}

export class KafkaPublisher implements Publisher {
  readonly name: string;
  private readonly options: KafkaPublisherOptions;
  private readonly deps: LinkDeps;
  private readonly link: Link;
  private readonly nextId = recordIds();
  /** In the order of the calls; the front ones may be packed already. */
  private readonly queue: Entry[] = [];
  private readonly unpacked: Entry[] = [];
  private packing = 0;
  private bytes = 0;
  private wake = deferred<void>();
  private readonly gone = new AbortController();
  private stopping = false;
  private running: Promise<void> | undefined;
  private producer: Producer | undefined;

  constructor(options: KafkaPublisherOptions, deps: LinkDeps) {
    this.name = options.name;
    this.options = options;
    this.deps = deps;
    this.link = new Link(options.name, deps);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (signal.aborted) this.abandon();
    signal.addEventListener('abort', () => this.abandon(), { signal: this.gone.signal });
    this.running ??= this.run();
  }

  publish(record: OutgoingRecord): Promise<void> {
    const { config } = this.options;
    if (this.stopping || this.gone.signal.aborted) return Promise.reject(this.refusal());
    const rawBytes = record.value.length;
    if (rawBytes > config.maxValueBytes)
      return Promise.reject(
        this.tooLarge(`${rawBytes} bytes`, 'maxValueBytes', config.maxValueBytes),
      );
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        key: record.key,
        timestampMs: this.deps.clock.now(),
        rawBytes,
        headers: withId(record.headers, this.nextId),
        value: record.value,
        packed: false,
        release: record.release,
        resolve,
        reject,
      };
      this.hold(rawBytes);
      this.queue.push(entry);
      this.unpacked.push(entry);
      this.pack();
    });
  }

  /** Bytes are those held: of a value that is packed, the packed ones. */
  pending(): { readonly records: number; readonly bytes: number } {
    return { records: this.queue.length, bytes: this.bytes };
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.stopping = true;
    this.wake.resolve();
    await Promise.race([this.running, aborted(limit)]);
    const left = this.queue.length;
    if (left > 0)
      this.deps.logger.warn(
        { topic: this.options.topic, records: left, bytes: this.bytes },
        'publisher stopped with records that are not durable',
      );
    this.abandon();
  }

  health(): Health {
    return this.link.health;
  }

  private pack(): void {
    while (this.packing < MAX_PACKING) {
      const entry = this.unpacked.shift();
      if (!entry) return;
      this.packing++;
      void this.packOne(entry).finally(() => {
        this.packing--;
        this.wake.resolve();
        this.pack();
      });
    }
  }

  private async packOne(entry: Entry): Promise<void> {
    const { compression: kind, compressionLevel: level, maxRecordBytes } = this.options.config;
    try {
      const { value, headers } = await encodeValue(entry.value, { kind, level });
      this.hold(value.length - entry.value.length);
      if (value !== entry.value) entry.release?.();
      entry.value = value;
      entry.headers = { ...entry.headers, ...headers };
      if (value.length > maxRecordBytes) {
        const sizes = `${value.length} bytes (${entry.rawBytes} before compression)`;
        this.recordOutcome([entry], this.tooLarge(sizes, 'maxRecordBytes', maxRecordBytes));
      }
    } catch (error) {
      this.recordOutcome([entry], error);
    }
    entry.packed = true;
  }

  /** The only loop that sends. Rule "one idempotent send in flight per producer": more lost acknowledged records. */
  private async run(): Promise<void> {
    const over = aborted(this.gone.signal);
    while (!this.gone.signal.aborted) {
      const batch = this.nextBatch();
      if (batch.length > 0) await Promise.race([this.deliver(batch), over]);
      else if (this.stopping && this.queue.length === 0) return;
      else {
        this.wake = deferred();
        await Promise.race([this.wake.promise, over]);
      }
    }
  }

  /** What goes in one send: records in order, together never larger than one may be (kafkajs never splits a send). */
  private nextBatch(): readonly Entry[] {
    const limit = Math.min(this.options.config.maxRecordBytes, MAX_SEND_BYTES) + RECORD_OVERHEAD;
    const batch: Entry[] = [];
    let bytes = 0;
    for (const entry of this.queue) {
      bytes += entry.value.length + RECORD_OVERHEAD;
      if (!entry.packed || (batch.length > 0 && bytes > limit)) break;
      batch.push(entry);
    }
    return batch;
  }

  /** Sends until it is durable. Never rejects. */
  private async deliver(batch: readonly Entry[]): Promise<void> {
    const { topic, config } = this.options;
    const messages = batch.map(toMessage);
    const retry = retryBackoff(config);
    while (!this.gone.signal.aborted) {
      try {
        const producer = await this.connected();
        if (this.gone.signal.aborted) return this.discardProducer();
        // A send under way cannot be called back: what was abandoned may still arrive, and then come twice.
        await producer.send({ topic, messages, acks: -1, compression: CompressionTypes.None });
        if (this.gone.signal.aborted) return this.discardProducer();
        this.link.up();
        return this.recordOutcome(batch);
      } catch (error) {
        // Rule "never go on after a failed send on the same producer": the next batch then lost acknowledged
        // records. A new producer sends the same batch again; a double keeps its id.
        this.discardProducer();
        if (error instanceof ParallaxError) {
          this.link.fail(error); // the topic is wrong: no retry can help
          return this.recordOutcome(batch, error);
        }
        if (isTooLarge(error)) return this.deliverSingly(batch, error);
        this.deps.metrics.sendFailures.inc({ topic });
        this.link.down(error);
        await retry.wait(this.deps.clock, this.gone.signal);
      }
    }
  }

  /** The topic's own limit is lower than ours, changed since the check: find the record that is too large. */
  private async deliverSingly(batch: readonly Entry[], cause: unknown): Promise<void> {
    const [only] = batch;
    if (batch.length > 1) {
      for (const entry of batch) await this.deliver([entry]);
      return;
    }
    const { topic } = this.options;
    const message = `topic ${topic} refuses a record of ${only?.value.length} bytes: raise its max.message.bytes`;
    this.recordOutcome(batch, new ParallaxError('bus/too-large', message, { cause }));
  }

  private async connected(): Promise<Producer> {
    if (this.producer) return this.producer;
    const client = await this.options.client();
    const producer = client.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      // Said again, since a producer does not take it from the client when idempotent.
      retry: retryOptions(this.options.config),
    });
    this.producer = producer;
    await producer.connect();
    return producer;
  }

  private discardProducer(): void {
    const { producer } = this;
    this.producer = undefined;
    producer?.disconnect().catch((error: unknown) => {
      this.deps.logger.debug({ err: error }, 'producer did not disconnect');
    });
  }

  private recordOutcome(entries: readonly Entry[], error?: unknown): void {
    const { metrics, clock } = this.deps;
    const { topic } = this.options;
    for (const entry of entries) {
      const at = this.queue.indexOf(entry);
      if (at < 0) continue; // abandoned meanwhile
      this.queue.splice(at, 1);
      this.hold(-entry.value.length);
      if (error !== undefined) {
        const code = error instanceof ParallaxError ? error.code : 'unknown';
        metrics.refused.inc({ code });
        entry.reject(error);
        continue;
      }
      metrics.published.inc({ topic });
      metrics.publishedBytes.inc({ topic, form: 'raw' }, entry.rawBytes);
      metrics.publishedBytes.inc({ topic, form: 'stored' }, entry.value.length);
      metrics.publishSeconds.observe((clock.now() - entry.timestampMs) / 1000);
      entry.resolve();
    }
    metrics.pendingRecords.set({ topic }, this.queue.length);
  }

  private abandon(): void {
    this.stopping = true;
    this.gone.abort();
    this.unpacked.length = 0;
    this.recordOutcome([...this.queue], this.refusal());
    this.discardProducer();
  }

  private refusal(): ParallaxError {
    return new ParallaxError('bus/stopped', `the publisher of ${this.options.topic} was stopped`);
  }

  private tooLarge(size: string, setting: string, limit: number): ParallaxError {
    return new ParallaxError(
      'bus/too-large',
      `a record of ${size} exceeds bus.kafka.${setting} of ${limit} bytes: raise it, or seal smaller batches`,
    );
  }

  private hold(bytes: number): void {
    this.bytes += bytes;
    const { topic } = this.options;
    this.deps.metrics.pendingBytes.set({ topic }, this.bytes);
    this.deps.metrics.pendingRecords.set({ topic }, this.queue.length);
  }
}

function toMessage({ key, value, headers, timestampMs }: Entry): Message {
  return { key, value, headers: { ...headers }, timestamp: String(timestampMs) };
}
