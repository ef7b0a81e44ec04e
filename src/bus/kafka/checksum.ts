// The CRC32C of record batches, eight bytes a step. kafkajs takes one byte a step, which for a sender of packed batches is
// a large part of what sending costs; it loads that function when it first sends, so ours is put there before.
import { createRequire } from 'node:module';

const POLYNOMIAL = 0x82f63b78;
const STEP = 8;

/** Table k: the checksum of a byte with k zero bytes behind it. */
const TABLES = Array.from({ length: STEP }, () => new Int32Array(256));
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
  ...[Int32Array, Int32Array, Int32Array, Int32Array],
];
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  T0[byte] = crc;
}
for (let k = 1; k < STEP; k++) {
  const [table, before] = [TABLES[k], TABLES[k - 1]] as [Int32Array, Int32Array];
  for (let byte = 0; byte < 256; byte++) {
    const crc = before[byte] as number;
    table[byte] = (T0[crc & 255] as number) ^ (crc >>> 8);
  }
}

/** Castagnoli's checksum, as an unsigned number. */
export function crc32c(bytes: Buffer): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = bytes;
  let crc = -1;
  let at = 0;
  for (const last = length - STEP; at <= last; at += STEP) {
    const a = crc ^ view.getInt32(at, true);
    const b = view.getInt32(at + 4, true);
    crc =
      (T7[a & 255] as number) ^
      (T6[(a >>> 8) & 255] as number) ^
      (T5[(a >>> 16) & 255] as number) ^
      (T4[a >>> 24] as number) ^
      (T3[b & 255] as number) ^
      (T2[(b >>> 8) & 255] as number) ^
      (T1[(b >>> 16) & 255] as number) ^
      (T0[b >>> 24] as number);
  }
  for (; at < length; at++) crc = (T0[(crc ^ view.getUint8(at)) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Makes kafkajs use it from its first send on. Without effect on a kafkajs that has its own elsewhere. */
export function useOurChecksum(): void {
  const require = createRequire(import.meta.url);
  try {
    const path = require.resolve('kafkajs/src/protocol/recordBatch/crc32C/index.js');
    require(path);
    const loaded = require.cache[path];
    if (loaded) loaded.exports = crc32c;
  } catch {
    // Its own is as right, only slower.
  }
}
