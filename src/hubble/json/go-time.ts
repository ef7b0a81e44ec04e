// Timestamps as Go's time package parses them: hours of one digit, commas before the fraction, offsets up to 24:60.
import { SECOND_NS } from '../../runtime/time.ts';

/** The parts of a moment as text; what is absent counts as 0. */
export type MomentParts = Readonly<Partial<Record<MomentPart, string | undefined>>>;

type MomentPart =
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
  | 'fraction'
  | 'sign'
  | 'hours'
  | 'minutes';

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([-+])(\d{2}):(\d{2}))$/;

/** Nanoseconds since 1970 of RFC 3339; undefined for what Go refuses. */
export function goRfc3339(text: string): bigint | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, sign, hours, minutes] = match;
  return nanosOf({ year, month, day, hour, minute, second, fraction, sign, hours, minutes });
}

/** Nanoseconds since 1970; undefined for a moment that the calendar does not have. */
export function nanosOf(parts: MomentParts): bigint | undefined {
  const number = (part: MomentPart) => Number(parts[part] ?? 0);
  const [year, month, day] = [number('year'), number('month'), number('day')];
  const date = new Date(0);
  // Not Date.UTC, which takes years below 100 for those of the last century.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const [hour, minute, second] = [number('hour'), number('minute'), number('second')];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  if (number('hours') > 24 || number('minutes') > 60) return undefined;
  const offset = (number('hours') * 60 + number('minutes')) * (parts.sign === '-' ? -60 : 60);
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset;
  const nanos = (parts.fraction ?? '').slice(0, 9).padEnd(9, '0');
  return BigInt(seconds) * SECOND_NS + BigInt(nanos);
}
