// Ranges of time as conditions that the sort key and the indexes can use.
import { floorDiv } from '../../hubble/proto/timestamp.ts';
import { MINUTE_NS } from '../../runtime/time.ts';
import { bigint, firstRow } from '../../store/rows.ts';
import { ALWAYS, join, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';

/** Nanoseconds since 1970, both ends included; undefined is open. */
export interface TimeRange {
  readonly since?: bigint | undefined;
  readonly until?: bigint | undefined;
}

/** The tables that history is read from. */
export type HistoryTable = 'flows' | 'events';

export type TableName = HistoryTable | 'denials';

const SLOT_NANOS = 5n * MINUTE_NS;
/** What a DateTime64(9) column can hold; a bound outside would wrap round. */
const MIN_NANOS = -(2n ** 63n) + SLOT_NANOS;
const MAX_NANOS = 2n ** 63n - 1n - SLOT_NANOS;

/** The five-minute slot of a moment, as the column `time_slot` has it. */
export function slotOf(nanos: bigint): bigint {
  return floorDiv(nanos, SLOT_NANOS);
}

/** First and last nanosecond of a slot. */
export function slotBounds(slot: bigint): { readonly first: bigint; readonly last: bigint } {
  return { first: slot * SLOT_NANOS, last: (slot + 1n) * SLOT_NANOS - 1n };
}

/** A time as SQL, from nanoseconds since 1970. */
export function timeSql(nanos: bigint): Sql {
  return sql`fromUnixTimestamp64Nano(${param(nanos, 'Int64')}, 'UTC')`;
}

/**
 * The condition for rows of `table` in the range. A bound at the edge of a slot is a condition on the slot alone: then
 * no row's time is read for it.
 */
export function inRange(table: TableName, { since, until }: TimeRange): Sql {
  const parts: Sql[] = [];
  // The slot heads the sort key of `flows`: without it the engine would look at every part.
  for (const [edge, bound, sign] of [
    ['first', since, sql`>=`],
    ['last', until, sql`<=`],
  ] as const) {
    if (bound === undefined) continue;
    const nanos = clamped(bound);
    const slot = slotOf(nanos);
    if (table === 'events' || nanos !== slotBounds(slot)[edge])
      parts.push(sql`time ${sign} ${timeSql(nanos)}`);
    if (table !== 'events') parts.push(sql`time_slot ${sign} ${param(slot, 'Int32')}`);
  }
  return parts.length === 0 ? ALWAYS : join(parts, sql` AND `);
}

function clamped(nanos: bigint): bigint {
  if (nanos < MIN_NANOS) return MIN_NANOS;
  return nanos > MAX_NANOS ? MAX_NANOS : nanos;
}

export interface Lost {
  readonly reports: bigint;
  readonly events: bigint;
}

/** Events that nodes and relays reported as lost in the range. */
export async function lostWithin(
  store: Reader,
  range: TimeRange,
  signal?: AbortSignal,
): Promise<Lost> {
  const statement = sql`SELECT count(), sum(num_events_lost) FROM ${table('events')}
    WHERE kind = 'lost_events' AND ${inRange('events', range)}`;
  const shape = { reports: bigint, events: bigint };
  return (await firstRow(store, statement, shape, { signal })) ?? { reports: 0n, events: 0n };
}

/** Numbers of 64 bits come as text. */
export function toBigint(value: unknown): bigint {
  return BigInt(String(value));
}
