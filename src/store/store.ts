// The contract of the store: ClickHouse, as a server or embedded (chDB), behind one interface.
import type { Component } from '../runtime/component.ts';
import type { Sql } from './sql.ts';

/** A block in ClickHouse's Native format, ready to be inserted. */
export interface NativeBlock {
  readonly table: string;
  /** The columns present, in order; columns left out take their default. */
  readonly columns: readonly string[];
  readonly rows: number;
  readonly bytes: Buffer;
}

export interface InsertOptions {
  /** The same token twice stores the block once: `topic:partition:offset` of the record it came from. */
  readonly token: string;
}

export type QueryParams = Readonly<
  Record<
    string,
    string | number | bigint | boolean | readonly string[] | readonly number[] | readonly bigint[]
  >
>;

/** What the engine read of its tables for a query. */
export interface QueryCost {
  readonly rows: number;
  readonly bytes: number;
}

/** A condition on the rows of a table, with `{name:Type}` in place of values. */
export interface TableFilter {
  readonly table: string;
  readonly where: string;
  readonly params: QueryParams;
}

export interface QueryOptions {
  /** Ends the query when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** A part's own question, one at a time and small: it does not wait behind the queries of users. */
  readonly own?: boolean;
  /** Called once, when the query has ended or failed; the promise never rejects. */
  readonly cost?: (read: Promise<QueryCost>) => void;
  /** The engine lets no row of these tables into the query that does not meet the condition, wherever it reads them. */
  readonly only?: readonly TableFilter[];
}

export interface Store extends Component {
  /**
   * Stores the block, all of it or nothing. Throws `store/unavailable` when trying again may help and
   * `store/rejected` when it cannot.
   */
  insert(block: NativeBlock, options: InsertOptions): Promise<void>;
  /**
   * Stores blocks of different tables one after the other, each as `insert` does, for less than as many inserts cost.
   * Called again with the same ones after it was cut short, it stores what is missing.
   */
  insertAll(blocks: readonly NativeBlock[], options: InsertOptions): Promise<void>;
  /**
   * Runs a reader's query with the reader's limits on it, without FORMAT or SETTINGS. A statement as text has
   * `{name:Type}` in place of every value, and its values in `params`; `rows` of rows.ts decodes. Yields rows as arrays in SELECT order: 64-bit integers as strings, Strings as text
   * (select bytes with base64Encode).
   */
  query(
    statement: Sql | string,
    params: QueryParams,
    options?: QueryOptions,
  ): AsyncIterable<readonly unknown[]>;
  /** Runs a statement that returns nothing (migrations, maintenance), with `{name:Type}` parameters. */
  command(sql: string, params?: QueryParams): Promise<void>;
}

/** All that answers need of a store. */
export type Reader = Pick<Store, 'query'>;
