// Sees records published from now on, for live streams: a group of its own with a random name, no commits, and no
// promise. What is missed while the brokers are gone stays missed.

import { randomUUID } from 'node:crypto';
import type { EachBatchPayload, Kafka } from 'kafkajs';
import { aborted, deferred } from '../../runtime/async.ts';
import { type Backoff, retryBackoff } from '../../runtime/backoff.ts';
import type { Component, Health } from '../../runtime/component.ts';
import type { BusRecord } from '../bus.ts';
import type { KafkaBusConfig } from '../config.ts';
import { decodeValue, ENCODING_HEADER } from '../values/value-codec.ts';
import { Link, type LinkDeps } from './link.ts';
import { toRecord } from './record.ts';
import { runSession } from './session.ts';

export interface KafkaTailOptions {
  readonly topic: string;
  readonly config: KafkaBusConfig;
  readonly client: () => Promise<Kafka>;
}

export class KafkaTail implements Component {
  readonly name = 'bus tail';
  private readonly options: KafkaTailOptions;
  private readonly handler: (record: BusRecord) => void;
  private readonly deps: LinkDeps;
  private readonly link: Link;
  private readonly stopped = deferred<void>();
  private readonly listening = deferred<void>();
  private readonly over = new AbortController();
  private running: Promise<void> | undefined;
  private readonly retry: Backoff;

  constructor(options: KafkaTailOptions, handler: (record: BusRecord) => void, deps: LinkDeps) {
    this.options = options;
    this.handler = handler;
    this.deps = deps;
    this.link = new Link('tail', deps);
    this.retry = retryBackoff(options.config);
  }

  /** Resolves when what is published from then on is seen, or when that is not possible now. */
  async start(signal: AbortSignal): Promise<void> {
    // Taken off again when it ends: live streams come and go, the signal stays.
    signal.addEventListener('abort', () => this.leave(), { signal: this.over.signal });
    this.running ??= this.run();
    await Promise.race([this.listening.promise, this.stopped.promise]);
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.leave();
    await Promise.race([this.running, aborted(limit)]);
  }

  health(): Health {
    return this.link.health;
  }

  private leave(): void {
    this.stopped.resolve();
    this.over.abort();
  }

  private async run(): Promise<void> {
    while (!this.over.signal.aborted) {
      try {
        const client = await Promise.race([this.options.client(), this.stopped.promise]);
        if (client) await this.session(client);
      } catch (error) {
        if (this.over.signal.aborted) return;
        this.link.down(error);
        this.listening.resolve();
        await this.retry.wait(this.deps.clock, this.over.signal);
      }
    }
  }

  private async session(client: Kafka): Promise<void> {
    const { config, topic } = this.options;
    await runSession(
      {
        client,
        config,
        clock: this.deps.clock,
        group: `${config.clientId}-tail-${randomUUID()}`,
        topic,
        fromBeginning: false,
        tail: true,
        concurrency: 1,
        eachBatch: (payload) => this.batch(payload),
        onJoin: () => {
          this.retry.reset();
          this.link.up();
        },
        onRebalance: () => {},
        // "Latest" is looked up with the first fetch, not when joining.
        onFetch: () => this.listening.resolve(),
      },
      this.stopped.promise,
    );
  }

  private async batch({ batch, heartbeat, isRunning }: EachBatchPayload): Promise<void> {
    const { metrics, logger } = this.deps;
    for (const message of batch.messages) {
      if (!isRunning()) return;
      const record = toRecord(batch.topic, batch.partition, message);
      const { [ENCODING_HEADER]: encoding, ...headers } = record.headers;
      try {
        const value = await decodeValue(record.value, encoding, this.options.config.maxValueBytes);
        metrics.tailRecords.inc();
        this.handler({ ...record, value, headers });
      } catch (error) {
        metrics.tailErrors.inc();
        logger.debug({ err: error }, 'live listener failed');
      }
      await heartbeat();
    }
  }
}
