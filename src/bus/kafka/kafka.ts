// The bus on Apache Kafka: wires client, topics, publishers, consumers and dead letters. These files are the only ones
// that see kafkajs, so that it can be replaced.

import type { Kafka } from 'kafkajs';
import { aborted, deferred } from '../../runtime/async.ts';
import { retryBackoff } from '../../runtime/backoff.ts';
import type { Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type {
  Bus,
  BusRecord,
  Consumer,
  ConsumerOptions,
  DeadLetter,
  RecordHandler,
} from '../bus.ts';
import type { KafkaBusConfig } from '../config.ts';
import { groupCaughtUp } from './caught-up.ts';
import { createKafkaClient } from './client.ts';
import { KafkaConsumer } from './consumer.ts';
import { publishDeadLetter } from './dead-letters.ts';
import { Link, type LinkDeps } from './link.ts';
import { KafkaPublisher } from './publisher.ts';
import { KafkaTail } from './tail.ts';
import { deadLetterTopic, ensureTopics } from './topic.ts';

/** `start` waits this long for the brokers, then goes on without them: relays must be read meanwhile. */
const START_WAIT_MS = 10_000;

export function createKafkaBus(config: KafkaBusConfig, deps: LinkDeps): Bus {
  return new KafkaBus(config, { ...deps, logger: deps.logger.child({ component: 'bus' }) });
}

class KafkaBus implements Bus {
  readonly name = 'bus';
  private readonly config: KafkaBusConfig;
  private readonly deps: LinkDeps;
  private readonly link: Link;
  private readonly ready = deferred<Kafka>();
  private readonly over = new AbortController();
  private readonly letters: KafkaPublisher;
  private preparing: Promise<void> | undefined;

  constructor(config: KafkaBusConfig, deps: LinkDeps) {
    this.config = config;
    this.deps = deps;
    this.link = new Link('topics', deps);
    this.ready.promise.catch(() => {}); // who needs the client asks for it and gets the error
    this.letters = this.publisherOf('bus dead letters', deadLetterTopic(config));
  }

  /** Rejects with `bus/topic` when a topic would lose or refuse records; waits in the background for absent brokers. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.preparing) return;
    signal.addEventListener('abort', () => this.over.abort(), { once: true });
    const client = createKafkaClient(this.config, this.deps.logger);
    this.preparing = this.prepare(client);
    this.preparing.catch(() => {}); // may fail after nobody waits any more; the link and `ready` say so
    await this.letters.start(signal);
    const patience = new AbortController();
    try {
      await Promise.race([
        this.preparing,
        this.deps.clock.sleep(START_WAIT_MS, patience.signal),
        aborted(signal),
      ]);
    } finally {
      patience.abort();
    }
  }

  async stop(limit: AbortSignal): Promise<void> {
    await this.letters.stop(limit);
    this.over.abort();
    await Promise.race([this.preparing?.catch(() => {}), aborted(limit)]);
    this.ready.reject(new ParallaxError('bus/stopped', 'the bus was stopped'));
  }

  health(): Health {
    return this.link.health;
  }

  publisher(): KafkaPublisher {
    return this.publisherOf('bus publisher', this.config.topic);
  }

  consumer(options: ConsumerOptions, handler: RecordHandler): Consumer {
    const { config } = this;
    return new KafkaConsumer(
      {
        ...options,
        topic: config.topic,
        config,
        client: () => this.ready.promise,
        deadLetter: (letter) => this.deadLetter(letter),
      },
      handler,
      this.deps,
    );
  }

  tail(handler: (record: BusRecord) => void): KafkaTail {
    const { config } = this;
    const client = () => this.ready.promise;
    return new KafkaTail({ topic: config.topic, config, client }, handler, this.deps);
  }

  async caughtUp(group: string, signal: AbortSignal): Promise<void> {
    const client = await Promise.race([this.ready.promise, aborted(signal)]);
    const { topic } = this.config;
    if (client) await groupCaughtUp(client, { topic, group }, this.deps.clock, signal);
  }

  deadLetter(letter: DeadLetter): Promise<void> {
    return publishDeadLetter(
      letter,
      this.letters,
      this.deps.metrics,
      Math.min(this.config.maxRecordBytes, this.config.maxValueBytes),
    );
  }

  private publisherOf(name: string, topic: string): KafkaPublisher {
    const client = () => this.ready.promise;
    return new KafkaPublisher({ name, topic, config: this.config, client }, this.deps);
  }

  /** Creates or checks the topics as soon as there are brokers; rejects when they are wrong. */
  private async prepare(client: Kafka): Promise<void> {
    const { config } = this;
    const { clock, logger } = this.deps;
    const topics = [
      { topic: config.topic, partitions: config.partitions },
      { topic: deadLetterTopic(config), partitions: 1 },
    ];
    const retry = retryBackoff(config);
    while (!this.over.signal.aborted) {
      const admin = client.admin();
      try {
        await admin.connect();
        await ensureTopics(admin, topics, config, logger);
        this.link.up();
        return this.ready.resolve(client);
      } catch (error) {
        if (error instanceof ParallaxError) {
          this.link.fail(error);
          this.ready.reject(error);
          throw error;
        }
        this.link.down(error);
      } finally {
        await admin.disconnect().catch(() => {});
      }
      await retry.wait(clock, this.over.signal);
    }
  }
}
