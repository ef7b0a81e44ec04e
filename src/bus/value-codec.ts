// Compression of record values, by us and not by Kafka's client: it then copies and checksums a tenth of the bytes, and
// unpacks one record at a time instead of a whole fetch. A header says what was done; values without it are plain.
import lz4 from 'lz4-napi';
import { BLOCK_MAX, unpackedBound, zstd } from './zstd.ts';

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
      return { value: await zstd.compress(value, compression.level), headers: ZSTD };
    default:
      return compression.kind satisfies never;
  }
}

/** Why a value could not be unpacked: a poison record, not a failure of ours. */
export class UnreadableValue extends Error {
  override readonly name = 'UnreadableValue';
}

/** The value as it was published. Throws UnreadableValue when no retry can help. */
export async function decodeValue(
  value: Buffer,
  encoding: string | undefined,
  maxBytes: number,
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
      const bound = unpackedBound(value);
      if (bound === undefined) throw new UnreadableValue('no single zstd frame');
      checkSize(bound, maxBytes, BLOCK_MAX); // the bound counts the last block as full
      const plain = await zstd.decompress(value).catch(unreadable);
      checkSize(plain.length, maxBytes);
      return plain;
    }
    default:
      throw new UnreadableValue(`unknown ${ENCODING_HEADER} '${encoding}'`);
  }
}

function checkSize(bytes: number, maxBytes: number, slack = 0): void {
  if (bytes <= maxBytes + slack) return;
  throw new UnreadableValue(`${bytes} bytes unpacked exceed maxValueBytes of ${maxBytes}`);
}

function unreadable(error: unknown): never {
  throw new UnreadableValue(error instanceof Error ? error.message : String(error));
}
