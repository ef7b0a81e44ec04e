// The few fields of a GetFlowsResponse that a collector needs, read in place without decoding the flow:
//   GetFlowsResponse { flow = 1, node_status = 2, lost_events = 3, node_name = 1000, time = 1001 }
//   Flow.time = 1, Timestamp { seconds = 1, nanos = 2 }
// Encoders write fields in the order of their numbers, so the time comes first and the names come right after the
// flow; other orders take the slow way.

export type ResponseKind = 'flow' | 'node-status' | 'lost-events' | 'unknown';

const TAG_TIME = 0x0a;
const KINDS: Readonly<Record<number, ResponseKind>> = {
  1: 'flow',
  2: 'node-status',
  3: 'lost-events',
};
const NODE_NAME = 1000;
const TIME = 1001;

/** One peek, used over and over; the fields are those of the response looked at last. */
export class ResponsePeek {
  kind: ResponseKind = 'unknown';
  /** The oneof's message, `bytes[bodyStart, bodyEnd)`. */
  bodyStart = 0;
  bodyEnd = 0;
  /** The node's name, `bytes[nodeStart, nodeEnd)`; empty when there is none. */
  nodeStart = 0;
  nodeEnd = 0;
  /** Flow.time, or the response's own time where that is missing; NaN when there is none. */
  seconds = Number.NaN;
  nanos = 0;

  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;

  /** False when the bytes are no protobuf message as far as was looked; the fields then say nothing. */
  read(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    this.kind = 'unknown';
    this.bodyStart = this.bodyEnd = this.nodeStart = this.nodeEnd = start;
    this.seconds = Number.NaN;
    this.nanos = 0;
    this.at = start;
    return this.fast(end) || this.slow(start, end);
  }

  /** Exactly: flow { time, … }, node_name, and whatever follows. */
  private fast(end: number): boolean {
    const { bytes } = this;
    if (bytes[this.at] !== 0x0a) return false;
    this.at++;
    const size = this.varint(end);
    const body = this.at;
    const bodyEnd = body + size;
    // Node 1000, length-delimited: 0xc2 0x3e; one byte of length.
    if (!(bodyEnd + 2 < end) || bytes[bodyEnd] !== 0xc2 || bytes[bodyEnd + 1] !== 0x3e)
      return false;
    // In range: bodyEnd + 2 is below end.
    const nodeLength = bytes[bodyEnd + 2] as number;
    const nodeEnd = bodyEnd + 3 + nodeLength;
    if (nodeLength > 127 || nodeEnd > end || bytes[body] !== TAG_TIME) return false;
    // In range: body is at most bodyEnd, and bodyEnd + 2 is below end.
    const timeEnd = body + 2 + (bytes[body + 1] as number);
    // In range, as above.
    if (timeEnd > bodyEnd || (bytes[body + 1] as number) > 127) return false;
    if (!this.timestamp(body + 2, timeEnd)) return false;
    this.kind = 'flow';
    this.bodyStart = body;
    this.bodyEnd = bodyEnd;
    this.nodeStart = bodyEnd + 3;
    this.nodeEnd = nodeEnd;
    return true;
  }

  private slow(start: number, end: number): boolean {
    this.kind = 'unknown';
    this.seconds = Number.NaN;
    this.nanos = 0;
    let outerStart = -1;
    let outerEnd = -1;
    this.at = start;
    while (this.at < end) {
      const field = this.field(end);
      if (field < 0) return false;
      const kind = KINDS[field];
      if (kind !== undefined) {
        this.kind = kind;
        this.bodyStart = this.valueStart;
        this.bodyEnd = this.at;
      } else if (field === NODE_NAME) {
        this.nodeStart = this.valueStart;
        this.nodeEnd = this.at;
      } else if (field === TIME) {
        outerStart = this.valueStart;
        outerEnd = this.at;
      }
    }
    if (this.kind === 'flow') {
      this.at = this.bodyStart;
      while (this.at < this.bodyEnd) {
        const field = this.field(this.bodyEnd);
        if (field < 0) return false;
        if (field !== 1) continue;
        const after = this.at;
        if (!this.timestamp(this.valueStart, after)) return false;
        this.at = after;
      }
    }
    if (Number.isNaN(this.seconds) && outerStart >= 0) return this.timestamp(outerStart, outerEnd);
    return true;
  }

  /** Two numbers of the oneof's message, by field number; absent ones are 0. For lost events and node states. */
  numbers(first: number, second: number): [number, number] {
    const result: [number, number] = [0, 0];
    this.at = this.bodyStart;
    while (this.at < this.bodyEnd) {
      const field = this.field(this.bodyEnd);
      if (field < 0) break;
      if (this.valueStart >= 0) continue;
      if (field === first) result[0] = this.value;
      else if (field === second) result[1] = this.value;
    }
    return result;
  }

  /** Start of the last length-delimited value; -1 when the last field was a number, which is then in `value`. */
  private valueStart = 0;
  private value = 0;

  /** Passes one field and returns its number; -1 when the bytes are no field. */
  private field(end: number): number {
    const key = this.varint(end);
    this.valueStart = -1;
    switch (key & 7) {
      case 0:
        this.value = this.varint(end);
        break;
      case 1:
        this.at += 8;
        break;
      case 2: {
        const size = this.varint(end);
        this.valueStart = this.at;
        this.at += size;
        break;
      }
      case 5:
        this.at += 4;
        break;
      default:
        return -1;
    }
    // NaN, from a number cut short, fails here too.
    return this.at <= end && key >= 8 ? Math.floor(key / 8) : -1;
  }

  private timestamp(start: number, end: number): boolean {
    const { bytes } = this;
    let seconds = 0;
    let nanos = 0;
    this.at = start;
    while (this.at < end) {
      const key = bytes[this.at++];
      if (key !== 0x08 && key !== 0x10) {
        this.at--;
        if (this.field(end) < 0) return false;
        continue;
      }
      const value = this.varint(end);
      if (key === 0x08) seconds = value;
      else nanos = value;
    }
    this.seconds = seconds;
    this.nanos = nanos;
    return this.at === end;
  }

  /** Unsigned; above 2^53 only roughly right. NaN when it runs past `end`. */
  private varint(end: number): number {
    const { bytes } = this;
    let { at } = this;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10 && at < end; i++) {
      // In range: the loop checks it.
      const byte = bytes[at++] as number;
      value += (byte & 127) * scale;
      if (byte < 128) {
        this.at = at;
        return value;
      }
      scale *= 128;
    }
    this.at = Number.NaN;
    return Number.NaN;
  }
}
