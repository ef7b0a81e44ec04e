// Denials of an incident over time: by hour, by five-minute slot, and in episodes.
import { HOUR_NS } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { timeText } from '../connections/text.ts';
import { rangeCondition, type TimeRange } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import type { incidentDetailSchema } from './schema.ts';

export interface HourSeen {
  /** Since 1970. */
  readonly hour: bigint;
  readonly first: bigint;
  readonly last: bigint;
  readonly count: number;
}

export type Episode = Document<typeof incidentDetailSchema>['episodes'][number];

/** In order of time. */
export async function readHours(
  store: Reader,
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<HourSeen[]> {
  const sql =
    'SELECT hour, toUnixTimestamp64Nano(min(first_seen)), toUnixTimestamp64Nano(max(last_seen)), ' +
    'greatest(sum(drops), sum(verdicts)) FROM incidents ' +
    'WHERE incident IN {ids:Array(UInt64)} GROUP BY hour ORDER BY hour';
  const found: HourSeen[] = [];
  for await (const [hour, first, last, count] of store.query(sql, { ids }, signal && { signal }))
    found.push({
      hour: BigInt(String(hour)),
      first: BigInt(String(first)),
      last: BigInt(String(last)),
      count: Number(count),
    });
  return found;
}

export interface SlotSeen {
  /** Five minutes each, since 1970. */
  readonly slot: bigint;
  readonly count: number;
}

export async function readSlots(
  store: Reader,
  ids: readonly bigint[],
  range: TimeRange,
  signal?: AbortSignal,
): Promise<SlotSeen[]> {
  const { where, params } = rangeCondition('denials', range);
  const sql =
    'SELECT time_slot, greatest(sum(drops), sum(verdicts)) FROM denials ' +
    `WHERE ${where} AND incident IN {ids:Array(UInt64)} GROUP BY time_slot ORDER BY time_slot`;
  const found: SlotSeen[] = [];
  for await (const [slot, count] of store.query(sql, { ...params, ids }, signal && { signal }))
    found.push({ slot: BigInt(String(slot)), count: Number(count) });
  return found;
}

/** Episodes end with an hour of silence, the resolution of `incidents`. The latest first. */
export function episodesOf(hours: readonly HourSeen[]): Episode[] {
  const episodes: { first: bigint; last: bigint; count: number }[] = [];
  for (const { first, last, count } of hours) {
    const latest = episodes.at(-1);
    if (latest === undefined || first - latest.last > HOUR_NS)
      episodes.push({ first, last, count });
    else {
      if (last > latest.last) latest.last = last;
      latest.count += count;
    }
  }
  return episodes
    .map(({ first, last, count }) => ({
      firstSeen: timeText(first),
      lastSeen: timeText(last),
      count,
    }))
    .reverse();
}
