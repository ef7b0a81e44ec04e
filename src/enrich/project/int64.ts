// 64-bit numbers as pairs of 32-bit halves, low half first, because BigInt costs an allocation per number. A column
// of them is a Uint32Array with two elements a row.

const TWO32 = 0x1_0000_0000;
const NANOS = 1_000_000_000;

/** Bounds of ClickHouse's DateTime64(9) as whole years, seconds since 1970: 1900 to the end of 2261. */
export const MIN_SECONDS = -2_208_988_800;
export const MAX_SECONDS = 9_214_646_399;

/**
 * Writes `seconds` * 10^9 + `nanos` as a signed 64-bit number. Seconds within ±9.2 * 10^9, nanos any 32-bit number.
 * The product goes over 2^53, so seconds are taken as upper and lower part.
 */
export function putNanos(out: Uint32Array, index: number, seconds: number, nanos: number): void {
  const upper = Math.floor(seconds / 65_536);
  const lower = (seconds - upper * 65_536) * NANOS + nanos;
  // upper * 10^9 * 2^16, split at 2^32: its upper part and the 16 bits that fall below.
  const product = upper * NANOS;
  const high = Math.floor(product / 65_536);
  const low = (product - high * 65_536) * 65_536 + lower;
  const carry = Math.floor(low / TWO32);
  out[2 * index] = low - carry * TWO32;
  out[2 * index + 1] = high + carry;
}
