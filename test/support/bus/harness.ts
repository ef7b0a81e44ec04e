// What the bus tests share: a bus with its own topic, logs that can be looked at, and waiting that names what it waits
// for.
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { Bus, BusRecord, Publisher } from '../../../src/bus/bus.ts';
import { busConfig } from '../../../src/bus/config.ts';
import { createBus } from '../../../src/bus/open.ts';
import { systemClock } from '../../../src/runtime/clock.ts';

export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface TestBus {
  readonly bus: Bus;
  readonly registry: Registry;
  readonly logs: readonly LogLine[];
}

export function uniqueTopic(): string {
  return `test.${randomBytes(6).toString('hex')}.v1`;
}

/** A bus of the settings given, not started. */
export function makeBus(settings: object, level = 'info'): TestBus {
  const logs: LogLine[] = [];
  const logger = pino({ level }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const registry = new Registry();
  const bus = createBus(busConfig.parse(settings), { logger, registry, clock: systemClock });
  return { bus, registry, logs };
}

/** Settings of a bus on a test broker: quick to give up, quick to notice. */
export function kafkaSettings(brokers: readonly string[], kafka: object = {}) {
  return {
    kind: 'kafka',
    kafka: {
      brokers,
      topic: uniqueTopic(),
      partitions: 3,
      replicationFactor: 1,
      sessionTimeout: '6s',
      heartbeatInterval: '500ms',
      fetchWait: '100ms',
      lagInterval: '300ms',
      ...kafka,
    },
  };
}

export const never = new AbortController().signal;
setMaxListeners(0, never); // every test listens to the same one

export function within(ms: number): AbortSignal {
  return AbortSignal.timeout(ms);
}

export async function until(what: string, true_: () => boolean, ms = 60_000): Promise<void> {
  const end = Date.now() + ms;
  while (!true_()) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain until ${what}`);
    await sleep(10);
  }
}

export async function startedPublisher(bus: Bus): Promise<Publisher> {
  const publisher = bus.publisher();
  await publisher.start(never);
  return publisher;
}

export function text(record: BusRecord): string {
  return record.value.toString();
}

export function send(publisher: Publisher, key: string, ...values: string[]): Promise<unknown> {
  return Promise.all(values.map((value) => publisher.publish({ key, value: Buffer.from(value) })));
}

/** The number of a metric, summed over the label values given. */
export async function metric(
  registry: Registry,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const { values } = (await registry.getSingleMetric(`parallax_bus_${name}`)?.get()) ?? {
    values: [],
  };
  return values
    .filter((value) => Object.entries(labels).every(([key, want]) => value.labels[key] === want))
    .reduce((sum, { value }) => sum + value, 0);
}
