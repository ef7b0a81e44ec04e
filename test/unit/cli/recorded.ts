// Recorded calls of the reference `hubble observe`, and how one of them is run here.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { fileResponses } from '../../../src/cli/observe/input-file.ts';
import { type ObserveIo, runObserve } from '../../../src/cli/observe/run.ts';
import type { GetFlowsResponse } from '../../../src/hubble/schema.gen.ts';

export interface RecordedCase {
  readonly id: string;
  readonly group: string;
  readonly args: readonly string[];
  readonly input: string | null;
  readonly exit: number;
  readonly stdout_sha256: string;
  readonly stdout_lines: number;
  readonly stdout?: string;
  readonly stderr: string;
  readonly env?: Readonly<Record<string, string>>;
}

const FIXTURES = new URL('../../fixtures/', import.meta.url);

function unzipped(name: string): string {
  return gunzipSync(readFileSync(new URL(name, FIXTURES))).toString('utf8');
}

export function recordedCases(): RecordedCase[] {
  return unzipped('observe/cases.jsonl.gz')
    .trimEnd()
    .split('\n')
    .map((line): RecordedCase => JSON.parse(line));
}

const read = new Map<string, readonly GetFlowsResponse[]>();

/** The responses of a corpus, read once. */
export async function corpus(name: string): Promise<readonly GetFlowsResponse[]> {
  const known = read.get(name);
  if (known !== undefined) return known;
  const text = name === '/dev/null' ? '' : unzipped(`corpus/${name}.gz`);
  const responses: GetFlowsResponse[] = [];
  for await (const response of fileResponses('-', Readable.from([Buffer.from(text)]), () => {}))
    responses.push(response);
  read.set(name, responses);
  return responses;
}

export interface Outcome {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs observe with the arguments; `ask` stands in for the store. */
export async function observe(
  args: readonly string[],
  options: { readonly env?: ObserveIo['env']; readonly ask?: ObserveIo['ask'] } = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  const exit = await runObserve(args, {
    env: options.env ?? {},
    readFile: async function* (path) {
      yield* await corpus(path);
    },
    out: (text) => {
      out += text;
      return undefined;
    },
    err: (text) => {
      err += text;
    },
    isTty: false,
    nowMs: () => Date.parse('2026-11-23T00:00:00Z'),
    signal: new AbortController().signal,
    ask:
      options.ask ??
      (() => {
        throw new Error('nobody should be asked');
      }),
  });
  return { exit, out, err };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
