// Reads a data directory that no other process has open.
import pino from 'pino';
import { Registry } from 'prom-client';
import type { GetFlowsResponse } from '../../hubble/schema.gen.ts';
import { answer } from '../../query/answer.ts';
import { apiConfig } from '../../query/config.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { storeConfig } from '../../store/config.ts';
import { createStore } from '../../store/open.ts';
import type { Store } from '../../store/store.ts';
import type { ObserveOptions } from './options.ts';

const CLOSE_MS = 5000;

export async function* askDirectory(
  directory: string,
  options: ObserveOptions,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  if (options.follow)
    throw new ParallaxError(
      'input/invalid',
      `nothing is being collected into ${directory}, so there is nothing to follow; start \`parallax up\`, or name a server with --server`,
    );
  const store = await opened(directory, signal);
  try {
    const items = answer(
      { store, limits: apiConfig.parse({}) },
      { ...options, events: 'matching' },
      signal,
    );
    for await (const item of items) {
      if (item.kind === 'notice') say(item.notice);
      else yield item.response;
    }
  } finally {
    await store.stop(AbortSignal.timeout(CLOSE_MS));
  }
}

/** Runs `work` on the directory's store and closes it again. */
export async function withDirectory<T>(
  directory: string,
  signal: AbortSignal,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const store = await opened(directory, signal);
  try {
    return await work(store);
  } finally {
    await store.stop(AbortSignal.timeout(CLOSE_MS));
  }
}

async function opened(directory: string, signal: AbortSignal): Promise<Store> {
  const store = createStore({
    config: storeConfig.parse({ kind: 'chdb', chdb: { path: directory } }),
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    clock: systemClock,
  });
  await store.start(signal);
  try {
    const { migrations } = await store.migrate({ dryRun: true });
    if (migrations.length > 0)
      throw new ParallaxError(
        'store/migration',
        `${directory} has no tables of this version yet; run \`parallax migrate\` or \`parallax up\` on it first`,
      );
  } catch (error) {
    await store.stop(AbortSignal.timeout(CLOSE_MS));
    throw error;
  }
  return store;
}
