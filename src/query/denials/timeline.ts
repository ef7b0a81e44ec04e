// Denials of an incident over time: by hour, by five-minute slot, and in episodes.

import { timeText } from '../../hubble/proto/timestamp.ts';
import { HOUR_NS } from '../../runtime/time.ts';
import { allRows, bigint, number, type Row } from '../../store/rows.ts';
import { param, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, type TimeRange } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import type { incidentDetailSchema } from './schema.ts';

const HOUR = { hour: bigint, first: bigint, last: bigint, count: number };
/** `hour` since 1970, times in nanoseconds since 1970. */
export type HourSeen = Row<typeof HOUR>;

export type Episode = Document<typeof incidentDetailSchema>['episodes'][number];

/** In order of time. */
export function readHours(
  store: Reader,
  ids: readonly bigint[],
  signal?: AbortSignal,
): Promise<readonly HourSeen[]> {
  const statement = sql`SELECT hour, toUnixTimestamp64Nano(min(first_seen)), toUnixTimestamp64Nano(max(last_seen)),
      greatest(sum(drops), sum(verdicts))
    FROM ${table('incidents')} WHERE incident IN ${param(ids, 'Array(UInt64)')} GROUP BY hour ORDER BY hour`;
  return allRows(store, statement, HOUR, { signal });
}

/** Denials by five-minute slot, in order of time. */
export function readSlots(
  store: Reader,
  ids: readonly bigint[],
  range: TimeRange,
  signal?: AbortSignal,
) {
  const statement = sql`SELECT time_slot, greatest(sum(drops), sum(verdicts)) FROM ${table('denials')}
    WHERE (${inRange('denials', range)}) AND incident IN ${param(ids, 'Array(UInt64)')}
    GROUP BY time_slot ORDER BY time_slot`;
  return allRows(store, statement, { slot: bigint, count: number }, { signal });
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
