// Reads protobuf's wire format without making objects.
import { isUtf8 } from 'node:buffer';
import { ParallaxError } from '../../runtime/errors.ts';

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_GROUP = 3;
export const WIRE_GROUP_END = 4;
export const WIRE_FIXED32 = 5;

/** Messages nested deeper than this are refused, as protobuf's own readers do. */
export const MAX_DEPTH = 100;

/** Bytes that are no protobuf message; `reason` is a short stable word for metrics. */
export class Malformed extends ParallaxError {
  readonly reason: 'truncated' | 'bad-varint' | 'bad-tag' | 'too-deep';

  constructor(reason: Malformed['reason'], message: string) {
    super('hubble/malformed', message);
    this.reason = reason;
  }
}

/**
 * Stands at `pos` and never reads past `limit`, the end of the message it is in; entering a submessage moves the limit.
 * Every method throws `Malformed`.
 */
export class WireReader {
  bytes: Buffer;
  view: DataView;
  pos = 0;
  limit = 0;
  /** Upper 32 bits of the last varint, signed. */
  hi = 0;
  /** Set to 1 by reading a value that a column cannot hold; the caller resets it. */
  lossy = 0;

  constructor(bytes: Uint8Array = Buffer.alloc(0)) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.limit = bytes.length;
  }

  /** Reads from other bytes from now on. */
  reset(bytes: Buffer): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.pos = 0;
    this.limit = bytes.length;
  }

  /** Reads a span of what another reader reads. */
  open(of: WireReader, start: number, end: number): void {
    this.bytes = of.bytes;
    this.view = of.view;
    this.pos = start;
    this.limit = end;
    this.lossy = 0;
  }

  /** An error with the position where reading stopped. */
  malformed(reason: Malformed['reason'], what: string, at = this.pos): Malformed {
    const { length } = this.bytes;
    return new Malformed(reason, `no protobuf message: ${what} at byte ${at} of ${length}`);
  }

  /** The low 32 bits of a varint, unsigned, which is all of a 32-bit field, bool or enum; `hi` has the others. */
  varint(): number {
    const { pos } = this;
    if (pos < this.limit) {
      const byte = this.view.getUint8(pos);
      if (byte < 128) {
        this.pos = pos + 1;
        this.hi = 0;
        return byte;
      }
    }
    return this.longVarint();
  }

  /** A varint as 64 unsigned bits. */
  varint64(): bigint {
    const low = this.varint();
    const { hi } = this;
    // 53 bits are exact in a double, which is far cheaper than BigInt arithmetic.
    if (hi >= 0 && hi < 0x200000) return BigInt(hi * 0x100000000 + low);
    return (BigInt(hi >>> 0) << 32n) | BigInt(low);
  }

  /** `field << 3 | wire type`, unsigned. */
  tag(): number {
    const at = this.pos;
    const tag = this.varint();
    if (this.hi === 0 && tag >= 8) return tag;
    throw this.malformed(
      'bad-tag',
      `impossible field tag ${(this.hi >>> 0) * 0x100000000 + tag}`,
      at,
    );
  }

  /** A number the column can hold up to `max`; 0, and lossy, when it is larger or negative. */
  upTo(max: number): number {
    const value = this.varint();
    if (this.hi === 0 && value <= max) return value;
    this.lossy = 1;
    return 0;
  }

  u8(): number {
    return this.upTo(0xff);
  }

  u16(): number {
    return this.upTo(0xffff);
  }

  u32(): number {
    return this.upTo(0xffffffff);
  }

  i32(): number {
    const value = this.varint() | 0;
    if (this.hi === value >> 31) return value;
    this.lossy = 1;
    return 0;
  }

  /** 1 for true, 0 for false. */
  bool(): number {
    return this.varint() === 0 && this.hi === 0 ? 0 : 1;
  }

  double(): number {
    const at = this.pos;
    this.skipBytes(8);
    return this.view.getFloat64(at, true);
  }

  float(): number {
    const at = this.pos;
    this.skipBytes(4);
    return this.view.getFloat32(at, true);
  }

  /** Reads a length and returns the position where the value behind it ends. */
  end(): number {
    const at = this.pos;
    const length = this.varint();
    const end = this.pos + length;
    if (this.hi === 0 && end <= this.limit) return end;
    const size = (this.hi >>> 0) * 0x100000000 + length;
    throw this.malformed('truncated', `field of ${size} bytes past the end`, at);
  }

  /** Enters the submessage that starts here; pass the result to `leave`. */
  enter(): number {
    const outer = this.limit;
    this.limit = this.end();
    return outer;
  }

  leave(outer: number): void {
    this.pos = this.limit;
    this.limit = outer;
  }

  /** Skips a field that has no column. */
  unknown(tag: number): void {
    this.lossy = 1;
    this.skip(tag);
  }

  /** The text of a length-delimited field; lossy when it is not UTF-8. */
  string(): string {
    const end = this.end();
    const bytes = this.bytes.subarray(this.pos, end);
    if (!isUtf8(bytes)) this.lossy = 1;
    this.pos = end;
    return bytes.toString('utf8');
  }

  /** Skips the value of a field whose tag was just read; groups are skipped whole. */
  skip(tag: number, depth = 0): void {
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint();
        return;
      case WIRE_FIXED64:
        this.skipBytes(8);
        return;
      case WIRE_BYTES:
        this.pos = this.end();
        return;
      case WIRE_GROUP:
        this.skipGroup(tag >>> 3, depth + 1);
        return;
      case WIRE_FIXED32:
        this.skipBytes(4);
        return;
      case WIRE_GROUP_END:
        throw this.malformed('bad-tag', `end of a group that never began (field ${tag >>> 3})`);
      default:
        throw this.malformed('bad-tag', `wire type ${tag & 7} (field ${tag >>> 3})`);
    }
  }

  private skipBytes(count: number): void {
    if (this.pos + count > this.limit)
      throw this.malformed('truncated', `value of ${count} bytes past the end`);
    this.pos += count;
  }

  private skipGroup(group: number, depth: number): void {
    if (depth > MAX_DEPTH) throw this.malformed('too-deep', `nested deeper than ${MAX_DEPTH}`);
    while (this.pos < this.limit) {
      const tag = this.tag();
      if ((tag & 7) !== WIRE_GROUP_END) this.skip(tag, depth);
      else if (tag >>> 3 === group) return;
      else throw this.malformed('bad-tag', `group ${group} ends as ${tag >>> 3}`);
    }
    throw this.malformed('truncated', `group ${group} does not end`);
  }

  private longVarint(): number {
    const { view, limit } = this;
    let { pos } = this;
    // Two and three bytes are ports, lengths, identities: nearly all there is.
    if (pos + 3 <= limit) {
      const word =
        view.getUint8(pos) | (view.getUint8(pos + 1) << 8) | (view.getUint8(pos + 2) << 16);
      this.hi = 0;
      if ((word & 0x8000) === 0) {
        this.pos = pos + 2;
        return (word & 0x7f) | ((word & 0x7f00) >>> 1);
      }
      if ((word & 0x800000) === 0) {
        this.pos = pos + 3;
        return (word & 0x7f) | ((word & 0x7f00) >>> 1) | ((word & 0x7f0000) >>> 2);
      }
    }
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= limit) throw this.malformed('truncated', 'number runs past the end');
      const byte = view.getUint8(pos++);
      if (shift === 63 && byte > 1) break;
      const bits = byte & 127;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 128) {
        this.pos = pos;
        this.hi = high;
        return low >>> 0;
      }
    }
    throw this.malformed('bad-varint', 'number longer than 64 bits');
  }
}
