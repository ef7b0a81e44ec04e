// Cuts a gRPC byte stream into messages without copying those that lie within one chunk. A message is five bytes of
// head (compression flag, big-endian length) and its body.
import { ParallaxError } from '../../runtime/errors.ts';

export interface MessageSink {
  /** Bytes arrived, before their messages are handed on. */
  arrived(bytes: number): void;
  /**
   * One message: `bytes[start, end)`. The sink may write over it and over the five bytes before it. They are its own
   * until `flush` is called.
   */
  message(bytes: Buffer, start: number, end: number): void;
  /** The bytes of the messages so far are about to be given up. */
  flush(): void;
  /** A message over the limit was passed over; `head` and `tail` are its first and last bytes. */
  oversize(size: number, head: Buffer, tail: Buffer): void;
}

const HEAD = 5;
const KEPT_HEAD = 16;
const KEPT_TAIL = 1024;
const SMALLEST_PARTIAL = 1 << 14;
/** Memory for larger messages is not kept for the next one. */
const KEPT_PARTIAL = 1 << 20;

export class MessageSplitter {
  private readonly sink: MessageSink;
  private readonly maxMessage: number;
  private readonly head = Buffer.alloc(HEAD);
  private headFilled = 0;
  /** Memory of the message that spans chunks, room for its head in front; `partialEnd` is 0 while there is none. */
  private partial = Buffer.alloc(0);
  private partialFilled = 0;
  private partialEnd = 0;
  private skipped: { size: number; left: number; head: Buffer; tail: Buffer } | undefined;

  constructor(sink: MessageSink, maxMessage: number) {
    this.sink = sink;
    this.maxMessage = maxMessage;
  }

  /** Throws `hubble/malformed` on a compressed message, which no one asked for. */
  push(chunk: Buffer): void {
    const { length } = chunk;
    this.sink.arrived(length);
    let at = this.headFilled > 0 || this.partialEnd > 0 || this.skipped ? this.resume(chunk) : 0;
    while (length - at >= HEAD) {
      if (chunk[at] !== 0) throw compressed();
      // Arithmetic, not readUInt32BE: this runs for every message.
      const size =
        (chunk[at + 1] as number) * 0x1000000 +
        (((chunk[at + 2] as number) << 16) |
          ((chunk[at + 3] as number) << 8) |
          (chunk[at + 4] as number));
      const end = at + HEAD + size;
      if (end > length || size > this.maxMessage) {
        this.begin(size);
        at = this.fill(chunk, at + HEAD);
        continue;
      }
      this.sink.message(chunk, at + HEAD, end);
      at = end;
    }
    if (at < length) {
      chunk.copy(this.head, this.headFilled, at);
      this.headFilled += length - at;
    }
    this.sink.flush();
  }

  /** Goes on with what the chunk before left open; returns where whole messages begin. */
  private resume(chunk: Buffer): number {
    if (this.partialEnd > 0 || this.skipped) return this.fill(chunk, 0);
    const more = Math.min(HEAD - this.headFilled, chunk.length);
    chunk.copy(this.head, this.headFilled, 0, more);
    this.headFilled += more;
    if (this.headFilled < HEAD) return chunk.length;
    this.headFilled = 0;
    if (this.head[0] !== 0) throw compressed();
    this.begin(this.head.readUInt32BE(1));
    return this.fill(chunk, more);
  }

  private begin(size: number): void {
    if (size <= this.maxMessage) {
      this.partialFilled = HEAD;
      this.partialEnd = HEAD + size;
      const { length } = this.partial;
      if (length < this.partialEnd || length > KEPT_PARTIAL) {
        this.partial = Buffer.allocUnsafeSlow(Math.max(this.partialEnd, SMALLEST_PARTIAL));
      }
      return;
    }
    const none = Buffer.alloc(0);
    this.skipped = { size, left: size, head: none, tail: none };
  }

  /** Takes what belongs to the open message; returns where the next begins. */
  private fill(chunk: Buffer, from: number): number {
    const { partial, partialEnd, skipped } = this;
    if (skipped) {
      const part = chunk.subarray(from, from + skipped.left);
      skipped.left -= part.length;
      if (skipped.head.length < KEPT_HEAD) {
        skipped.head = Buffer.concat([skipped.head, part]).subarray(0, KEPT_HEAD);
      }
      skipped.tail = Buffer.concat([skipped.tail, part.subarray(-KEPT_TAIL)]).subarray(-KEPT_TAIL);
      if (skipped.left === 0) {
        this.skipped = undefined;
        this.sink.oversize(skipped.size, skipped.head, skipped.tail);
      }
      return from + part.length;
    }
    if (partialEnd === 0) return from;
    const end = Math.min(chunk.length, from + partialEnd - this.partialFilled);
    chunk.copy(partial, this.partialFilled, from, end);
    this.partialFilled += end - from;
    if (this.partialFilled === partialEnd) {
      this.partialEnd = 0;
      this.sink.message(partial, HEAD, partialEnd);
      // The next message that spans chunks takes the same memory.
      this.sink.flush();
    }
    return end;
  }
}

function compressed(): ParallaxError {
  return new ParallaxError(
    'hubble/malformed',
    'the relay sent a compressed message although none was asked for; a proxy in between may be adding it',
  );
}
