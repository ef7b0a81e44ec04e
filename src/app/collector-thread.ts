// Runs the collectors in a worker thread, so that reading from relays never waits for decoding or storing. This is the main
// thread's side, which publishes the batches on its bus.
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { Publisher } from '../bus/bus.ts';
import type { ClusterConfig } from '../ingest/config.ts';
import { deferred } from '../runtime/async.ts';
import type { Component, Health } from '../runtime/component.ts';
import { type ErrorCode, ParallaxError } from '../runtime/errors.ts';
import type { SetChanges } from './collector-set.ts';
import type { ParallaxConfig } from './config.ts';
import type { FromThread, ThreadError, ToThread } from './thread-messages.ts';

export interface CollectorThread extends Component {
  /** Resolves when the thread has stopped; rejects when it failed. */
  readonly ended: Promise<void>;
  /** The thread's metrics in Prometheus text. */
  metrics(): Promise<string>;
  /** Changes the collected clusters; resolves with the changes. */
  apply(clusters: readonly ClusterConfig[]): Promise<SetChanges>;
}

/** The caller starts and stops `publisher`. */
// Long because its functions share the state of one thread.
export function createCollectorThread(deps: {
  /** Called at the start, when the addresses of simulated relays are known. */
  readonly config: () => Pick<ParallaxConfig, 'clusters' | 'collector' | 'log'>;
  readonly publisher: Publisher;
  readonly logger: Logger;
}): CollectorThread {
  const { publisher, logger } = deps;
  let worker: Worker | undefined;
  let health: Health = { state: 'failed', reason: 'not started' };
  let requests = 0;
  let stopped = false;
  const answers = new Map<number, (text: string) => void>();
  const changes = new Map<number, ReturnType<typeof deferred<SetChanges>>>();
  const started = deferred<void>();
  const ended = deferred<void>();
  // A failure without anyone waiting must not end the process.
  started.promise.catch(() => undefined);
  ended.promise.catch(() => undefined);

  function send(message: ToThread): void {
    worker?.postMessage(message);
  }

  async function publish(message: FromThread & { kind: 'publish' }): Promise<void> {
    const { id, key, headers } = message;
    const { buffer, byteOffset, byteLength } = message.value;
    try {
      await publisher.publish({ key, value: Buffer.from(buffer, byteOffset, byteLength), headers });
      send({ kind: 'published', id });
    } catch (error) {
      send({ kind: 'published', id, error: threadError(error) });
    }
  }

  function receive(message: FromThread): void {
    switch (message.kind) {
      case 'publish':
        void publish(message);
        return;
      case 'started':
        started.resolve();
        return;
      case 'metrics':
        answers.get(message.id)?.(message.text);
        answers.delete(message.id);
        return;
      case 'applied': {
        const change = changes.get(message.id);
        changes.delete(message.id);
        if (message.changes) change?.resolve(message.changes);
        else change?.reject(fromThread(message.error ?? { code: undefined, message: 'no answer' }));
        return;
      }
      case 'health':
        health = message.health;
        return;
      case 'stopped':
        stopped = true;
        ended.resolve();
        return;
      case 'failed':
        fail(fromThread(message.error));
        return;
      default:
        message satisfies never;
    }
  }

  function fail(error: unknown): void {
    health = { state: 'failed', reason: error instanceof Error ? error.message : String(error) };
    logger.error({ err: error }, 'collector thread failed');
    started.reject(error);
    ended.reject(error);
    for (const change of changes.values()) change.reject(error);
    changes.clear();
  }

  return {
    name: 'collectors',
    ended: ended.promise,
    async start(signal) {
      const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
      const { clusters, collector, log } = deps.config();
      worker = new Worker(new URL(`./collector-thread-main.${suffix}`, import.meta.url), {
        workerData: { clusters, collector, log },
      });
      worker.on('message', receive);
      worker.on('error', fail);
      worker.on('exit', (code) => {
        // A stopped thread may be terminated before it exits, with code 1.
        if (code === 0 || stopped) ended.resolve();
        else fail(new Error(`collector thread ended with code ${code}`));
      });
      signal.addEventListener('abort', () => send({ kind: 'leave' }));
      await started.promise;
    },
    async stop(limit) {
      limit.addEventListener('abort', () => send({ kind: 'leave' }));
      send({ kind: 'stop' });
      await ended.promise;
      await worker?.terminate();
    },
    health: () => health,
    apply(clusters) {
      const id = requests++;
      const change = deferred<SetChanges>();
      changes.set(id, change);
      send({ kind: 'clusters', id, clusters });
      return change.promise;
    },
    metrics() {
      if (!worker) return Promise.resolve('');
      const id = requests++;
      send({ kind: 'metrics', id });
      return new Promise((resolve) => {
        answers.set(id, resolve);
        // A busy thread must not hold up a scrape.
        setTimeout(() => {
          if (answers.delete(id)) resolve('');
        }, 1000).unref();
      });
    },
  };
}

export function threadError(error: unknown): ThreadError {
  return error instanceof ParallaxError
    ? { code: error.code, message: error.message }
    : { code: undefined, message: error instanceof Error ? error.message : String(error) };
}

export function fromThread({ code, message }: ThreadError): Error {
  if (code === undefined) return new Error(message);
  return new ParallaxError(code as ErrorCode, message); // as threadError took it from a ParallaxError
}
