// Parts of timestamps in UTC, in a named time zone or at an offset, and of durations.
import { DAY_MS, HOUR_NS, MINUTE_MS, MINUTE_NS, NS_PER_MS, SECOND_NS } from '../../runtime/time.ts';
import { quoted } from '../print/text.ts';
import { Failure, Moment, NO_OVERLOAD, type Result, Span, type Value } from './values.ts';

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

/** `time.getHours('Europe/Berlin')` and its like; a part of a duration is the whole of it in that unit. */
export function partOf(name: string, value: Value, zone: Value | undefined): Result {
  if (value instanceof Span) return zone === undefined ? partOfSpan(name, value) : NO_OVERLOAD;
  const part = PARTS[name];
  if (!(value instanceof Moment) || part === undefined) return NO_OVERLOAD;
  const utc = Number(floorMillis(value.nanos));
  if (zone === undefined) return BigInt(part(new Date(utc)));
  if (typeof zone !== 'string') return NO_OVERLOAD;
  const offset = offsetOf(zone, utc);
  if (offset instanceof Failure) return offset;
  const date = new Date(utc + offset);
  // No clock is that far ahead.
  return Number.isNaN(date.getTime()) ? new Failure('timestamp overflow') : BigInt(part(date));
}

function partOfSpan(name: string, { nanos }: Span): Result {
  const unit = SPANS[name];
  return unit === undefined ? NO_OVERLOAD : nanos / unit;
}

function floorMillis(nanos: bigint): bigint {
  const millis = nanos / NS_PER_MS;
  return nanos % NS_PER_MS < 0n ? millis - 1n : millis;
}

/** Milliseconds that clocks of the zone are ahead of UTC at that moment. */
function offsetOf(zone: string, utc: number): number | Failure {
  const colon = zone.indexOf(':');
  if (colon >= 0) return fixedOffset(zone.slice(0, colon), zone.slice(colon + 1));
  if (zone === '' || zone === 'UTC') return 0;
  if (zone.includes('..') || /^[/\\]/.test(zone)) return new Failure('time: invalid location name');
  // Names are looked for as files.
  if (zone.includes('\0')) return new Failure('invalid argument');
  const format = zoneFormat(zone);
  if (format === undefined) return new Failure(`unknown time zone ${zone}`);
  const part = Object.fromEntries(
    format.formatToParts(utc).map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second);
  return local.getTime() - Math.floor(utc / 1000) * 1000;
}

/** Hours and minutes, each as Go's Atoi reads it. */
function fixedOffset(hours: string, minutes: string): number | Failure {
  const hour = parseInteger(hours);
  if (hour instanceof Failure) return hour;
  const minute = parseInteger(minutes);
  if (minute instanceof Failure) return minute;
  return (hour * 60 + (hours.startsWith('-') ? -minute : minute)) * MINUTE_MS;
}

function parseInteger(text: string): number | Failure {
  const problem = (why: string) => new Failure(`strconv.Atoi: parsing ${quoted(text)}: ${why}`);
  if (!/^[-+]?[0-9]+$/.test(text)) return problem('invalid syntax');
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? Number(value) : problem('value out of range');
}

function zoneFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  // Only names of the database: JavaScript takes offsets and lower case as well, Go does not.
  if (!/^[A-Z][A-Za-z0-9_+/-]*$/.test(timeZone)) return undefined;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return undefined;
  }
}
