// The store of a data directory that no other process has open.
import pino from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { storeConfig } from '../../store/config.ts';
import { createStore } from '../../store/open.ts';
import type { Store } from '../../store/store.ts';

const CLOSE_MS = 5000;

/** Throws `store/migration` when its tables are not this version's. Close it with `closeDirectory`. */
export async function openDirectory(directory: string, signal: AbortSignal): Promise<Store> {
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

export function closeDirectory(store: Store): Promise<void> {
  return store.stop(AbortSignal.timeout(CLOSE_MS));
}
