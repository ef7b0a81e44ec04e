// The collector thread: reads from relays and passes every batch to the main thread, which publishes it.
import { parentPort, workerData } from 'node:worker_threads';
import { Registry } from 'prom-client';
import type { OutgoingRecord } from '../bus/bus.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import { systemClock } from '../runtime/clock.ts';
import { createLogger } from '../telemetry/logger.ts';
import { buildCollectors } from './build.ts';
import { fromThread, threadError } from './collector-thread.ts';
import type { ParallaxConfig } from './config.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

const HEALTH_EVERY_MS = 500;

const port = parentPort;
if (port === null) throw new Error('collector-thread-main runs as a worker thread only');

// Put there by createCollectorThread.
const config = workerData as Pick<ParallaxConfig, 'clusters' | 'collector' | 'log'>;
const registry = new Registry();
registry.setDefaultLabels({ role: 'up' });
const waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
let published = 0;
const leave = new AbortController();

const send = (message: FromThread, transfer: ArrayBuffer[] = []) =>
  port.postMessage(message, transfer);

const collectors = buildCollectors(
  config,
  { logger: createLogger({ config: config.log, role: 'up' }), registry, clock: systemClock },
  {
    publish({ key, value, headers }: OutgoingRecord) {
      const id = published++;
      // A batch has its buffer to itself, which is moved as a whole.
      const { buffer } = value;
      const moved = buffer instanceof ArrayBuffer ? [buffer] : [];
      return new Promise<void>((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        send({ kind: 'publish', id, key, value, headers: headers ?? {} }, moved);
      });
    },
  },
);

const beat = setInterval(
  () => send({ kind: 'health', health: collectors.health() }),
  HEALTH_EVERY_MS,
);

port.on('message', (message: ToThread) => {
  switch (message.kind) {
    case 'published': {
      const wait = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) wait?.reject(fromThread(message.error));
      else wait?.resolve();
      return;
    }
    case 'clusters':
      void apply(message.id, message.clusters);
      return;
    case 'metrics':
      void registry.metrics().then((text) => send({ kind: 'metrics', id: message.id, text }));
      return;
    case 'stop':
      void stop();
      return;
    case 'leave':
      leave.abort();
      return;
    default:
      message satisfies never;
  }
});

async function apply(id: number, clusters: readonly ClusterConfig[]): Promise<void> {
  try {
    send({ kind: 'applied', id, changes: await collectors.apply(clusters) });
  } catch (error) {
    send({ kind: 'applied', id, error: threadError(error) });
  }
}

async function stop(): Promise<void> {
  try {
    await collectors.stop(leave.signal);
    send({ kind: 'stopped' });
  } catch (error) {
    send({ kind: 'failed', error: threadError(error) });
  } finally {
    clearInterval(beat);
    port?.close();
  }
}

try {
  await collectors.start(leave.signal);
  send({ kind: 'health', health: collectors.health() });
  send({ kind: 'started' });
} catch (error) {
  send({ kind: 'failed', error: threadError(error) });
}
