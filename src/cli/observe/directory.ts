// Reads a data directory that no other process has open.
import pino from 'pino';
import { Registry } from 'prom-client';
import type { GetFlowsResponse } from '../../hubble/schema.gen.ts';
import { answer } from '../../query/answer.ts';
import { apiConfig } from '../../query/config.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { storeConfig } from '../../store/config.ts';
import type { ManagedStore } from '../../store/engine-store.ts';
import { createStore } from '../../store/open.ts';
import type { Listeners } from './client.ts';
import type { ObserveOptions } from './options.ts';

const CLOSE_MS = 5000;

export async function* askDirectory(
  directory: string,
  options: ObserveOptions,
  { say, progress }: Listeners,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  if (options.follow)
    throw new ParallaxError(
      'input/invalid',
      `nothing is being collected into ${directory}, so there is nothing to follow; start \`parallax up\`, or name a server with --server`,
    );
  const store = await openDirectory(directory, signal);
  try {
    const items = answer(
      { store, limits: apiConfig.parse({}), progress },
      { ...options, events: 'matching' },
      signal,
    );
    for await (const item of items) {
      if (item.kind === 'notice') say(item.notice);
      else yield item.response;
    }
  } finally {
    await closeDirectory(store);
  }
}

/** Throws where another process has it open, or its tables are not of this version. */
export async function openDirectory(directory: string, signal: AbortSignal): Promise<ManagedStore> {
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
    await closeDirectory(store);
    throw error;
  }
  return store;
}

export function closeDirectory(store: ManagedStore): Promise<void> {
  return store.stop(AbortSignal.timeout(CLOSE_MS));
}
