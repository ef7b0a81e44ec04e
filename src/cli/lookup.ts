// One question about what is stored, asked where `observe` would ask: a server, the process that has the data directory
// open, or the directory itself.
import { existsSync } from 'node:fs';
import { ERRORS, type ErrorCode, ParallaxError } from '../runtime/errors.ts';
import { locked, readLock } from '../store/lock.ts';
import type { Store } from '../store/store.ts';

export interface LookupFlags {
  readonly server?: string;
  readonly dataDir?: string;
}

/** A question, both ways of asking it. */
export interface Question<T> {
  /** Of the API. */
  readonly path: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly direct: (store: Store) => Promise<T>;
}

const DEFAULT_DIRECTORY = 'parallax-data';
const CLOSE_MS = 5000;

export async function lookUp<T>(flags: LookupFlags, question: Question<T>): Promise<T> {
  const server = flags.server ?? process.env.PARALLAX_SERVER;
  if (server) return askServer(server, question);
  const directory = flags.dataDir ?? process.env.PARALLAX_DATA_DIR ?? DEFAULT_DIRECTORY;
  const holder = await readLock(directory);
  if (holder?.api !== undefined) return askServer(holder.api, question);
  if (holder !== undefined) throw locked(directory, holder);
  if (!existsSync(directory))
    throw new ParallaxError(
      'input/invalid',
      `there is no data directory ${directory}; name one with --data-dir, or a server with --server`,
    );
  const { openDirectory } = await import('./observe/directory.ts');
  const store = await openDirectory(directory, new AbortController().signal);
  try {
    return await question.direct(store);
  } finally {
    await store.stop(AbortSignal.timeout(CLOSE_MS));
  }
}

async function askServer<T>(server: string, { path, params }: Question<T>): Promise<T> {
  const base = /^https?:\/\//.test(server) ? server : `http://${server}`;
  if (!URL.canParse(base))
    throw new ParallaxError('input/invalid', `"${server}" is no server; write http://HOST:PORT`);
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}${path}`;
  for (const [name, value] of Object.entries(params))
    if (value !== undefined) url.searchParams.set(name, value);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url);
    text = await response.text();
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw unavailable(`the Parallax server at ${url.origin} cannot be reached (${why})`);
  }
  const body = jsonOf(text);
  // The server's own types: it is the same program.
  if (response.ok && body !== undefined) return body as T;
  const { code, detail } = (body ?? {}) as { readonly code?: unknown; readonly detail?: unknown };
  if (typeof code === 'string' && Object.hasOwn(ERRORS, code))
    throw new ParallaxError(code as ErrorCode, String(detail));
  throw unavailable(
    `${url.origin} answered ${response.status}, not as a Parallax server of this version`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unavailable(message: string): ParallaxError {
  return new ParallaxError('server/unavailable', message);
}
