// Parts of timestamps, in UTC, and of durations.
import { DAY_MS, HOUR_NS, MINUTE_NS, NS_PER_MS, SECOND_NS } from '../../runtime/time.ts';
import { Moment, NO_OVERLOAD, type Result, Span, type Value } from './values.ts';

const PARTS: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (date) => date.getUTCFullYear(),
  getMonth: (date) => date.getUTCMonth(),
  getDayOfYear: (date) =>
    Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS),
  getDayOfMonth: (date) => date.getUTCDate() - 1,
  getDate: (date) => date.getUTCDate(),
  getDayOfWeek: (date) => date.getUTCDay(),
  getHours: (date) => date.getUTCHours(),
  getMinutes: (date) => date.getUTCMinutes(),
  getSeconds: (date) => date.getUTCSeconds(),
  getMilliseconds: (date) => date.getUTCMilliseconds(),
};

const SPANS: Readonly<Record<string, bigint>> = {
  getHours: HOUR_NS,
  getMinutes: MINUTE_NS,
  getSeconds: SECOND_NS,
  getMilliseconds: NS_PER_MS,
};

export const CLOCK_FUNCTIONS: readonly string[] = Object.keys(PARTS);

/** `time.getHours()` and its like, in UTC; a part of a duration is the whole of it in that unit. */
export function partOf(name: string, value: Value): Result {
  if (value instanceof Span) return partOfSpan(name, value);
  const part = PARTS[name];
  if (!(value instanceof Moment) || part === undefined) return NO_OVERLOAD;
  return BigInt(part(new Date(Number(floorMillis(value.nanos)))));
}

function partOfSpan(name: string, { nanos }: Span): Result {
  const unit = SPANS[name];
  return unit === undefined ? NO_OVERLOAD : nanos / unit;
}

function floorMillis(nanos: bigint): bigint {
  const millis = nanos / NS_PER_MS;
  return nanos % NS_PER_MS < 0n ? millis - 1n : millis;
}
