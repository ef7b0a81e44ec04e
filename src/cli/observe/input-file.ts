// `--input-file`: responses from a file of JSON lines, in the file's order, filtered here as Hubble's client does it.
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { resolveAny } from '../../hubble/any.ts';
import type { Predicate } from '../../hubble/filter/predicate.ts';
import { responseFromJson } from '../../hubble/json.ts';
import { withoutJsonSource } from '../../hubble/json-source.ts';
import type { GetFlowsResponse } from '../../hubble/schema.gen.ts';
import { toNanos } from '../../hubble/timestamp.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { lines } from './lines.ts';
import { ALL, type ObserveOptions } from './options.ts';

const MAX_LAST = 1_000_000n;

/** The responses of the file named by `--input-file`, `-` being `stdin`; `warn` takes what was left out of it. */
export function fileResponses(
  path: string,
  stdin: Readable,
  warn: (message: string) => void,
): AsyncGenerator<GetFlowsResponse> {
  return responses(path === '-' ? stdin : createReadStream(path), warn);
}

/** Those that the options select, in the file's order. */
export async function* select(
  responses: AsyncIterable<GetFlowsResponse>,
  options: ObserveOptions,
  predicate: Predicate,
): AsyncGenerator<GetFlowsResponse> {
  const { number, first, since, until } = options;
  if (!first && number > MAX_LAST && number !== ALL)
    throw new ParallaxError('input/invalid', `--last must be <= 1_000_000, got ${number}`);
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
  warn: (message: string) => void,
): AsyncGenerator<GetFlowsResponse> {
  let warnedUnknown = false;
  let number = 0;
  for await (const line of lines(stream)) {
    number++;
    let read: GetFlowsResponse;
    try {
      read = responseFromJson(line);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      warn(`line ${number} is left out: ${why}`);
      continue;
    }
    const problem = unreadable(line, read);
    if (problem !== undefined) {
      warn(`line ${number} is left out: ${problem}`);
      continue;
    }
    const response = withoutJsonSource(read);
    if (response !== read && !warnedUnknown) {
      warnedUnknown = true;
      warn(`line ${number} has fields this version does not know; they are not printed`);
    }
    yield response;
  }
}

// What the reference leaves out as well. Importing the file keeps both.
function unreadable(line: string, response: GetFlowsResponse): string | undefined {
  const { flow, lost_events, node_status } = response;
  if ((flow ?? lost_events ?? node_status) === undefined) return undefined;
  if (!/"(flow|lost_events|lostEvents|node_status|nodeStatus)"\s*:/.test(line))
    return 'a record without its {"flow":…} envelope; import the file to read it';
  const extension = /"extensions"\s*:\s*\{\s*"@type"\s*:\s*"([^"]*)"/.exec(line)?.[1];
  if (extension !== undefined && resolveAny(extension) === undefined)
    return `an extension of the unknown type ${extension}; import the file to read it`;
  return undefined;
}
