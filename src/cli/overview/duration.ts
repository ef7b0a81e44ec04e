// Durations as Go prints them: 1h2m3.5s, 1.5ms, 0s.
import { NS_PER_MS, SECOND_NS } from '../../runtime/time.ts';

const MAX_NANOS = 2n ** 63n - 1n;

/** Nanoseconds as text; a number too large for Go's durations is printed in nanoseconds. */
export function goDuration(nanos: bigint): string {
  if (nanos > MAX_NANOS) return `${nanos}ns`;
  if (nanos < 0n) return `-${goDuration(-nanos)}`;
  if (nanos === 0n) return '0s';
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < NS_PER_MS) return `${decimal(nanos, 3)}µs`;
  if (nanos < SECOND_NS) return `${decimal(nanos, 6)}ms`;
  const minutes = nanos / (60n * SECOND_NS);
  const seconds = `${decimal(nanos % (60n * SECOND_NS), 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** To whole seconds, half up; Go's longest duration stays as it is. */
export function roundToSeconds(nanos: bigint): bigint {
  const rounded = ((nanos + SECOND_NS / 2n) / SECOND_NS) * SECOND_NS;
  return rounded > MAX_NANOS ? MAX_NANOS : rounded;
}

/** `value` over ten to the power of `digits`, without trailing zeros. */
function decimal(value: bigint, digits: number): string {
  const text = String(value).padStart(digits + 1, '0');
  const fraction = text.slice(-digits).replace(/0+$/, '');
  return `${text.slice(0, -digits)}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Seconds of a duration, added up as Go does it. */
export function secondsOf(nanos: bigint): number {
  return Number(nanos / SECOND_NS) + Number(nanos % SECOND_NS) / 1e9;
}

/** Go's %.2f: of two that are as near, the even one. */
export function twoDecimals(value: number): string {
  // Only eighths lie halfway between two hundredths.
  const tie = Math.abs((value * 8) % 2) === 1;
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value >= 1e21) return `${BigInt(value)}.00`;
  if (!tie) return value.toFixed(2);
  const thousandths = value.toFixed(3);
  return /[02468]5$/.test(thousandths) ? thousandths.slice(0, -1) : value.toFixed(2);
}
