// One question about what is stored, asked where `observe` would ask: a server, the process that has the data directory
// open, or the directory itself.
import type { ApiConfig } from '../api/config.ts';
import type { Store } from '../store/store.ts';
import { apiTarget, type PlaceFlags } from './observe/server.ts';
import { askReport, withoutEnvelope } from './report/ask.ts';
import { tokenOf } from './token.ts';

/** A question, both ways of asking it. */
export interface Question<T> {
  /** Of the API. */
  readonly path: string;
  readonly params: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly direct: (store: Store, config: ApiConfig) => Promise<T>;
}

export async function lookUp<T>(
  flags: PlaceFlags,
  question: Question<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<T> {
  const params = Object.entries(question.params).flatMap(([name, value = []]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  return askReport<T>(
    {
      target: apiTarget(flags, process.env),
      path: `${question.path}?${new URLSearchParams(params)}`,
      access: { token: tokenOf(flags.tokenFile, process.env) },
      // The server's own types: it is the same program.
      read: (answer) => withoutEnvelope(answer as T & object),
      fromStore: question.direct,
    },
    signal,
  );
}
