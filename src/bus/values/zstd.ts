// zstd through the bindings of @mongodb-js/zstd: the package's own function drops the level, and level 2 is twice as
// cheap as its default of 3 on flow batches (docs/decisions/0004-values-compressed-by-us.md).
import { createRequire } from 'node:module';

interface Bindings {
  compress(data: Buffer, level?: number): Promise<Buffer>;
  decompress(data: Buffer): Promise<Buffer>;
}

// The package has no types for its bindings; the shape is that of its index.d.ts.
export const zstd = createRequire(import.meta.url)('@mongodb-js/zstd/bindings.js') as Bindings;

const MAGIC = 0xfd2fb528;
/** Most bytes one block unpacks to. */
export const BLOCK_MAX = 128 * 1024;

/** Frame of a packed value: `packed[start, end)`, which unpacks to no more than `bound` bytes. */
export interface Frame {
  readonly start: number;
  readonly end: number;
  readonly bound: number;
}

/** The frames that a value consists of, read from their headers, or undefined when it is something else. */
export function framesOf(packed: Buffer): readonly Frame[] | undefined {
  const frames: Frame[] = [];
  for (let at = 0; at < packed.length || at === 0; ) {
    const frame = frameAt(packed, at);
    if (frame === undefined) return undefined;
    frames.push(frame);
    at = frame.end;
  }
  return frames;
}

/**
 * The most bytes a zstd frame can unpack to is in its block headers. Unpacking has no limit of its own, and a few
 * kilobytes can ask for gigabytes. RFC 8878, 3.1.1: magic, frame header (descriptor byte, window 0–1, dictionary 0–4,
 * content size 0–8), then blocks: `size << 3 | type << 1 | last`, three bytes.
 */
function frameAt(packed: Buffer, start: number): Frame | undefined {
  if (packed.length - start < 6 || packed.readUInt32LE(start) !== MAGIC) return undefined;
  const descriptor = packed.readUInt8(start + 4);
  const single = (descriptor & 0x20) !== 0;
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = start + 5 + (single ? 0 : 1) + dictionary + contentSize;
  let bound = 0;
  for (let last = false; !last; ) {
    if (at + 3 > packed.length) return undefined;
    const header = packed.readUIntLE(at, 3);
    last = (header & 1) === 1;
    const size = header >>> 3;
    const type = (header >>> 1) & 3;
    if (type === 3) return undefined;
    bound += type === 2 ? BLOCK_MAX : size;
    at += 3 + (type === 1 ? 1 : size); // a run has one byte, however long it is
  }
  const end = at + ((descriptor & 4) !== 0 ? 4 : 0);
  return end <= packed.length ? { start, end, bound } : undefined;
}
