// A stream of bytes as lines, none of them longer than memory allows.

export interface LineLimit {
  /** Bytes of a line without its end. */
  readonly bytes: number;
  readonly tooLong: () => Error;
}

/** Lines without their ends; the last one need not have one. */
export async function* lines(
  stream: AsyncIterable<Buffer>,
  limit: LineLimit,
): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let size = 0;
  const grow = (bytes: number) => {
    size += bytes;
    if (size > limit.bytes) throw limit.tooLong();
  };
  const take = (last: Buffer): Buffer => {
    grow(last.length);
    pending.push(last);
    const line = pending.length === 1 ? last : Buffer.concat(pending);
    pending = [];
    size = 0;
    return line.at(-1) === 13 ? line.subarray(0, -1) : line;
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    grow(chunk.length - start);
    pending.push(chunk.subarray(start));
  }
  if (size > 0) yield take(Buffer.alloc(0));
}
