// Protobuf's wire format: bounds-checked reading and writing of tags, numbers and lengths.
import { ParallaxError } from '../../runtime/errors.ts';

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_GROUP = 3;
export const WIRE_GROUP_END = 4;
export const WIRE_FIXED32 = 5;

/** Messages nested deeper than this are refused, as protobuf's own readers do. */
export const MAX_DEPTH = 100;

export class WireReader {
  readonly bytes: Buffer;
  pos = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An error that says where reading stopped. */
  malformed(what: string, at = this.pos): ParallaxError {
    return new ParallaxError(
      'hubble/malformed',
      `no protobuf message: ${what} at byte ${at} of ${this.bytes.length}`,
    );
  }

  /** `field << 3 | wire type`, unsigned. */
  tag(end: number): number {
    const at = this.pos;
    const value = this.varint64Number(end);
    if (value > 0xffffffff || value < 8) throw this.malformed(`impossible field tag ${value}`, at);
    return value;
  }

  /** The low 32 bits of a varint, unsigned: what 32-bit fields, bools and enums hold. */
  varint32(end: number): number {
    const { bytes } = this;
    const at = this.pos;
    let value = 0;
    for (let i = 0; i < 10; i++) {
      // The limit is checked first, so the byte is there.
      if (at + i >= end) throw this.malformed('number runs past the end', at);
      const byte = bytes[at + i] as number;
      if (i < 5) value |= (byte & 127) << (7 * i);
      if (byte < 128) {
        if (i === 9 && byte > 1) break;
        this.pos = at + i + 1;
        return value >>> 0;
      }
    }
    throw this.malformed('number longer than 64 bits', at);
  }

  /** A varint as 64 unsigned bits. */
  varint64(end: number): bigint {
    const { bytes } = this;
    const at = this.pos;
    let low = 0;
    let middle = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (at + i >= end) throw this.malformed('number runs past the end', at);
      const byte = bytes[at + i] as number;
      const part = byte & 127;
      if (i < 4) low |= part << (7 * i);
      else if (i < 8) middle |= part << (7 * (i - 4));
      else high |= part << (7 * (i - 8));
      if (byte < 128) {
        if (i === 9 && byte > 1) break;
        this.pos = at + i + 1;
        // 28 + 25 bits are exact in a double, which is far cheaper than BigInt arithmetic.
        if (high === 0 && middle < 0x2000000) return BigInt(middle * 0x10000000 + low);
        return (BigInt(high) << 56n) | (BigInt(middle) << 28n) | BigInt(low);
      }
    }
    throw this.malformed('number longer than 64 bits', at);
  }

  /** The length of what follows; it ends within `end`. */
  length(end: number): number {
    const at = this.pos;
    const value = this.varint64Number(end);
    if (value > end - this.pos) throw this.malformed(`field of ${value} bytes past the end`, at);
    return value;
  }

  double(end: number): number {
    return this.bytes.readDoubleLE(this.take(8, end));
  }

  float(end: number): number {
    return this.bytes.readFloatLE(this.take(4, end));
  }

  /** Moves past the value of a tag whose field is not known; groups are passed whole. */
  skip(tag: number, end: number, depth = 0): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint32(end);
        return;
      case WIRE_FIXED64:
        this.take(8, end);
        return;
      case WIRE_BYTES:
        this.take(this.length(end), end);
        return;
      case WIRE_GROUP:
        this.skipGroup(tag >>> 3, end, depth + 1);
        return;
      case WIRE_FIXED32:
        this.take(4, end);
        return;
      case WIRE_GROUP_END:
        throw this.malformed(`end of a group that never began (field ${tag >>> 3})`);
      default:
        throw this.malformed(`wire type ${tag & 7} (field ${tag >>> 3})`);
    }
  }

  private skipGroup(group: number, end: number, depth: number): void {
    if (depth > MAX_DEPTH) throw this.malformed(`nested deeper than ${MAX_DEPTH}`);
    while (this.pos < end) {
      const tag = this.tag(end);
      if ((tag & 7) !== WIRE_GROUP_END) this.skip(tag, end, depth);
      else if (tag >>> 3 === group) return;
      else throw this.malformed(`group ${group} ends as ${tag >>> 3}`);
    }
    throw this.malformed(`group ${group} does not end`);
  }

  /** Moves past `size` bytes and returns where they start. */
  private take(size: number, end: number): number {
    const at = this.pos;
    if (size > end - at) throw this.malformed(`value of ${size} bytes past the end`);
    this.pos = at + size;
    return at;
  }

  private varint64Number(end: number): number {
    const byte = this.pos < end ? (this.bytes[this.pos] as number) : 128;
    if (byte < 128) {
      this.pos++;
      return byte;
    }
    return Number(this.varint64(end));
  }
}

/** A growing buffer; messages are written in place and moved up when their length takes more than a byte. */
export class WireWriter {
  private buffer: Buffer;
  private pos = 0;

  constructor(capacity = 1024) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  /** What was written; the writer must not be used afterwards. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.pos);
  }

  tag(field: number, wireType: number): void {
    this.varint32((field << 3) | wireType);
  }

  /** Unsigned. */
  varint32(value: number): void {
    this.reserve(5);
    const { buffer } = this;
    let rest = value >>> 0;
    while (rest > 127) {
      buffer[this.pos++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    buffer[this.pos++] = rest;
  }

  /** Signed, as int32 and enums are: negative numbers take ten bytes. */
  int32(value: number): void {
    if (value >= 0) this.varint32(value);
    else this.varint64(BigInt(value | 0));
  }

  varint64(value: bigint): void {
    this.reserve(10);
    const { buffer } = this;
    const bits = BigInt.asUintN(64, value);
    let low = Number(bits & 0xffffffffn);
    let high = Number(bits >> 32n);
    while (high > 0 || low > 127) {
      buffer[this.pos++] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    buffer[this.pos++] = low;
  }

  double(value: number): void {
    this.reserve(8);
    this.pos = this.buffer.writeDoubleLE(value, this.pos);
  }

  float(value: number): void {
    this.reserve(4);
    this.pos = this.buffer.writeFloatLE(value, this.pos);
  }

  /** Bytes without a length in front. */
  raw(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.pos);
    this.pos += value.length;
  }

  text(value: string): void {
    const start = this.begin();
    // At most three bytes of UTF-8 for each UTF-16 unit.
    this.reserve(value.length * 3);
    this.pos += this.buffer.write(value, this.pos, 'utf8');
    this.end(start);
  }

  /** Begins a length-delimited value; hand the result to `end`. */
  begin(): number {
    this.reserve(1);
    return this.pos++;
  }

  end(start: number): void {
    const size = this.pos - start - 1;
    if (size < 128) {
      this.buffer[start] = size;
      return;
    }
    const extra = size < 0x4000 ? 1 : size < 0x200000 ? 2 : size < 0x10000000 ? 3 : 4;
    this.reserve(extra);
    this.buffer.copyWithin(start + 1 + extra, start + 1, this.pos);
    const end = this.pos + extra;
    this.pos = start;
    this.varint32(size);
    this.pos = end;
  }

  private reserve(more: number): void {
    if (this.pos + more <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.pos + more));
    this.buffer.copy(larger, 0, 0, this.pos);
    this.buffer = larger;
  }
}
