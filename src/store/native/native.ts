// ClickHouse's Native format, one block: writes column data that is laid out already into one buffer of the exact
// size. Knows nothing of flows; integers are little-endian, as on every machine Node runs on.
import type { NativeBlock } from '../store.ts';

/** Byte strings by number: string i is `bytes.subarray(starts[i], ends[i])`. */
export interface ByteStrings {
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly count: number;
}

/** The data of one column, rows in order. */
export type ColumnData =
  /** Fixed width: the rows' values side by side (UUIDs as `putUuid` lays them out). */
  | { readonly kind: 'fixed'; readonly values: ArrayBufferView }
  | { readonly kind: 'strings'; readonly strings: ByteStrings }
  /** Row i has the value `dictionary[index[i]]`; entry 0 of the dictionary is the empty string. */
  | {
      readonly kind: 'lowCardinality';
      readonly dictionary: ByteStrings;
      readonly index: Uint8Array | Uint16Array | Uint32Array;
    };

export interface NativeColumn {
  readonly name: string;
  /** ClickHouse type, as the table has it. */
  readonly type: string;
  readonly data: ColumnData;
}

// Head of a LowCardinality column: UInt64 version 1 (shared dictionaries with additional keys), then UInt64 flags:
// index type 0, 1, 2, 3 for UInt8, 16, 32, 64; bit 9 says additional keys follow, bit 10 that they are new.
const LC_VERSION = 1;
const LC_FLAGS = 0x600;
const LC_HEAD = 32;

/** Encodes one block. All columns must hold `rows` rows. */
export function encodeBlock(
  table: string,
  rows: number,
  columns: readonly NativeColumn[],
): NativeBlock {
  let size = varintSize(columns.length) + varintSize(rows);
  for (const { name, type, data } of columns) {
    size += textSize(name) + textSize(type) + dataSize(data);
  }
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = putVarint(bytes, 0, columns.length);
  at = putVarint(bytes, at, rows);
  for (const { name, type, data } of columns) {
    at = putText(bytes, at, name);
    at = putText(bytes, at, type);
    at = putData(bytes, at, data);
  }
  return { table, columns: columns.map(({ name }) => name), rows, bytes };
}

/** Writes a UUID of 16 bytes in canonical order the way ClickHouse keeps it: two UInt64, high half first. */
export function putUuid(out: Uint8Array, at: number, canonical: Uint8Array, from = 0): void {
  for (let i = 0; i < 8; i++) {
    out[at + i] = canonical[from + 7 - i] ?? 0;
    out[at + 8 + i] = canonical[from + 15 - i] ?? 0;
  }
}

function dataSize(data: ColumnData): number {
  switch (data.kind) {
    case 'fixed':
      return data.values.byteLength;
    case 'strings':
      return stringsSize(data.strings);
    case 'lowCardinality':
      return LC_HEAD + stringsSize(data.dictionary) + data.index.byteLength;
    default:
      return data satisfies never;
  }
}

function putData(out: Buffer, at: number, data: ColumnData): number {
  switch (data.kind) {
    case 'fixed':
      return putView(out, at, data.values);
    case 'strings':
      return putStrings(out, at, data.strings);
    case 'lowCardinality':
      putNumber64(out, at, LC_VERSION);
      putNumber64(out, at + 8, LC_FLAGS | Math.log2(data.index.BYTES_PER_ELEMENT));
      putNumber64(out, at + 16, data.dictionary.count);
      at = putStrings(out, at + 24, data.dictionary);
      putNumber64(out, at, data.index.length);
      return putView(out, at + 8, data.index);
    default:
      return data satisfies never;
  }
}

function putView(out: Buffer, at: number, view: ArrayBufferView): number {
  out.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at);
  return at + view.byteLength;
}

function putNumber64(out: Buffer, at: number, value: number): void {
  out.writeUInt32LE(value, at);
  out.writeUInt32LE(0, at + 4);
}

function stringsSize({ starts, ends, count }: ByteStrings): number {
  let size = 0;
  for (let i = 0; i < count; i++) {
    const length = (ends[i] ?? 0) - (starts[i] ?? 0);
    size += length + (length < 128 ? 1 : varintSize(length));
  }
  return size;
}

function putStrings(out: Buffer, at: number, { bytes, starts, ends, count }: ByteStrings): number {
  for (let i = 0; i < count; i++) {
    const start = starts[i] ?? 0;
    const end = ends[i] ?? 0;
    const length = end - start;
    at = putVarint(out, at, length);
    // A call into the engine costs more than copying a few bytes here.
    if (length < 48) {
      for (let from = start; from < end; from++) out[at++] = bytes[from] ?? 0;
    } else {
      bytes.copy(out, at, start, end);
      at += length;
    }
  }
  return at;
}

function textSize(text: string): number {
  const length = Buffer.byteLength(text);
  return varintSize(length) + length;
}

function putText(out: Buffer, at: number, text: string): number {
  at = putVarint(out, at, Buffer.byteLength(text));
  return at + out.write(text, at);
}

function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++;
  return size;
}

function putVarint(out: Buffer, at: number, value: number): number {
  let rest = value;
  while (rest > 127) {
    out[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  out[at++] = rest;
  return at;
}
