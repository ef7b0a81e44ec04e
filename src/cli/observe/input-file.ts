// `--input-file`: responses from a file of JSON lines, in the file's order, read and filtered as Hubble's client does it:
// the same lines are left out, with the same warnings.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import type { Predicate } from '../../hubble/filter/predicate.ts';
import { fromJson } from '../../hubble/json.ts';
import { exactNumbers } from '../../hubble/json-text.ts';
import { protojsonProblem } from '../../hubble/protojson.ts';
import { GetFlowsResponse } from '../../hubble/schema.gen.ts';
import { toNanos } from '../../hubble/timestamp.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { lines } from './lines.ts';
import { ALL, type ObserveOptions } from './options.ts';

/** Takes a warning and its fields. */
export type Warn = (message: string, fields: Readonly<Record<string, string>>) => void;

const MAX_LAST = 1_000_000n;
/** Hubble's reader gives up at lines of 64 KiB, their end included. */
const LINE = { bytes: 64 * 1024 - 1, tooLong: () => invalid('bufio.Scanner: token too long') };

/** The responses of the file named by `--input-file`, `-` being `stdin`; `warn` takes what was left out of it. */
export function fileResponses(
  path: string,
  stdin: Readable,
  warn: Warn,
  signal?: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const stream = path === '-' ? stdin : createReadStream(path);
  if (signal !== undefined) addAbortSignal(signal, stream);
  return responses(stream, path, warn);
}

/** Those that the options select, in the file's order. */
export async function* select(
  responses: AsyncIterable<GetFlowsResponse>,
  options: Pick<ObserveOptions, 'number' | 'first' | 'since' | 'until'>,
  predicate: Predicate,
): AsyncGenerator<GetFlowsResponse> {
  const { number, first, since, until } = options;
  if (!first && number > MAX_LAST && number !== ALL)
    throw invalid(`--last must be <= 1_000_000, got ${number}`);
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
    const line = bytes.toString('utf8');
    const problem = this.problemOf(line, bytes);
    if (problem === undefined) {
      try {
        return fromJson(GetFlowsResponse, JSON.parse(exactNumbers(line)));
      } catch (error) {
        this.leftOut(line, error instanceof Error ? error.message : String(error));
        return undefined;
      }
    }
    this.leftOut(line, problem);
    return undefined;
  }

  private problemOf(line: string, bytes: Buffer): string | undefined {
    if (!isUtf8(bytes)) return 'proto: syntax error: invalid UTF-8 in string';
    const { discardUnknown } = this;
    const problem = protojsonProblem(GetFlowsResponse, line, { discardUnknown });
    if (problem === undefined || !problem.unknown) return problem?.message;
    this.discardUnknown = true;
    this.warn('unknown field detected, upgrade the Hubble CLI to get rid of this warning', {
      error: problem.message,
    });
    return protojsonProblem(GetFlowsResponse, line, { discardUnknown: true })?.message;
  }

  private leftOut(line: string, error: string): void {
    this.warn('Failed to unmarshal json to flow', { error, line });
  }
}

/** Node's refusals to open and read, in the words of Go's. */
function fileError(path: string, error: unknown): unknown {
  const { code, syscall } = error instanceof Error ? (error as NodeJS.ErrnoException) : {};
  const why = WORDS[code ?? ''];
  return why === undefined ? error : invalid(`${syscall ?? 'open'} ${path}: ${why}`, error);
}

const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

function invalid(message: string, cause?: unknown): ParallaxError {
  return new ParallaxError('input/invalid', message, { cause });
}
