// Memory for the arrays of one block, all given back together. Grows to what the largest block so far took.

/** More than this is needed by enormous batches only, and not kept for them. */
const KEPT_BYTES = 1 << 26;

export class Scratch {
  private memory = new ArrayBuffer(1 << 16);
  private used = 0;
  private wanted = 0;

  /** Takes back everything handed out. */
  reset(): void {
    const wanted = Math.min(Math.ceil(this.wanted * 1.25), KEPT_BYTES);
    if (wanted > this.memory.byteLength) this.memory = new ArrayBuffer(wanted);
    this.used = 0;
    this.wanted = 0;
  }

  u8(length: number): Uint8Array {
    const at = this.take(length);
    return at < 0 ? new Uint8Array(length) : new Uint8Array(this.memory, at, length);
  }

  u16(length: number): Uint16Array {
    const at = this.take(length * 2);
    return at < 0 ? new Uint16Array(length) : new Uint16Array(this.memory, at, length);
  }

  u32(length: number): Uint32Array {
    const at = this.take(length * 4);
    return at < 0 ? new Uint32Array(length) : new Uint32Array(this.memory, at, length);
  }

  /** Where the next `bytes` are, or -1 when they do not fit any more. */
  private take(bytes: number): number {
    const room = (bytes + 7) & ~7;
    this.wanted += room;
    if (this.used + room > this.memory.byteLength) return -1;
    const at = this.used;
    this.used += room;
    return at;
  }
}
