// `--input-file`: responses from a file of JSON lines, in the file's order, read and filtered as Hubble's client does it:
// the same lines are left out, with the same warnings.
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import type { Predicate } from '../../hubble/filter/predicate.ts';
import { textOfBytes } from '../../hubble/json/byte-text.ts';
import { ProtojsonError, readProtojson } from '../../hubble/json/protojson.ts';
import { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { toNanos } from '../../hubble/proto/timestamp.ts';
import { inputError } from '../../runtime/errors.ts';
import { lines } from '../client/lines.ts';
import { fileError } from './file-error.ts';
import { ALL, type ObserveOptions } from './options.ts';

/** Takes a warning and its fields. */
export type Warn = (message: string, fields: Readonly<Record<string, string>>) => void;

const MAX_LAST = 1_000_000n;
/** Hubble's reader gives up at lines of 64 KiB, their end included. */
const LINE = { bytes: 64 * 1024 - 1, tooLong: () => inputError('bufio.Scanner: token too long') };

/** The responses of the file named by `--input-file`, `-` being `stdin`; `warn` takes what was left out of it. */
export async function* fileResponses(
  path: string,
  stdin: Readable,
  warn: Warn,
  signal?: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  yield* await openResponses(path, stdin, warn, signal);
}

/** The same once the file is open: a file that cannot be opened is refused before anything else is looked at. */
export async function openResponses(
  path: string,
  stdin: Readable,
  warn: Warn,
  signal?: AbortSignal,
): Promise<AsyncGenerator<GetFlowsResponse>> {
  const stream = path === '-' ? stdin : await opened(path);
  if (signal !== undefined) addAbortSignal(signal, stream);
  return responses(stream, path, warn);
}

async function opened(path: string): Promise<Readable> {
  const stream = createReadStream(path);
  try {
    await once(stream, 'open');
  } catch (error) {
    throw fileError(path, error);
  }
  return stream;
}

/** Those that the options select, in the file's order. */
export async function* select(
  responses: AsyncIterable<GetFlowsResponse>,
  options: Pick<ObserveOptions, 'number' | 'first' | 'since' | 'until'>,
  predicate: Predicate,
): AsyncGenerator<GetFlowsResponse> {
  const { number, first, since, until } = options;
  if (!first && number > MAX_LAST && number !== ALL)
    throw inputError(`--last must be <= 1_000_000, got ${number}`);
  const limit = number === ALL ? 0 : Number(number);
  const ring: GetFlowsResponse[] = [];
  let count = 0;
  for await (const response of responses) {
    const nanos = response.time === undefined ? 0n : toNanos(response.time);
    if (since !== undefined && nanos < since) continue;
    if (until !== undefined && nanos > until) continue;
    if (!predicate(response)) continue;
    if (limit > 0 && !first) {
      ring[count++ % limit] = response;
      continue;
    }
    yield response;
    if (first && ++count === limit) return;
  }
  const start = count > ring.length ? count % limit : 0;
  yield* ring.slice(start);
  yield* ring.slice(0, start);
}

async function* responses(
  stream: Readable,
  path: string,
  warn: Warn,
): AsyncGenerator<GetFlowsResponse> {
  const reader = new LineReader(warn);
  try {
    for await (const line of lines(stream, LINE)) {
      const response = reader.read(line);
      if (response !== undefined) yield response;
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

/** Reads line after line; once a field was unknown, such fields are passed over to the end. */
class LineReader {
  private readonly warn: Warn;
  private discardUnknown = false;

  constructor(warn: Warn) {
    this.warn = warn;
  }

  read(bytes: Buffer): GetFlowsResponse | undefined {
    const line = textOfBytes(bytes);
    try {
      return this.response(line);
    } catch (error) {
      if (!(error instanceof ProtojsonError)) throw error;
      this.leftOut(line, error.message);
      return undefined;
    }
  }

  /** What is refused is tried once more without what is unknown; when that helps, it stays so. */
  private response(line: string): GetFlowsResponse {
    const { discardUnknown } = this;
    try {
      return readProtojson(GetFlowsResponse, line, { discardUnknown });
    } catch (error) {
      if (discardUnknown || !(error instanceof ProtojsonError)) throw error;
      const response = readProtojson(GetFlowsResponse, line, { discardUnknown: true });
      this.discardUnknown = true;
      this.warn('unknown field detected, upgrade the Hubble CLI to get rid of this warning', {
        error: error.message,
      });
      return response;
    }
  }

  private leftOut(line: string, error: string): void {
    this.warn('Failed to unmarshal json to flow', { error, line });
  }
}
