// Writes protobuf's wire format.

/** A growing buffer; messages are written in place and moved up when their length takes more than a byte. */
export class WireWriter {
  private buffer: Buffer;
  private pos = 0;

  constructor(capacity = 1024) {
    this.buffer = Buffer.allocUnsafe(capacity);
  }

  /** The bytes written; the writer must not be used afterwards. */
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
