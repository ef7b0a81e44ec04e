// Type conversions: int(), string(), timestamp() and the others.
import { SECOND_NS } from '../../runtime/time.ts';
import { parseDuration } from '../filter/since.ts';
import { formatTimestamp, fromNanos, parseTimestamp, toNanos } from '../proto/timestamp.ts';
import { toInt, toMoment, toSpan, toUint } from './arithmetic.ts';
import {
  Failure,
  Moment,
  NO_OVERLOAD,
  type Result,
  Span,
  typeNameOf,
  Uint,
  type Value,
} from './values.ts';

const INT_TEXT = /^[+-]?\d+$/;
const UINT_TEXT = /^\d+$/;
const DOUBLE_TEXT = /^[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?|inf|infinity|nan)$/i;
const TRUE_TEXTS = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE_TEXTS = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

function impossible(value: Value, to: string): Failure {
  return new Failure(`type conversion error from '${typeNameOf(value)}' to '${to}'`);
}

export const CONVERSIONS: Readonly<Record<string, (value: Value) => Result>> = {
  int: (value) => {
    if (typeof value === 'bigint') return value;
    if (value instanceof Uint) return toInt(value.value);
    if (typeof value === 'number') return truncated(value, 2 ** 63, toInt, 'integer overflow');
    if (value instanceof Moment) return floorSeconds(value.nanos);
    if (value instanceof Span) return value.nanos;
    if (typeof value !== 'string') return NO_OVERLOAD;
    const parsed = INT_TEXT.test(value) ? toInt(BigInt(value.replace('+', ''))) : undefined;
    return typeof parsed === 'bigint' ? parsed : impossible(value, 'int');
  },
  uint: (value) => {
    if (value instanceof Uint) return value;
    if (typeof value === 'bigint') return toUint(value);
    if (typeof value === 'number')
      return truncated(
        value < 0 ? Number.NaN : value,
        2 ** 64,
        toUint,
        'unsigned integer overflow',
      );
    if (typeof value !== 'string') return NO_OVERLOAD;
    const parsed = UINT_TEXT.test(value) ? toUint(BigInt(value)) : undefined;
    return parsed instanceof Uint ? parsed : impossible(value, 'uint');
  },
  double: (value) => {
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    if (value instanceof Uint) return Number(value.value);
    if (typeof value !== 'string') return NO_OVERLOAD;
    return doubleOf(value) ?? impossible(value, 'double');
  },
  bool: (value) => {
    if (typeof value === 'boolean') return value;
    if (typeof value !== 'string') return NO_OVERLOAD;
    if (TRUE_TEXTS.includes(value)) return true;
    return FALSE_TEXTS.includes(value) ? false : impossible(value, 'bool');
  },
  bytes: (value) => {
    if (value instanceof Uint8Array) return value;
    return typeof value === 'string' ? Buffer.from(value, 'utf8') : NO_OVERLOAD;
  },
  string: (value) => textOf(value),
  timestamp: (value) => {
    if (value instanceof Moment) return value;
    if (typeof value === 'bigint') return toMoment(value * SECOND_NS);
    if (typeof value !== 'string') return NO_OVERLOAD;
    const parsed = parseTimestamp(value);
    return parsed === undefined
      ? impossible(value, 'google.protobuf.Timestamp')
      : new Moment(toNanos(parsed));
  },
  duration: (value) => {
    if (value instanceof Span) return value;
    // cel-go declares it and cannot do it.
    if (typeof value === 'bigint') return impossible(value, 'google.protobuf.Duration');
    if (typeof value !== 'string') return NO_OVERLOAD;
    const parsed = parseDuration(value, 'hubble');
    return parsed === undefined ? impossible(value, 'google.protobuf.Duration') : toSpan(parsed);
  },
};

function truncated(
  value: number,
  limit: number,
  checked: (value: bigint) => Result,
  problem: string,
): Result {
  // The limit itself is beyond the range, and the doubles next to it are whole numbers.
  if (!(Math.abs(value) < limit)) return new Failure(problem);
  return checked(BigInt(Math.trunc(value)));
}

function floorSeconds(nanos: bigint): bigint {
  const seconds = nanos / SECOND_NS;
  return nanos % SECOND_NS < 0n ? seconds - 1n : seconds;
}

function doubleOf(text: string): number | undefined {
  if (!DOUBLE_TEXT.test(text)) return undefined;
  const lower = text.toLowerCase();
  if (lower.includes('nan')) return Number.NaN;
  if (lower.includes('inf')) return lower.startsWith('-') ? -Infinity : Infinity;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

export function textOf(value: Value): Result {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'number':
      return doubleText(value);
  }
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Moment) return timeText(value);
  if (value instanceof Span) return spanText(value);
  if (!(value instanceof Uint8Array)) return NO_OVERLOAD;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return new Failure('invalid UTF-8 in bytes, cannot convert to string');
  }
}

/** As Go's %g: the shortest digits, with an exponent below 10^-4 and from 10^6 on. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  if (Object.is(value, -0)) return '-0';
  if (value === 0) return '0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(value);
  const sign = power < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

function timeText({ nanos }: Moment): Result {
  const time = fromNanos(nanos);
  const text = formatTimestamp(time);
  if (text === undefined) return new Failure('timestamp overflow');
  // RFC 3339 with no more digits than needed.
  return text.includes('.') ? text.replace(/0+Z$/, 'Z') : text;
}

/** Seconds as a double, which is how cel-go writes them: beyond sixteen digits they are rounded. */
function spanText({ nanos }: Span): string {
  const seconds = Number(nanos / SECOND_NS) + Number(nanos % SECOND_NS) / 1e9;
  const [digits = '', exponent = '0'] = seconds.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -6) return `${seconds}s`;
  // Without an exponent, however small.
  const [, sign = '', figures = ''] = /^(-?)(.*)$/.exec(digits.replace('.', '')) ?? [];
  return `${sign}0.${'0'.repeat(-power - 1)}${figures}s`;
}
