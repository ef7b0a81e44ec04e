import type { Registry } from 'prom-client';
import { instruments } from '../telemetry/instruments.ts';

// Long because it is the list of all its instruments.
export function storeMetrics(registry: Registry) {
  const { counter, gauge, histogram } = instruments(registry, 'parallax_store_');
  return {
    inserts: counter('inserts_total', 'Blocks inserted, by table.', 'table'),
    insertedRows: counter('inserted_rows_total', 'Rows of inserted blocks, by table.', 'table'),
    insertedBytes: counter(
      'inserted_bytes_total',
      'Bytes of inserted blocks as sent, by table.',
      'table',
    ),
    repeated: counter(
      'repeated_inserts_total',
      'Inserts that the store had already (`dropped`), or had lost and got again (`restored`).',
      'outcome',
    ),
    insertSeconds: histogram(
      'insert_seconds',
      'Time until the blocks of one token were stored.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    ),
    queries: counter(
      'queries_total',
      'Queries ended, by outcome: ok, aborted, or the error code.',
      'outcome',
    ),
    querySeconds: histogram(
      'query_seconds',
      'Time of one query, waits for its reader included.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    ),
    queryRows: counter('query_rows_total', 'Rows returned to readers.'),
    queriesRunning: gauge('queries_running', 'Queries running now.'),
    queriesWaiting: gauge('queries_waiting', 'Queries waiting for a free slot.'),
    errors: counter(
      'errors_total',
      'Failed operations, by operation and error code.',
      'operation',
      'code',
    ),
    parts: gauge(
      'parts',
      'Active parts, by table; inserts are slowed at 1000 in one partition.',
      'table',
    ),
    rows: gauge('rows', 'Rows stored, by table.', 'table'),
    diskBytes: gauge('disk_bytes', 'Bytes of active parts on disk, by table.', 'table'),
    merges: gauge('merges_running', 'Merges running now.'),
  };
}

export type StoreMetrics = ReturnType<typeof storeMetrics>;
