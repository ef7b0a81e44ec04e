// Times as flags give them, the same on every command.

import { parseMoment } from '../hubble/filter/since.ts';
import { formatTimestamp, fromNanos, timestampProblem } from '../hubble/proto/timestamp.ts';
import { inputError } from '../runtime/errors.ts';
import { DAY_NS, msToNs, nsToMs } from '../runtime/time.ts';

export const TIME_FORMS =
  'write 10m, 7d, now, 14:00, yesterday 14:00, 2026-11-30 14:00 or 2026-11-30T14:00:00Z';

/** A day, a time of the day, or both; a zone behind the time. */
const CLOCK =
  /^(?:(today|yesterday|\d{4}-\d{2}-\d{2})(?:$|[ T]))?(?:(\d{1,2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?(?: ?(Z|UTC|[-+]\d{2}:\d{2}))?)?$/i;

export interface ParsedTime {
  /** Since 1970. */
  readonly nanos: bigint;
  /** The text has a time of the day and no zone. */
  readonly assumedUtc: boolean;
}

/**
 * Reads a duration before now, `now`, a day, a time of the day or both, or a time in Hubble's forms. A time of the day
 * alone is the last one that has passed. Throws `input/invalid` in Hubble's words.
 */
export function parseTime(text: string, nowNanos: bigint): ParsedTime {
  if (text === 'now') return { nanos: nowNanos, assumedUtc: false };
  const [matched, day, clock, seconds = ':00', zone] = CLOCK.exec(text) ?? [];
  const isIso = /^\d{4}-\d{2}-\d{2}(T.*Z|T.*[-+]\d{2}:\d{2})?$/.test(text);
  if (!matched || isIso) return { nanos: parseMoment(text, nowNanos), assumedUtc: false };
  const date = day === undefined || /^t/i.test(day) ? dateOf(nowNanos) : dayBefore(day, nowNanos);
  const [hour = '00', minute = '00'] = clock?.split(':') ?? [];
  const offset = zone === undefined || /^(z|utc)$/i.test(zone) ? 'Z' : zone;
  const iso = `${date}T${hour.padStart(2, '0')}:${minute}${seconds}${offset}`;
  let nanos: bigint;
  try {
    nanos = parseMoment(iso, nowNanos);
  } catch {
    throw inputError(`failed to convert ${text} to time`);
  }
  if (day === undefined && nanos > nowNanos) nanos -= DAY_NS;
  return { nanos, assumedUtc: zone === undefined };
}

function dateOf(nanos: bigint): string {
  return new Date(nsToMs(nanos)).toISOString().slice(0, 10);
}

function dayBefore(day: string, nowNanos: bigint): string {
  return /^y/i.test(day) ? dateOf(nowNanos - DAY_NS) : day;
}

/** Reads the times of one call; the first that is taken for UTC is reported to `note`. */
export class TimeReader {
  readonly nowNanos: bigint;
  private readonly note: (message: string) => void;
  private noted = false;

  constructor(nowMs: number, note: (message: string) => void) {
    this.nowNanos = msToNs(nowMs);
    this.note = note;
  }

  /** Nanoseconds since 1970. Throws `input/invalid` in Hubble's words. */
  parse(flag: string, text: string): bigint {
    const { nanos, assumedUtc } = parseTime(text, this.nowNanos);
    if (assumedUtc && !this.noted) {
      this.noted = true;
      this.note(`--${flag} ${text} is ${timeText(nanos)}: times without a zone are UTC`);
    }
    return nanos;
  }

  /** The same for a flag that may be absent. Throws `input/invalid`. */
  read(flag: string, text: string | undefined): bigint | undefined {
    if (text === undefined || text === '') return undefined;
    let nanos: bigint;
    try {
      nanos = this.parse(flag, text);
    } catch {
      throw inputError(`--${flag} ${JSON.stringify(text)} is not a time; ${TIME_FORMS}`);
    }
    if (timestampProblem(fromNanos(nanos)) === undefined) return nanos;
    throw inputError(`--${flag} ${JSON.stringify(text)} is not between the years 1 and 9999`);
  }

  /** As the API takes it. */
  text(flag: string, text: string | undefined): string | undefined {
    const nanos = this.read(flag, text);
    return nanos === undefined ? undefined : timeText(nanos);
  }
}

/** Nanoseconds since 1970 as RFC 3339. Throws `input/invalid`. */
export function timeText(nanos: bigint): string {
  const text = formatTimestamp(fromNanos(nanos));
  if (text === undefined) throw inputError('a time is not between the years 1 and 9999');
  return text;
}

/** Reads flags as milliseconds since 1970, for commands that print notes on standard error. */
export function timeReader(nowMs: number) {
  const times = new TimeReader(nowMs, (message) => void process.stderr.write(`${message}\n`));
  return (flag: string, text: string | undefined): number | undefined => {
    const nanos = times.read(flag, text);
    return nanos === undefined ? undefined : nsToMs(nanos);
  };
}
