// Which five-minute slots hold what is asked: the newest and oldest there are, and how many rows of each pass a filter.
// Asked before rows are: counting reads only the columns a filter names, so that a day in which next to nothing passes
// is ruled out without its times and uuids being read.
import type { QueryParams, Reader } from '../../store/store.ts';
import type { CompiledSql } from '../sql/compile.ts';
import { rangeCondition, type TimeRange, toBigint } from './range.ts';

export interface SlotRows {
  readonly slot: bigint;
  readonly rows: number;
}

export interface Ends {
  readonly oldest: bigint;
  readonly newest: bigint;
}

/** Slots told of at once: six years of them would not fit. */
export const MOST_SLOTS = 10_000;

/** The oldest and newest slot with flows; undefined when there are none. The engine knows both without reading a row. */
export async function storedSlots(store: Reader, signal?: AbortSignal): Promise<Ends | undefined> {
  const sql = 'SELECT count(), min(time_slot), max(time_slot) FROM flows';
  for await (const [rows, oldest, newest] of store.query(sql, {}, signal && { signal }))
    if (toBigint(rows) > 0n) return { oldest: toBigint(oldest), newest: toBigint(newest) };
  return undefined;
}

/** The oldest or newest slot of the range that has flows; undefined when there are none. */
export async function edgeSlot(
  store: Reader,
  range: TimeRange,
  edge: 'oldest' | 'newest',
  signal?: AbortSignal,
): Promise<bigint | undefined> {
  const { where, params } = rangeCondition('flows', range);
  const order = edge === 'oldest' ? 'ASC' : 'DESC';
  const sql = `SELECT time_slot FROM flows WHERE ${where} ORDER BY time_slot ${order} LIMIT 1`;
  for await (const [slot] of store.query(sql, params, signal && { signal })) return toBigint(slot);
  return undefined;
}

/**
 * The slots of the range with rows that SQL lets through, in order of the walk, MOST_SLOTS at most: when there are so
 * many, more may follow behind the last.
 */
export async function slotsWith(
  store: Reader,
  range: TimeRange,
  filter: CompiledSql,
  direction: 'forward' | 'backward',
  signal?: AbortSignal,
): Promise<readonly SlotRows[]> {
  const { sql, params } = slotsStatement(range, filter, direction);
  const slots: SlotRows[] = [];
  for await (const [slot, rows] of store.query(sql, params, signal && { signal }))
    slots.push({ slot: toBigint(slot), rows: Number(rows) });
  return slots;
}

/** The statement of `slotsWith`. A row that passes two of the filter's alternatives counts twice. */
export function slotsStatement(
  range: TimeRange,
  filter: CompiledSql,
  direction: 'forward' | 'backward',
): { readonly sql: string; readonly params: QueryParams } {
  const { where, params } = rangeCondition('flows', range);
  const counts = (filter.anyOf ?? [filter.where]).map(
    (each) =>
      `SELECT time_slot, count() AS passing FROM flows WHERE ${where} AND (${each}) GROUP BY time_slot`,
  );
  const order = direction === 'forward' ? 'ASC' : 'DESC';
  return {
    sql:
      `SELECT time_slot, sum(passing) FROM (${counts.join(' UNION ALL ')}) ` +
      `GROUP BY time_slot ORDER BY time_slot ${order} LIMIT ${MOST_SLOTS}`,
    params: { ...filter.params, ...params },
  };
}
