// The times `--since` and `--until` take: durations back from now in Go's notation (and days and weeks, which Go does
// not have), or absolute times.
import { parseTimestamp } from '../timestamp.ts';
import { invalid } from './values.ts';

const UNIT_NANOS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};
const DURATION = /^([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+)$/;
const PART = /(\d*)\.?(\d*)(ns|us|µs|μs|ms|s|m|h|d|w)/g;
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';
const RFC1123Z =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d{2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}) ([-+]\d{2})(\d{2})$/;

/** Nanoseconds of a duration; undefined when the text is none. */
export function parseDuration(text: string): bigint | undefined {
  if (/^[-+]?0$/.test(text)) return 0n;
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of (match[2] ?? '').matchAll(PART)) {
    const nanos = UNIT_NANOS[unit] ?? 0n;
    total += BigInt(whole === '' ? 0 : whole) * nanos;
    if (fraction !== '') total += (BigInt(fraction) * nanos) / 10n ** BigInt(fraction.length);
  }
  return match[1] === '-' ? -total : total;
}

/** Nanoseconds since 1970 of `text`, looked at from `nowNanos`. Throws `input/invalid`. */
export function parseMoment(text: string, nowNanos: bigint): bigint {
  const duration = parseDuration(text);
  if (duration !== undefined) return nowNanos - duration;
  const time = parseTimestamp(normalized(text));
  if (time === undefined) throw invalid(`failed to convert ${text} to time`);
  return time.seconds * 1_000_000_000n + BigInt(time.nanos);
}

/** The shorter layouts filled up to RFC 3339. */
function normalized(text: string): string {
  const short = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2}))?(Z|[-+]\d{2}:\d{2}))?$/.exec(text);
  if (short !== null) {
    const [, day, hour = '00', minute = '00', zone = 'Z'] = short;
    return `${day}T${hour}:${minute}:00${zone}`;
  }
  const mail = RFC1123Z.exec(text);
  if (mail === null) return text;
  const [, day, name = '', year, clock, hours, minutes] = mail;
  const month = MONTHS.indexOf(name) / 3 + 1;
  return `${year}-${String(month).padStart(2, '0')}-${day}T${clock}${hours}:${minutes}`;
}
