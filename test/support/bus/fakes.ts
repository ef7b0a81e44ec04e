// A kafkajs client that does as it is told, for what a real broker would not do on demand.
import type { Kafka, Message } from 'kafkajs';
import pino from 'pino';
import { Registry } from 'prom-client';
import { busConfig } from '../../../src/bus/config.ts';
import { busMetrics } from '../../../src/bus/metrics.ts';

export interface SentBatch {
  readonly producer: number;
  readonly messages: readonly Message[];
}

/** What becomes of a send: undefined is an acknowledgement. */
export type Fate = (batch: SentBatch, sends: number) => Promise<void> | undefined;

export function fakeKafka(fate: Fate = () => undefined) {
  const sent: SentBatch[] = [];
  const disconnected: number[] = [];
  let producers = 0;
  let atOnce = 0;
  let most = 0;
  const client = {
    producer: () => {
      const number = producers++;
      return {
        connect: async () => {},
        disconnect: async () => void disconnected.push(number),
        send: async ({ messages }: { messages: Message[] }) => {
          most = Math.max(most, ++atOnce);
          const batch = { producer: number, messages };
          sent.push(batch);
          try {
            await new Promise((resolve) => setImmediate(resolve));
            await fate(batch, sent.length);
          } finally {
            atOnce--;
          }
        },
      };
    },
  };
  return {
    // Only what the publisher uses of it.
    client: client as unknown as Kafka,
    sent,
    disconnected,
    mostAtOnce: () => most,
    producers: () => producers,
  };
}

export function kafkaError(type: string, retriable = true): Error {
  return Object.assign(new Error(`the broker says ${type}`), { type, retriable });
}

/** Dependencies of the Kafka parts; sleeping takes no time and is written down. */
export function fakeDeps() {
  const logs: { level: number; msg: string; [field: string]: unknown }[] = [];
  const registry = new Registry();
  const slept: number[] = [];
  return {
    logs,
    registry,
    slept,
    deps: {
      logger: pino(
        { level: 'debug' },
        { write: (line: string) => void logs.push(JSON.parse(line)) },
      ),
      metrics: busMetrics(registry),
      clock: {
        now: () => Date.now(),
        sleep: (ms: number) => {
          slept.push(ms);
          return new Promise<void>((resolve) => setImmediate(resolve));
        },
      },
    },
  };
}

export function kafkaConfig(kafka: object = {}) {
  return busConfig.parse({ kind: 'kafka', kafka }).kafka;
}
