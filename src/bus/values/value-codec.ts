// Compression of record values, by us and not by Kafka's client: it then copies and checksums a tenth of the bytes, and
// unpacks one record at a time instead of a whole fetch. A header says what was done; values without it are plain.
import lz4 from 'lz4-napi';
import { BLOCK_MAX, type Frame, framesOf, zstd } from './zstd.ts';

export const ENCODING_HEADER = 'parallax-encoding';

export interface Compression {
  readonly kind: 'none' | 'lz4' | 'zstd';
  readonly level: number;
}

export interface EncodedValue {
  readonly value: Buffer;
  /** Headers to send beside the value. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Values smaller than this are sent as they are. */
const WORTH_PACKING = 512;
/**
 * A value is packed in frames of so many bytes. Each unpacks into memory that malloc has at hand, and from there into
 * the value's; as one frame of tens of megabytes it unpacks into fresh pages, which costs as much as the unpacking.
 * A multiple of zstd's blocks, so that only the last one of a value is not full.
 */
const PIECE = 32 * BLOCK_MAX;
/** Frames unpacked at the same time. */
const UNPACKING = 4;

const PLAIN = {};
const LZ4 = { [ENCODING_HEADER]: 'lz4' };
const ZSTD = { [ENCODING_HEADER]: 'zstd' };

export async function encodeValue(value: Buffer, compression: Compression): Promise<EncodedValue> {
  if (value.length < WORTH_PACKING) return { value, headers: PLAIN };
  switch (compression.kind) {
    case 'none':
      return { value, headers: PLAIN };
    case 'lz4':
      return { value: await lz4.compress(value), headers: LZ4 };
    case 'zstd':
      return { value: await packFrames(value, compression.level), headers: ZSTD };
    default:
      return compression.kind satisfies never;
  }
}

/** Why a value could not be unpacked: a poison record, not a failure of ours. */
export class UnreadableValue extends Error {
  override readonly name = 'UnreadableValue';
}

async function packFrames(value: Buffer, level: number): Promise<Buffer> {
  if (value.length <= PIECE) return zstd.compress(value, level);
  const pieces: Promise<Buffer>[] = [];
  for (let at = 0; at < value.length; at += PIECE) {
    pieces.push(zstd.compress(value.subarray(at, at + PIECE), level));
  }
  return Buffer.concat(await Promise.all(pieces));
}

/**
 * The value as it was published, in memory from `allocate` when it was packed in several frames. Throws UnreadableValue
 * when no retry can help.
 */
export async function decodeValue(
  value: Buffer,
  encoding: string | undefined,
  maxBytes: number,
  allocate: (bytes: number) => Buffer = Buffer.allocUnsafeSlow,
): Promise<Buffer> {
  switch (encoding) {
    case undefined:
      checkSize(value.length, maxBytes);
      return value;
    case 'lz4':
      // A block with its unpacked size in front, 32 bits little-endian: allocated before a byte is read.
      if (value.length < 4) throw new UnreadableValue('an lz4 block has at least 4 bytes');
      checkSize(value.readUInt32LE(0), maxBytes);
      return lz4.uncompress(value).catch(unreadable);
    case 'zstd': {
      const frames = framesOf(value);
      if (frames === undefined) throw new UnreadableValue('no zstd frames');
      const bound = frames.reduce((sum, frame) => sum + frame.bound, 0);
      checkSize(bound, maxBytes, BLOCK_MAX); // the bound counts the last block as full
      const plain =
        frames.length === 1
          ? await zstd.decompress(value).catch(unreadable)
          : await unpackFrames(value, frames, allocate(bound));
      checkSize(plain.length, maxBytes);
      return plain;
    }
    default:
      throw new UnreadableValue(`unknown ${ENCODING_HEADER} '${encoding}'`);
  }
}

async function unpackFrames(
  packed: Buffer,
  frames: readonly Frame[],
  into: Buffer,
): Promise<Buffer> {
  let length = 0;
  for (let at = 0; at < frames.length; at += UNPACKING) {
    const some = frames.slice(at, at + UNPACKING);
    const pieces = await Promise.all(
      some.map(({ start, end }) => zstd.decompress(packed.subarray(start, end))),
    ).catch(unreadable);
    for (const piece of pieces) length += piece.copy(into, length);
  }
  return into.subarray(0, length);
}

function checkSize(bytes: number, maxBytes: number, slack = 0): void {
  if (bytes <= maxBytes + slack) return;
  throw new UnreadableValue(`${bytes} bytes unpacked exceed maxValueBytes of ${maxBytes}`);
}

function unreadable(error: unknown): never {
  throw new UnreadableValue(error instanceof Error ? error.message : String(error));
}
