// Five-minute slots that hold rows: the oldest, the newest, and how many rows of each pass a filter. Counting reads only
// the columns that a filter names, so a day in which next to nothing passes is ruled out without its times and uuids.
import { allRows, bigint, firstRow, number } from '../../store/rows.ts';
import { join, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { Wanted } from './page.ts';
import { inRange, type TimeRange } from './range.ts';

export interface SlotRows {
  readonly slot: bigint;
  readonly rows: number;
}

export interface Ends {
  readonly oldest: bigint;
  readonly newest: bigint;
}

/** Slots of one statement: six years of them would not fit. */
export const MOST_SLOTS = 10_000;

/** The oldest and newest slot with flows; undefined when there are none. The engine knows both without reading a row. */
export async function storedSlots(store: Reader, signal?: AbortSignal): Promise<Ends | undefined> {
  const statement = sql`SELECT count(), min(time_slot), max(time_slot) FROM ${table('flows')}`;
  const shape = { count: bigint, oldest: bigint, newest: bigint };
  const found = await firstRow(store, statement, shape, { signal });
  if (found === undefined || found.count === 0n) return undefined;
  return { oldest: found.oldest, newest: found.newest };
}

/** The oldest or newest slot of the range that has flows; undefined when there are none. */
export async function boundarySlot(
  store: Reader,
  range: TimeRange,
  edge: 'oldest' | 'newest',
  signal?: AbortSignal,
): Promise<bigint | undefined> {
  const order = edge === 'oldest' ? sql`ASC` : sql`DESC`;
  const statement = sql`SELECT time_slot FROM ${table('flows')} WHERE ${inRange('flows', range)}
    ORDER BY time_slot ${order} LIMIT 1`;
  return (await firstRow(store, statement, { slot: bigint }, { signal }))?.slot;
}

/**
 * The slots of the range with rows that SQL lets through, in order of the scan, MOST_SLOTS at most: when there are so
 * many, more may follow behind the last.
 */
export function slotsWith(
  store: Reader,
  range: TimeRange,
  filter: Wanted['filter'],
  direction: 'forward' | 'backward',
  signal?: AbortSignal,
): Promise<readonly SlotRows[]> {
  const shape = { slot: bigint, rows: number };
  return allRows(store, slotsStatement(range, filter, direction), shape, { signal });
}

/** The statement of `slotsWith`. A row that passes two of the filter's alternatives counts twice. */
export function slotsStatement(
  range: TimeRange,
  filter: Wanted['filter'],
  direction: 'forward' | 'backward',
): Sql {
  const within = inRange('flows', range);
  const counts = (filter.alternatives ?? [filter.condition]).map(
    (each) =>
      sql`SELECT time_slot, count() AS passing FROM ${table('flows')} WHERE ${within} AND (${each}) GROUP BY time_slot`,
  );
  const order = direction === 'forward' ? sql`ASC` : sql`DESC`;
  return sql`SELECT time_slot, sum(passing) FROM (${join(counts, sql` UNION ALL `)})
    GROUP BY time_slot ORDER BY time_slot ${order} LIMIT ${MOST_SLOTS}`;
}
