// Splits bytes into lines. Memory is bounded by the longest line allowed; of longer lines only the length is kept.

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without the line's end (LF or CRLF); undefined when the line is longer than the limit. */
  readonly bytes: Buffer | undefined;
  /** Bytes of the line, without its end. */
  readonly length: number;
}

const LF = 10;
const CR = 13;

export class LineSplitter {
  private readonly limit: number;
  private number = 0;
  private parts: Buffer[] = [];
  private length = 0;

  /** `limit`: bytes of the longest line that is returned. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** The lines that `chunk` completes. Lines may share memory with the chunk: it must not be written to again. */
  *push(chunk: Buffer): Generator<Line> {
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(LF, at);
      this.keep(chunk.subarray(at, end === -1 ? chunk.length : end));
      if (end === -1) return;
      at = end + 1;
      yield this.take();
    }
  }

  /** The last line, when the input does not end with a line's end. */
  *end(): Generator<Line> {
    if (this.length > 0) yield this.take();
  }

  private keep(part: Buffer): void {
    this.length += part.length;
    // One byte more for the CR of a line that is just short enough.
    if (this.length > this.limit + 1) this.parts = [];
    else if (part.length > 0) this.parts.push(part);
  }

  private take(): Line {
    const [first] = this.parts;
    let bytes = this.parts.length === 1 && first ? first : Buffer.concat(this.parts);
    let { length } = this;
    const whole = bytes.length === length;
    if (whole && bytes[length - 1] === CR) {
      length--;
      bytes = bytes.subarray(0, length);
    }
    this.parts = [];
    this.length = 0;
    this.number++;
    return {
      number: this.number,
      bytes: whole && length <= this.limit ? bytes : undefined,
      length,
    };
  }
}
