// A reader of protobuf's wire format that makes no objects. It stands at `pos` and never reads past `limit`, the end
// of the message it is in; entering a submessage moves the limit.

import { isUtf8 } from 'node:buffer';

/** Why bytes are no protobuf message; `reason` is a short stable word for metrics. */
export class Malformed extends Error {
  readonly reason: 'truncated' | 'bad-varint' | 'bad-tag' | 'too-deep';

  constructor(reason: Malformed['reason'], detail: string) {
    super(detail);
    this.name = 'Malformed';
    this.reason = reason;
  }
}

/** Groups (an old wire type) nested deeper than this are refused, as protobuf's own decoders do. */
const MAX_DEPTH = 100;

export class WireReader {
  bytes: Buffer;
  view: DataView;
  pos = 0;
  limit = 0;
  /** Upper 32 bits of the last varint, signed. */
  hi = 0;
  /** Set to 1 by reading what columns cannot hold; its reader resets it. */
  lossy = 0;

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.bytes = bytes;
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

  /** The low 32 bits of a varint, unsigned; `hi` has the others. */
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

  /** A field's tag. */
  tag(): number {
    const tag = this.varint();
    if (this.hi !== 0) throw new Malformed('bad-tag', `field number too large at byte ${this.pos}`);
    return tag;
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

  /** Reads a length and gives the position where what it measures ends. */
  end(): number {
    const length = this.varint();
    const end = this.pos + length;
    if (this.hi !== 0 || end > this.limit) throw this.truncated(`${length} bytes`);
    return end;
  }

  /** Enters the submessage that starts here; give what it returns to `leave`. */
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

  /** Skips the value of a field whose tag was just read. */
  skip(tag: number, depth = 0): void {
    if (tag >>> 3 === 0) throw new Malformed('bad-tag', `field number 0 at byte ${this.pos}`);
    switch (tag & 7) {
      case 0:
        this.varint();
        return;
      case 1:
        this.skipBytes(8);
        return;
      case 2:
        this.pos = this.end();
        return;
      case 3:
        this.skipGroup(tag, depth);
        return;
      case 5:
        this.skipBytes(4);
        return;
      default:
        throw new Malformed('bad-tag', `wire type ${tag & 7} at byte ${this.pos}`);
    }
  }

  private skipBytes(count: number): void {
    if (this.pos + count > this.limit) throw this.truncated(`${count} bytes`);
    this.pos += count;
  }

  private skipGroup(start: number, depth: number): void {
    if (depth >= MAX_DEPTH) throw new Malformed('too-deep', `groups nested over ${MAX_DEPTH} deep`);
    for (;;) {
      const tag = this.tag();
      if ((tag & 7) === 4) {
        if (tag >>> 3 === start >>> 3) return;
        throw new Malformed('bad-tag', `end of another group at byte ${this.pos}`);
      }
      this.skip(tag, depth + 1);
    }
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
      if (pos >= limit) throw this.truncated('a number');
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
    throw new Malformed('bad-varint', `number of more than 64 bits at byte ${this.pos}`);
  }

  private truncated(what: string): Malformed {
    const detail = `${what} at byte ${this.pos} run past the end of their message at ${this.limit}`;
    return new Malformed('truncated', detail);
  }
}
