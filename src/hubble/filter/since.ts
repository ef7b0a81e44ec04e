// Times of `--since` and `--until`: durations before now in Go's notation (and, beyond Hubble, days and weeks), or
// absolute times in Hubble's layouts.
import { inputError } from '../../runtime/errors.ts';
import { DAY_NS, HOUR_NS, MINUTE_NS, NS_PER_MS, SECOND_NS } from '../../runtime/time.ts';
import { nanosOf } from '../json/go-time.ts';

/** `hubble`: no unit above the hour, as in Hubble; `days`: days and weeks as well. */
export type DurationUnits = 'hubble' | 'days';

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: NS_PER_MS,
  s: SECOND_NS,
  m: MINUTE_NS,
  h: HOUR_NS,
  d: DAY_NS,
  w: 7n * DAY_NS,
};
const NUMBER = String.raw`(?:\d+\.?\d*|\.\d+)`;
const DURATIONS: Readonly<Record<DurationUnits, RegExp>> = {
  hubble: new RegExp(`^([-+]?)((?:${NUMBER}(?:ns|us|µs|μs|ms|s|m|h))+)$`),
  days: new RegExp(`^([-+]?)((?:${NUMBER}(?:ns|us|µs|μs|ms|s|m|h|d|w))+)$`),
};
const PART = /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h|d|w)/g;
/** Go's durations end here, a little above 292 years; backwards there is one more. */
const MAX_NANOS = 2n ** 63n - 1n;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** In one expression, Hubble's layouts from the bare day to RFC 3339; Go takes hours of one digit. */
const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?(?:Z|([-+])(\d{2}):(\d{2})))?$/;
const RFC1123Z =
  /^(?:mon|tue|wed|thu|fri|sat|sun), +(\d{2}) +([a-z]{3}) +(\d{4}) +(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))? +([-+])(\d{2})(\d{2})$/i;

/**
 * The form of all that `parseMoment` takes, for schemas: whatever does not match is refused. What matches may still be no
 * day of the calendar, or a duration of more than 292 years.
 */
export const MOMENT_PATTERN = (() => {
  const number = String.raw`(\d+\.?\d*|\.\d+)`;
  const duration = `[-+]?(0|(${number}(ns|us|µs|μs|ms|s|m|h|d|w))+)`;
  const zone = String.raw`(Z|[-+](0\d|1\d|2[0-4]):([0-5]\d|60))`;
  const day = String.raw`\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`;
  const hour = '([01]?[0-9]|2[0-3])';
  const iso = `${day}(T${hour}(:[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?)?${zone})?`;
  const names = (words: string) =>
    words.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
  const weekday = names('(mon|tue|wed|thu|fri|sat|sun)');
  const month = names(`(${MONTHS.join('|')})`);
  const offset = String.raw`[-+](0\d|1\d|2[0-4])([0-5]\d|60)`;
  const date = `(0[1-9]|[12][0-9]|3[01]) ${month} [0-9]{4}`;
  const mail = `${weekday}, ${date} ${hour}:[0-5][0-9]:[0-5][0-9]([.,][0-9]+)? ${offset}`;
  return new RegExp(`^(${duration}|${iso}|${mail})$`.replaceAll(String.raw`\d`, '[0-9]'));
})();

/** Nanoseconds of a duration; undefined when the text is none. */
export function parseDuration(text: string, units: DurationUnits = 'days'): bigint | undefined {
  if (/^[-+]?0$/.test(text)) return 0n;
  const match = DURATIONS[units].exec(text);
  if (match === null) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of (match[2] ?? '').matchAll(PART)) {
    const nanos = UNIT_NANOS[unit] ?? 0n;
    total += BigInt(whole === '' ? 0 : whole) * nanos;
    if (fraction !== '') total += (BigInt(fraction) * nanos) / 10n ** BigInt(fraction.length);
  }
  const back = match[1] === '-';
  if (total > MAX_NANOS + (back ? 1n : 0n)) return undefined;
  return back ? -total : total;
}

/** As parseDuration with Hubble's units; refuses in the words of Go's time.ParseDuration. */
export function goDuration(text: string): bigint {
  const nanos = parseDuration(text, 'hubble');
  if (nanos === undefined) throw inputError(`time: ${durationProblem(text)} ${timeQuoted(text)}`);
  return nanos;
}

/** The first error from the left. */
function durationProblem(text: string): string {
  let rest = text.replace(/^[-+]/, '');
  while (rest !== '') {
    const [number = '', unit = ''] = /^([\d]*\.?\d*)([^.\d]*)/.exec(rest)?.slice(1) ?? [];
    if (!/\d/.test(number) || BigInt(number.split('.')[0] || 0) > MAX_NANOS + 1n) break;
    if (unit === '') return 'missing unit in duration';
    if (!DURATIONS.hubble.test(`1${unit}`)) return `unknown unit ${timeQuoted(unit)} in duration`;
    rest = rest.slice(number.length + unit.length);
    // The duration so far is too long.
    if (parseDuration(text.slice(0, text.length - rest.length), 'hubble') === undefined) break;
  }
  return 'invalid duration';
}

/** The quotes of Go's time package: beyond ASCII, byte after byte. */
function timeQuoted(text: string): string {
  const escaped = text
    .replace(/["\\]/g, '\\$&')
    .replace(/[^ -~\x7f]/gu, (char) => Buffer.from(char).toString('hex').replace(/../g, '\\x$&'));
  return `"${escaped}"`;
}

/** Nanoseconds since 1970 of `text`, looked at from `nowNanos`. Throws `input/invalid`. */
export function parseMoment(text: string, nowNanos: bigint, units: DurationUnits = 'days'): bigint {
  const duration = parseDuration(text, units);
  if (duration !== undefined) return nowNanos - duration;
  const moment = absolute(text);
  if (moment === undefined) throw inputError(`failed to convert ${text} to time`);
  return moment;
}

function absolute(text: string): bigint | undefined {
  const iso = ISO.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second, fraction, sign, hours, minutes] = iso;
    return nanosOf({ year, month, day, hour, minute, second, fraction, sign, hours, minutes });
  }
  const mail = RFC1123Z.exec(text);
  if (mail === null) return undefined;
  const [, day, name = '', year, hour, minute, second, fraction, sign, hours, minutes] = mail;
  const month = String(MONTHS.indexOf(name.toLowerCase()) + 1);
  return nanosOf({ year, month, day, hour, minute, second, fraction, sign, hours, minutes });
}
