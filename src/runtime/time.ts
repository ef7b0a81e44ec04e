// Units of time. A name ending in _MS or Ms is a number of milliseconds, one ending in _NS or Ns a bigint of nanoseconds.
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

export const NS_PER_MS = 1_000_000n;
export const SECOND_NS = 1_000_000_000n;
export const MINUTE_NS = 60_000_000_000n;
export const HOUR_NS = 3_600_000_000_000n;
export const DAY_NS = 86_400_000_000_000n;

/** Nanoseconds of a whole number of milliseconds. Throws a RangeError for a fraction. */
export function msToNs(ms: number): bigint {
  return BigInt(ms) * NS_PER_MS;
}

/** Milliseconds of nanoseconds, cut towards zero. */
export function nsToMs(ns: bigint): number {
  return Number(ns / NS_PER_MS);
}

/** Math.min and Math.max for bigints. */
export function earlier(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
