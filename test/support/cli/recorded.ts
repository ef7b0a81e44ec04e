// Recorded calls of the reference `hubble observe`, and how one of them is run here.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { fileResponses, type Warn } from '../../../src/cli/observe/input-file.ts';
import { type ObserveIo, runObserve } from '../../../src/cli/observe/run.ts';
import type { HubbleConfig } from '../../../src/cli/observe/settings.ts';
import type { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';

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
  return bytesOf(name).toString('utf8');
}

function bytesOf(name: string): Buffer {
  return gunzipSync(readFileSync(new URL(name, FIXTURES)));
}

/** `cases` as they came, or `more-cases`: what the reference says to calls and lines that are hostile, one cause each. */
export function recordedCases(name: 'cases' | 'more-cases' = 'cases'): RecordedCase[] {
  return unzipped(`observe/${name}.jsonl.gz`)
    .trimEnd()
    .split('\n')
    .map((line): RecordedCase => JSON.parse(line));
}

type Item = { readonly response: GetFlowsResponse } | { readonly warning: Parameters<Warn> };

const read = new Map<string, readonly Item[]>();

/** What reading a corpus gives, in its order, read once. */
async function items(name: string): Promise<readonly Item[]> {
  const known = read.get(name);
  if (known !== undefined) return known;
  const bytes = name === '/dev/null' ? Buffer.of() : bytesOf(`corpus/${name}.gz`);
  const found: Item[] = [];
  const warn: Warn = (...warning) => found.push({ warning });
  const chunks = Readable.from([bytes]);
  for await (const response of fileResponses('-', chunks, warn)) found.push({ response });
  read.set(name, found);
  return found;
}

/** The responses of a corpus. */
export async function corpus(name: string): Promise<readonly GetFlowsResponse[]> {
  return (await items(name)).flatMap((item) => ('response' in item ? [item.response] : []));
}

export interface Outcome {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs observe with the arguments; `query` stands in for the store. */
export async function observe(
  args: readonly string[],
  options: {
    readonly env?: ObserveIo['env'];
    readonly query?: ObserveIo['query'];
    readonly config?: HubbleConfig;
  } = {},
): Promise<Outcome> {
  let out = '';
  let err = '';
  const exit = await runObserve(args, {
    env: options.env ?? {},
    readFile: async function* (path, warn) {
      for (const item of await items(path)) {
        if ('response' in item) yield item.response;
        else warn(...item.warning);
      }
    },
    readConfig: async () => options.config ?? {},
    out: (text) => {
      out += text;
      return undefined;
    },
    err: (text) => {
      err += text;
    },
    warn: (line) => {
      err += `${line}\n`;
    },
    isTty: false,
    isErrTty: false,
    nowMs: () => Date.parse('2026-11-23T00:00:00Z'),
    signal: new AbortController().signal,
    query:
      options.query ??
      (() => {
        throw new Error('nobody should be asked');
      }),
  });
  return { exit, out, err };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
