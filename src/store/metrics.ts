import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

// Long because it is the list of all its instruments.
export function storeMetrics(registry: Registry) {
  const registers = [registry];
  return {
    inserts: new Counter({
      name: 'parallax_store_inserts_total',
      help: 'Blocks inserted, by table.',
      labelNames: ['table'],
      registers,
    }),
    insertedRows: new Counter({
      name: 'parallax_store_inserted_rows_total',
      help: 'Rows of inserted blocks, by table.',
      labelNames: ['table'],
      registers,
    }),
    insertedBytes: new Counter({
      name: 'parallax_store_inserted_bytes_total',
      help: 'Bytes of inserted blocks as sent, by table.',
      labelNames: ['table'],
      registers,
    }),
    repeated: new Counter({
      name: 'parallax_store_repeated_inserts_total',
      help: 'Inserts that the store had already (`dropped`), or had lost and got again (`restored`).',
      labelNames: ['outcome'],
      registers,
    }),
    insertSeconds: new Histogram({
      name: 'parallax_store_insert_seconds',
      help: 'Time until the blocks of one token were stored.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
      registers,
    }),
    queries: new Counter({
      name: 'parallax_store_queries_total',
      help: 'Queries ended, by outcome: ok, aborted, or the error code.',
      labelNames: ['outcome'],
      registers,
    }),
    querySeconds: new Histogram({
      name: 'parallax_store_query_seconds',
      help: 'Time of one query, waits for its reader included.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
      registers,
    }),
    queryRows: new Counter({
      name: 'parallax_store_query_rows_total',
      help: 'Rows returned to readers.',
      registers,
    }),
    queriesRunning: new Gauge({
      name: 'parallax_store_queries_running',
      help: 'Queries running now.',
      registers,
    }),
    queriesWaiting: new Gauge({
      name: 'parallax_store_queries_waiting',
      help: 'Queries waiting for a free slot.',
      registers,
    }),
    errors: new Counter({
      name: 'parallax_store_errors_total',
      help: 'Failed operations, by operation and error code.',
      labelNames: ['operation', 'code'],
      registers,
    }),
    parts: new Gauge({
      name: 'parallax_store_parts',
      help: 'Active parts, by table; inserts are slowed at 1000 in one partition.',
      labelNames: ['table'],
      registers,
    }),
    rows: new Gauge({
      name: 'parallax_store_rows',
      help: 'Rows stored, by table.',
      labelNames: ['table'],
      registers,
    }),
    diskBytes: new Gauge({
      name: 'parallax_store_disk_bytes',
      help: 'Bytes of active parts on disk, by table.',
      labelNames: ['table'],
      registers,
    }),
    merges: new Gauge({
      name: 'parallax_store_merges_running',
      help: 'Merges running now.',
      registers,
    }),
  };
}

export type StoreMetrics = ReturnType<typeof storeMetrics>;
