// Stores for tests: embedded in a directory, or of a server (CLICKHOUSE_URL when it is set, else a front over chDB).

import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { z } from 'zod';
import { systemClock } from '../../src/runtime/clock.ts';
import { storeConfig } from '../../src/store/config.ts';
import type { ManagedStore } from '../../src/store/engine/engine-store.ts';
import { createStore } from '../../src/store/open.ts';
import type { Sql } from '../../src/store/sql.ts';
import type { QueryParams, Store } from '../../src/store/store.ts';

export interface TestStore {
  readonly store: ManagedStore;
  readonly registry: Registry;
  stop(): Promise<void>;
}

export const never = new AbortController().signal;

/** Makes and starts a store; `tables` brings them up too. */
export async function openStore(
  config: z.input<typeof storeConfig>,
  { tables = true } = {},
): Promise<TestStore> {
  const registry = new Registry();
  const store = createStore({
    config: storeConfig.parse(config),
    logger: pino({ level: 'silent' }),
    registry,
    clock: systemClock,
  });
  await store.start(never);
  if (tables) await store.migrate();
  return { store, registry, stop: () => store.stop(never) };
}

export async function rowsOf(
  store: Pick<Store, 'query'>,
  sql: Sql | string,
  params: QueryParams = {},
  signal?: AbortSignal,
): Promise<readonly (readonly unknown[])[]> {
  const rows: (readonly unknown[])[] = [];
  const options = signal === undefined ? {} : { signal };
  for await (const row of store.query(sql, params, options)) rows.push(row);
  return rows;
}

/** The number a query of one cell tells. */
export async function numberOf(store: Store, sql: string, params: QueryParams = {}) {
  return Number((await rowsOf(store, sql, params))[0]?.[0]);
}
