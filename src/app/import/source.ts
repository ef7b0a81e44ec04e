// The input of an import: a file or standard input, plain or gzip (detected by its first bytes, not its name).
import { createReadStream, statSync } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { inputError, ParallaxError } from '../../runtime/errors.ts';

export interface ImportSource {
  /** Name in messages. */
  readonly name: string;
  /** Bytes of the file; undefined for standard input. */
  readonly size: number | undefined;
  /** Bytes read so far. */
  taken(): number;
  /** The decompressed bytes. Throws `input/invalid` when the input cannot be read or decompressed. */
  chunks(): AsyncIterable<Buffer>;
  /** Ends reading, also while it waits for input. */
  close(): void;
}

const GZIP = [0x1f, 0x8b];
const UTF8_BOM = [0xef, 0xbb, 0xbf];
const UTF16 = [
  [0xff, 0xfe],
  [0xfe, 0xff],
];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];

/** `-` is `stdin`. Throws `input/invalid` when there is no such file. */
export function openSource(path: string, stdin: Readable): ImportSource {
  if (path === '-') return source('standard input', undefined, stdin);
  let size: number | undefined;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new Error('it is a directory');
    size = stat.isFile() ? stat.size : undefined;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw inputError(`cannot read "${path}": ${why}`, { cause });
  }
  return source(path, size, createReadStream(path, { highWaterMark: 1 << 18 }));
}

function source(name: string, size: number | undefined, input: Readable): ImportSource {
  let taken = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of input) {
      const bytes: Buffer = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      taken += bytes.length;
      yield bytes;
    }
  }
  return {
    name,
    size,
    taken: () => taken,
    close: () => void input.destroy(),
    async *chunks() {
      try {
        yield* withoutBom(unpacked(counted(), name), name);
      } catch (cause) {
        if (cause instanceof ParallaxError) throw cause;
        const why = cause instanceof Error ? cause.message : String(cause);
        throw inputError(`${name} ended early: ${why}`, { cause });
      }
    },
  };
}

async function* unpacked(raw: AsyncGenerator<Buffer>, name: string): AsyncGenerator<Buffer> {
  const { head, rest } = await peek(raw, ZSTD.length);
  if (startsWith(head, ZSTD)) {
    const cure = `unpack it first: zstd -dc ${name} | parallax import -`;
    throw inputError(`${name} is zstd data; ${cure}`);
  }
  if (!startsWith(head, GZIP)) {
    yield* rest;
    return;
  }
  const gunzip = createGunzip({ chunkSize: 1 << 18 });
  // Errors of both streams are thrown by the iteration below.
  pipeline(Readable.from(rest), gunzip, () => {});
  for await (const chunk of gunzip) yield chunk;
}

async function* withoutBom(raw: AsyncGenerator<Buffer>, name: string): AsyncGenerator<Buffer> {
  const { head, rest } = await peek(raw, UTF8_BOM.length);
  if (UTF16.some((mark) => startsWith(head, mark))) {
    const cure = `convert it to UTF-8 first: iconv -f UTF-16 -t UTF-8 ${name} | parallax import -`;
    throw inputError(`${name} is UTF-16 text; ${cure}`);
  }
  let skip = startsWith(head, UTF8_BOM) ? UTF8_BOM.length : 0;
  for await (const chunk of rest) {
    const cut = Math.min(skip, chunk.length);
    skip -= cut;
    yield chunk.subarray(cut);
  }
}

/** The first `count` bytes, or all if there are fewer, and the whole input including them. */
async function peek(
  raw: AsyncGenerator<Buffer>,
  count: number,
): Promise<{ head: Buffer; rest: AsyncGenerator<Buffer> }> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < count) {
    const next = await raw.next();
    if (next.done) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  async function* rest() {
    if (head.length > 0) yield head;
    yield* raw;
  }
  return { head, rest: rest() };
}

function startsWith(bytes: Buffer, mark: readonly number[]): boolean {
  return bytes.length >= mark.length && mark.every((byte, index) => bytes[index] === byte);
}
