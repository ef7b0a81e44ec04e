// What one answer costs: time, statements, what the engine read for it and the most memory one statement took.
import { type FlowQuery, queryFlows } from '../../../src/query/flows/flows.ts';
import type { ManagedStore } from '../../../src/store/engine/engine-store.ts';
import type { Store } from '../../../src/store/store.ts';

export interface Times {
  readonly millis: number;
  /** Of the process, engine included, milliseconds: on a busy machine nearer to the truth. */
  readonly cpuMillis: number;
}

export interface Cost extends Times {
  readonly answers: number;
  readonly statements: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

const LIMITS = { pageRows: 5000, heldRows: 10_000 };
const POLL_MS = 3;

/** The answer to one question, counted. */
export async function ask(store: ManagedStore, query: FlowQuery): Promise<Cost> {
  const before = await readSoFar(store);
  let statements = 0;
  const counting: Pick<Store, 'query'> = {
    query(...args) {
      statements++;
      return store.query(...args);
    },
  };
  const { found, ...times } = await timed(async () => {
    let answers = 0;
    // Nothing but `query` is used of a store to answer.
    for await (const _ of queryFlows(counting as Store, query, LIMITS)) answers++;
    return answers;
  });
  const after = await readSoFar(store);
  return {
    ...times,
    answers: found,
    statements,
    rowsRead: after.rows - before.rows,
    bytesRead: after.bytes - before.bytes,
  };
}

export async function timed<T>(ask: () => Promise<T>): Promise<Times & { readonly found: T }> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const found = await ask();
  const millis = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { millis, cpuMillis: (user + system) / 1000, found };
}

/** The peak of the hungriest statement of an answer; looks at it every few milliseconds, so that it may see less. */
export async function peakMemory(store: ManagedStore, query: FlowQuery): Promise<number> {
  let peak = 0;
  let done = false;
  const watch = async () => {
    while (!done) {
      const sql =
        "SELECT max(peak_memory_usage) FROM system.processes WHERE query LIKE '%time%' AND query NOT LIKE '%system.processes%'";
      for await (const [bytes] of store.query(sql, {})) peak = Math.max(peak, Number(bytes));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const watching = watch();
  for await (const _ of queryFlows(store, query, LIMITS));
  done = true;
  await watching;
  return peak;
}

/** Else the engine would remember which granules the same filter found nothing in. */
export async function forgetFilters(store: ManagedStore): Promise<void> {
  await store.command('SYSTEM DROP QUERY CONDITION CACHE');
}

export async function dropCaches(store: ManagedStore): Promise<void> {
  await forgetFilters(store);
  for (const cache of ['MARK', 'PRIMARY INDEX', 'INDEX MARK', 'UNCOMPRESSED', 'INDEX UNCOMPRESSED'])
    await store.command(`SYSTEM DROP ${cache} CACHE`);
}

async function readSoFar(
  store: ManagedStore,
): Promise<{ readonly rows: number; readonly bytes: number }> {
  const sql = `SELECT sumIf(value, event = 'SelectedRows'), sumIf(value, event = 'SelectedBytes') FROM system.events`;
  for await (const [rows, bytes] of store.query(sql, {}))
    return { rows: Number(rows), bytes: Number(bytes) };
  return { rows: 0, bytes: 0 };
}
