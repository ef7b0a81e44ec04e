// The in-process bus: the same contract as Kafka with nothing to install. A published record is held in memory, not on
// disk: what a killed process had not stored must come again from the relays.
import type { Logger } from 'pino';
import { aborted } from '../../runtime/async.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Bus, BusRecord, DeadLetter, OutgoingRecord, Publisher } from '../bus.ts';
import type { MemoryBusConfig } from '../config.ts';
import { recordIds, withId } from '../identity.ts';
import type { BusMetrics } from '../metrics.ts';
import { MemoryConsumer } from './consumer.ts';
import { MemoryDeadLetters } from './dead-letters.ts';
import { MemoryLog } from './log.ts';

export interface MemoryBusDeps {
  readonly logger: Logger;
  readonly metrics: BusMetrics;
  readonly clock: Clock;
}

export interface MemoryBus extends Bus {
  /** The newest dead letters, oldest first; the records' own values are left out. */
  deadLetters(): readonly DeadLetter[];
}

export function createMemoryBus(config: MemoryBusConfig, deps: MemoryBusDeps): MemoryBus {
  const { metrics } = deps;
  const logger = deps.logger.child({ component: 'bus' });
  const { maxBytes, partitions } = config;
  const log = new MemoryLog({ maxBytes, partitions, metrics });
  const letters = new MemoryDeadLetters(config, metrics);
  const publishers: MemoryPublisher[] = [];
  return {
    name: 'bus',
    start: async () => {},
    stop: async (limit) => {
      await Promise.all(publishers.map((publisher) => publisher.stop(limit)));
    },
    health: () => memoryHealth(log),
    publisher: () => {
      const publisher = new MemoryPublisher(log, { ...deps, logger });
      publishers.push(publisher);
      return publisher;
    },
    consumer: (options, handler) => new MemoryConsumer(options, handler, { log, logger, metrics }),
    tail: (handler) => memoryTail(log, handler, { logger, metrics }),
    caughtUp: (group, signal) => log.caughtUp(group, signal),
    deadLetter: (letter) => letters.add(letter, deps.clock.now()),
    deadLetters: () => letters.newest,
  };
}

function memoryHealth(log: MemoryLog): Health {
  if (!log.full) return { state: 'ok' };
  return {
    state: 'degraded',
    reason: `the in-process bus holds its ${log.maxBytes} bytes: the store is slower than the relays`,
  };
}

function memoryTail(
  log: MemoryLog,
  handler: (record: BusRecord) => void,
  { logger, metrics }: { logger: Logger; metrics: BusMetrics },
): Component {
  const over = new AbortController();
  return {
    name: 'bus tail',
    start: async (signal) => {
      const leave = log.tail((record) => {
        metrics.tailRecords.inc();
        try {
          handler(record);
        } catch (error) {
          metrics.tailErrors.inc();
          logger.warn({ err: error }, 'live listener failed');
        }
      });
      over.signal.addEventListener('abort', leave, { once: true });
      signal.addEventListener('abort', () => over.abort(), { signal: over.signal });
    },
    stop: async () => over.abort(),
    health: () => ({ state: 'ok' }),
  };
}

/** A record that waits for room. */
interface Ticket {
  readonly bytes: number;
  abandon: () => void;
}

class MemoryPublisher implements Publisher {
  readonly name = 'bus publisher';
  private readonly log: MemoryLog;
  private readonly deps: MemoryBusDeps;
  private readonly nextId = recordIds();
  private readonly waiting = new Set<Ticket>();
  private stopped = false;

  constructor(log: MemoryLog, deps: MemoryBusDeps) {
    this.log = log;
    this.deps = deps;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.abandon(), { once: true });
  }

  publish(record: OutgoingRecord): Promise<void> {
    const bytes = record.value.length;
    const { metrics, clock } = this.deps;
    if (this.stopped) return this.refuse('bus/stopped', 'the bus was stopped');
    if (bytes > this.log.maxBytes)
      return this.refuse(
        'bus/too-large',
        `a record of ${bytes} bytes does not fit in bus.memory.maxBytes of ${this.log.maxBytes}: raise it, or seal smaller batches`,
      );
    const headers = withId(record.headers, this.nextId);
    const accepted = clock.now();
    return new Promise((resolve, reject) => {
      const ticket: Ticket = { bytes, abandon: () => {} };
      this.waiting.add(ticket);
      const takeBack = this.log.reserve(bytes, () => {
        this.waiting.delete(ticket);
        this.gauge();
        metrics.published.inc({ topic: 'memory' });
        metrics.publishedBytes.inc({ topic: 'memory', form: 'raw' }, bytes);
        metrics.publishSeconds.observe((clock.now() - accepted) / 1000);
        const { key, value } = record;
        this.log.append({ key, value, headers, timestampMs: accepted });
        resolve();
      });
      ticket.abandon = () => {
        takeBack();
        reject(new ParallaxError('bus/stopped', 'the bus was stopped while it was full'));
      };
      this.gauge();
    });
  }

  pending(): { readonly records: number; readonly bytes: number } {
    let bytes = 0;
    for (const ticket of this.waiting) bytes += ticket.bytes;
    return { records: this.waiting.size, bytes };
  }

  /** Waits until all records are stored, as long as there is a consumer that could store them. */
  async stop(limit: AbortSignal): Promise<void> {
    this.stopped = true;
    const over = aborted(limit);
    while (!limit.aborted && this.log.draining) {
      let forget = () => {};
      const moved = new Promise<void>((wake) => {
        forget = this.log.onMoved(wake);
      });
      await Promise.race([over, moved]);
      forget();
    }
    const { held } = this.log;
    if (held + this.waiting.size > 0)
      this.deps.logger.warn(
        { held, waiting: this.waiting.size },
        'in-process bus stopped with records that are not stored',
      );
    this.abandon();
  }

  health(): Health {
    return memoryHealth(this.log);
  }

  private abandon(): void {
    this.stopped = true;
    for (const ticket of this.waiting) {
      this.waiting.delete(ticket);
      ticket.abandon();
    }
    this.gauge();
  }

  private gauge(): void {
    const { records, bytes } = this.pending();
    this.deps.metrics.pendingRecords.set({ topic: 'memory' }, records);
    this.deps.metrics.pendingBytes.set({ topic: 'memory' }, bytes);
  }

  private refuse(code: 'bus/stopped' | 'bus/too-large', message: string): Promise<never> {
    this.deps.metrics.refused.inc({ code });
    return Promise.reject(new ParallaxError(code, message));
  }
}
