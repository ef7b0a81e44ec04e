// Rows of an answer as typed objects: a statement's columns in SELECT order, each decoded by what it is.
import { ParallaxError } from '../runtime/errors.ts';
import type { Sql } from './sql.ts';
import type { QueryOptions, Reader } from './store.ts';

/** Reads one value as the engine delivers it (JSONCompactEachRow). Throws when it is of another kind. */
export type Decode<T> = (value: unknown) => T;

export type Shape = Readonly<Record<string, Decode<unknown>>>;
export type Row<S extends Shape> = { readonly [Name in keyof S]: ReturnType<S[Name]> };

/** String, FixedString, UUID, Enum, LowCardinality(String). */
export const text: Decode<string> = (value) => {
  if (typeof value === 'string') return value;
  throw unexpected(value, 'text');
};

/** Integers of up to 32 bits, Float32, Float64; 64-bit integers that fit a double. */
export const number: Decode<number> = (value) => {
  const read = typeof value === 'string' ? Number(value) : value;
  if (typeof read === 'number' && Number.isFinite(read)) return read;
  throw unexpected(value, 'a number');
};

/** Int64 and UInt64, also nanoseconds since 1970 from toUnixTimestamp64Nano. */
export const bigint: Decode<bigint> = (value) => {
  if (typeof value === 'string' || typeof value === 'number') return BigInt(value);
  throw unexpected(value, 'a whole number');
};

/** Bool, and comparisons, which are UInt8. */
export const flag: Decode<boolean> = (value) => {
  if (typeof value === 'boolean') return value;
  if (value === 0 || value === 1) return value === 1;
  throw unexpected(value, '0 or 1');
};

/** Text that is one of the words. */
export function oneOf<const W extends string>(words: readonly W[]): Decode<W> {
  return (value) => {
    const found = words.find((each) => each === value);
    if (found !== undefined) return found;
    throw unexpected(value, `one of ${words.join(', ')}`);
  };
}

/** Array(T). */
export function list<T>(of: Decode<T>): Decode<readonly T[]> {
  return (value) => {
    if (Array.isArray(value)) return value.map(of);
    throw unexpected(value, 'an array');
  };
}

/** Nullable(T). */
export function nullable<T>(of: Decode<T>): Decode<T | undefined> {
  return (value) => (value === null ? undefined : of(value));
}

/** Tuple(A, B, …). */
export function tuple<T extends readonly unknown[]>(
  ...of: { readonly [Index in keyof T]: Decode<T[Index]> }
): Decode<T> {
  return (value) => {
    if (!Array.isArray(value) || value.length !== of.length) throw unexpected(value, 'a tuple');
    // Each element was decoded by the decoder of its place.
    return of.map((decode, index) => decode(value[index])) as unknown as T;
  };
}

/** Runs a statement; `shape` names its columns in SELECT order. */
export async function* rows<S extends Shape>(
  store: Reader,
  statement: Sql,
  shape: S,
  options: QueryOptions = {},
): AsyncGenerator<Row<S>, void, undefined> {
  const columns = Object.entries(shape);
  for await (const values of store.query(statement, {}, options)) {
    if (values.length !== columns.length)
      throw new ParallaxError(
        'internal',
        `a row has ${values.length} columns instead of ${columns.length}`,
      );
    yield rowOf<S>(columns, values);
  }
}

/** All rows. */
export async function allRows<S extends Shape>(
  store: Reader,
  statement: Sql,
  shape: S,
  options: QueryOptions = {},
): Promise<Row<S>[]> {
  const found: Row<S>[] = [];
  for await (const row of rows(store, statement, shape, options)) found.push(row);
  return found;
}

/** The first row, or undefined when there is none. */
export async function firstRow<S extends Shape>(
  store: Reader,
  statement: Sql,
  shape: S,
  options: QueryOptions = {},
): Promise<Row<S> | undefined> {
  for await (const row of rows(store, statement, shape, options)) return row;
  return undefined;
}

/** The first columns of a row whose others are read in another way. */
export function readRow<S extends Shape>(shape: S, values: readonly unknown[]): Row<S> {
  return rowOf(Object.entries(shape), values);
}

function rowOf<S extends Shape>(
  columns: readonly (readonly [string, Decode<unknown>])[],
  values: readonly unknown[],
): Row<S> {
  const row: Record<string, unknown> = {};
  columns.forEach(([name, decode], index) => {
    row[name] = decode(values[index]);
  });
  // Every column of the shape was decoded above.
  return row as Row<S>;
}

function unexpected(value: unknown, wanted: string): ParallaxError {
  return new ParallaxError('internal', `a column holds ${JSON.stringify(value)}, not ${wanted}`);
}
