// Uuids from bytes: canonical text is parsed in place; everything else gets a stable id of our own, a version 8 uuid
// (RFC 9562, "custom") of a SHA-256.
import { createHash } from 'node:crypto';

/** Where byte i of a uuid goes: in canonical order, and as ClickHouse keeps it (two halves, each reversed). */
export const CANONICAL = Uint8Array.from({ length: 16 }, (_, i) => i);
export const CLICKHOUSE = Uint8Array.from({ length: 16 }, (_, i) => (i < 8 ? 7 - i : 23 - i));

const TEXT_LENGTH = 36;
const DASH = 0x2d;
const DASHES = [8, 13, 18, 23] as const;
/** Positions of the 16 pairs of digits in the text. */
const PAIRS = Uint8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34);
const INVALID = 0x100;
/** Values of the lower-case hex digits; INVALID for all other bytes. */
const DIGITS = Uint16Array.from({ length: 256 }, (_, byte) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(byte));
  return value < 0 ? INVALID : value;
});

/** Writes the uuid to `out` when the span is lower-case `8-4-4-4-12` text; else returns false, with `out` undefined. */
export function parseUuid(
  view: DataView,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
  order: Uint8Array,
): boolean {
  if (end - start !== TEXT_LENGTH) return false;
  for (const dash of DASHES) if (view.getUint8(start + dash) !== DASH) return false;
  let seen = 0;
  for (let i = 0; i < 16; i++) {
    const from = start + (PAIRS[i] ?? 0);
    const upper = DIGITS[view.getUint8(from)] ?? 0;
    const lower = DIGITS[view.getUint8(from + 1)] ?? 0;
    seen |= upper | lower;
    out[at + (order[i] ?? 0)] = (upper << 4) | lower;
  }
  return seen < INVALID;
}

/** Writes the stable id of some bytes; ids of different kinds never collide. */
export function makeUuid(
  of: 'flow' | 'event' | 'coverage',
  parts: readonly Uint8Array[],
  out: Uint8Array,
  at: number,
  order: Uint8Array,
): void {
  const hash = createHash('sha256').update(`parallax ${of}\n`);
  for (const part of parts) hash.update(`${part.length}\n`).update(part);
  const digest = hash.digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x80;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  for (let i = 0; i < 16; i++) out[at + (order[i] ?? 0)] = digest[i] ?? 0;
}
