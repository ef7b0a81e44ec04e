// One question about what is stored, asked where `observe` would ask: a server, the process that has the data directory
// open, or the directory itself.
import type { Store } from '../store/store.ts';
import { whereToAsk } from './observe/ask.ts';
import { askDocument } from './observe/client.ts';
import { apiTarget, type PlaceFlags } from './observe/server.ts';

/** A question, both ways of asking it. */
export interface Question<T> {
  /** Of the API. */
  readonly path: string;
  readonly params: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly direct: (store: Store) => Promise<T>;
}

export async function lookUp<T>(
  flags: PlaceFlags,
  question: Question<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<T> {
  const where = await whereToAsk(apiTarget(flags, process.env));
  if ('server' in where) {
    const params = Object.entries(question.params).flatMap(([name, value = []]) =>
      [value].flat().map((each): [string, string] => [name, each]),
    );
    const path = `${question.path}?${new URLSearchParams(params)}`;
    // The server's own types: it is the same program.
    return (await askDocument(where.server, path, undefined, undefined, signal)) as T;
  }
  const { closeDirectory, openDirectory } = await import('./observe/open-directory.ts');
  const store = await openDirectory(where.directory, signal);
  try {
    return await question.direct(store);
  } finally {
    await closeDirectory(store);
  }
}
