// A span of the batch's bytes that is dealt with later.
import type { WireReader } from '../../hubble/proto/wire.ts';

/** Bytes of the batch from `start` to `end`; `start` is -1 when there are none. */
export class Span {
  start = -1;
  end = -1;

  get present(): boolean {
    return this.start >= 0;
  }

  /** Reads a length-delimited field as the span and goes past it. */
  read(reader: WireReader): void {
    const end = reader.end();
    this.start = reader.pos;
    this.end = end;
    reader.pos = end;
  }

  clear(): void {
    this.start = -1;
    this.end = -1;
  }
}

export function sameBytes(view: DataView, a: Span, b: Span): boolean {
  if (a.end - a.start !== b.end - b.start) return false;
  let at = a.start;
  let other = b.start;
  for (const last = a.end - 3; at < last; at += 4, other += 4) {
    if (view.getInt32(at, true) !== view.getInt32(other, true)) return false;
  }
  for (; at < a.end; at++, other++) {
    if (view.getUint8(at) !== view.getUint8(other)) return false;
  }
  return true;
}
