// A stream of bytes as lines of text, none of them longer than memory allows.
import { ParallaxError } from '../../runtime/errors.ts';

/** Hubble's own limit is 64 KiB; flows with many labels and policies are longer than that. */
const MAX_LINE_BYTES = 16 * 1024 ** 2;

/** Lines without their ends; the last one need not have one. */
export async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let pending: Buffer[] = [];
  let size = 0;
  const take = (last: Buffer): string => {
    pending.push(last);
    const line = (pending.length === 1 ? last : Buffer.concat(pending)).toString('utf8');
    pending = [];
    size = 0;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  };
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      yield take(chunk.subarray(start, end));
      start = end + 1;
    }
    size += chunk.length - start;
    if (size > MAX_LINE_BYTES)
      throw new ParallaxError(
        'input/invalid',
        `a line of the input is longer than ${MAX_LINE_BYTES} bytes; split it or leave it out`,
      );
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
  if (size > 0) yield take(Buffer.alloc(0));
}
