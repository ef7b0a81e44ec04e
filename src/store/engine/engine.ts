// The interface to the two engines. They only run statements: repeated inserts, limits on running queries, metrics and
// migrations are the store's own and the same for both.
import type { NativeBlock, QueryOptions, QueryParams } from '../store.ts';

/** What a reader wants of a query beside its rows. */
export type EngineQueryOptions = Omit<QueryOptions, 'signal'>;

export interface Engine {
  readonly kind: 'chdb' | 'clickhouse';
  /** The database whose tables unqualified names mean. */
  readonly database: string;
  open(signal: AbortSignal): Promise<void>;
  /** Ends; statements still running are cut off when `limit` aborts. */
  close(limit: AbortSignal): Promise<void>;
  /** Stores the block under the token, or drops it when the engine knows the token. */
  insert(block: NativeBlock, token: string): Promise<void>;
  /** Streams the rows of a reader's query. */
  query(
    sql: string,
    params: QueryParams,
    signal: AbortSignal,
    options?: EngineQueryOptions,
  ): AsyncIterable<readonly unknown[]>;
  command(sql: string, params: QueryParams): Promise<void>;
  /** Makes the database when it is missing. */
  createDatabase(): Promise<void>;
}

/**
 * Settings of every insert: one block is one part, at once, and a known token is dropped. Skip indexes are left to the
 * merges (1 µs less a flow); a fresh part is small enough without. Rows that are added up have been by the writer.
 */
export const INSERT_SETTINGS = {
  async_insert: 0,
  insert_deduplicate: 1,
  max_partitions_per_insert_block: 0,
  max_insert_block_size: 1_000_000_000,
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 0,
  materialize_skip_indexes_on_insert: 0,
  optimize_on_insert: 0,
} as const;
