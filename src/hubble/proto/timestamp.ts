// Timestamps in three forms: seconds and nanoseconds, nanoseconds since 1970, RFC 3339 text.
import { SECOND_NS } from '../../runtime/time.ts';
import type { Timestamp } from './wellknown.ts';

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what a protobuf timestamp may be. */
const MIN_SECONDS = -62_135_596_800;
const MAX_SECONDS = 253_402_300_799;

const RFC3339 =
  /^(\d{4}-\d{2}-\d{2}T(\d{2}):\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

export function toNanos(time: Timestamp): bigint {
  return time.seconds * SECOND_NS + BigInt(time.nanos);
}

export function fromNanos(nanos: bigint): Timestamp {
  const seconds = nanos / SECOND_NS;
  const rest = Number(nanos % SECOND_NS);
  return rest < 0
    ? { seconds: seconds - 1n, nanos: rest + 1_000_000_000 }
    : { seconds, nanos: rest };
}

/** Number of the hour, slot or step a time falls into; negative before 1970. */
export function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

/** RFC 3339 in UTC with 0, 3, 6 or 9 digits of fraction; undefined outside the years 1 to 9999. */
export function formatTimestamp(time: Timestamp): string | undefined {
  const seconds = Number(time.seconds);
  const { nanos } = time;
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) return undefined;
  if (nanos < 0 || nanos > 999_999_999) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (nanos === 0) return `${whole}Z`;
  const digits = String(nanos).padStart(9, '0');
  const kept = nanos % 1_000_000 === 0 ? 3 : nanos % 1000 === 0 ? 6 : 9;
  return `${whole}.${digits.slice(0, kept)}Z`;
}

/** RFC 3339; the number itself when a protobuf timestamp cannot hold it. */
export function timeText(nanos: bigint): string {
  return formatTimestamp(fromNanos(nanos)) ?? String(nanos);
}

/** Whether a protobuf timestamp can hold the time. */
export function isTimestamp({ seconds, nanos }: Timestamp): boolean {
  return seconds >= MIN_SECONDS && seconds <= MAX_SECONDS && nanos >= 0 && nanos <= 999_999_999;
}

/** Why protobuf's Go library refuses the moment; undefined when it does not. */
export function timestampProblem(time: Timestamp): string | undefined {
  if (isTimestamp(time)) return undefined;
  const { seconds, nanos } = time;
  const parts = [seconds === 0n ? '' : `seconds:${seconds}`, nanos === 0 ? '' : `nanos:${nanos}`];
  const shown = `timestamp (${parts.filter(Boolean).join(' ')})`;
  if (seconds < MIN_SECONDS) return `${shown} before 0001-01-01`;
  return `${shown} ${seconds > MAX_SECONDS ? 'after 9999-12-31' : 'has out-of-range nanos'}`;
}

/** Reads RFC 3339 with `Z` or an offset; undefined when the text is none, or names a day that is not. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  const [, local = '', hour, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match;
  const ms = Date.parse(`${local}Z`);
  // Date.parse takes 24:00:00 and February 30 and moves them on: the text must come back.
  if (Number.isNaN(ms) || hour === '24') return undefined;
  if (new Date(ms).toISOString().slice(0, 19) !== local) return undefined;
  if (Number(offsetHours) > 23 || Number(offsetMinutes) > 59) return undefined;
  const offset = Number(offsetHours) * 3600 + Number(offsetMinutes) * 60;
  const seconds = ms / 1000 - (sign === '-' ? -offset : offset);
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) return undefined;
  return { seconds: BigInt(seconds), nanos: Number(fraction.padEnd(9, '0')) };
}
