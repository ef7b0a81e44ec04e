// Reads the first row's fixed-width values out of a Native block, to find that row again in the store. Knows the types
// of our own blocks only; for any other it finds nothing.
import type { NativeBlock } from '../store.ts';

const WIDTHS: Readonly<Record<string, number>> = {
  UInt8: 1,
  Int8: 1,
  UInt16: 2,
  Int16: 2,
  UInt32: 4,
  Int32: 4,
  UInt64: 8,
  Int64: 8,
  UUID: 16,
};

/** The first row's bytes of each fixed-width column among `names`; undefined when one of them is not to be had. */
export function firstRow(
  block: NativeBlock,
  names: readonly string[],
): ReadonlyMap<string, Buffer> | undefined {
  const found = new Map<string, Buffer>();
  const at = new Cursor(block.bytes);
  const columns = at.varint();
  const rows = at.varint();
  for (let i = 0; i < columns && found.size < names.length; i++) {
    const name = at.text();
    const type = at.text();
    const width = type.startsWith('DateTime64') ? 8 : WIDTHS[type];
    if (width !== undefined) {
      if (rows > 0 && names.includes(name)) found.set(name, at.slice(width));
      at.skip(width * rows);
    } else if (type === 'String') {
      at.skipTexts(rows);
    } else if (type === 'LowCardinality(String)') {
      at.skipLowCardinality(rows);
    } else {
      return undefined;
    }
  }
  return found.size === names.length ? found : undefined;
}

/** A UUID as ClickHouse lays it out (two little-endian halves) in canonical text. */
export function uuidText(bytes: Buffer): string {
  const half = (at: number) => bytes.readBigUInt64LE(at).toString(16).padStart(16, '0');
  const hex = half(0) + half(8);
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

class Cursor {
  private readonly bytes: Buffer;
  private at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  text(): string {
    const length = this.varint();
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  slice(length: number): Buffer {
    return this.bytes.subarray(this.at, this.at + length);
  }

  skip(length: number): void {
    this.at += length;
  }

  skipTexts(count: number): void {
    for (let i = 0; i < count; i++) this.skip(this.varint());
  }

  /** UInt64 version, UInt64 flags (low byte: width of the index), dictionary, index. Nothing at all for no rows. */
  skipLowCardinality(rows: number): void {
    if (rows === 0) return;
    const width = 2 ** (this.bytes.readUInt8(this.at + 8) & 7);
    const entries = Number(this.bytes.readBigUInt64LE(this.at + 16));
    this.skip(24);
    this.skipTexts(entries);
    this.skip(8 + width * rows);
  }
}
