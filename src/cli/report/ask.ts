// Where reports are asked for: a server's API, or a data directory that is opened for the one question.
import type { ApiConfig } from '../../api/config.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Store } from '../../store/store.ts';
import { whereToAsk } from '../observe/ask.ts';
import { askDocument } from '../observe/client.ts';
import type { Target } from '../observe/server.ts';
import type { Access } from '../observe/tls.ts';
import type { ReportAnswer } from './run.ts';

export interface Question<T> {
  readonly target: Target;
  /** How a server is reached. */
  readonly access?: Access;
  /** The route, and what goes with it by POST; without a body by GET. */
  readonly path: string;
  readonly body?: object;
  /** Reads the server's answer; undefined when it is none. */
  readonly read: (answer: unknown) => T | undefined;
  /** The same from an open directory. */
  readonly fromStore: (store: Store, config: ApiConfig) => Promise<T>;
}

export async function askReport<T>(question: Question<T>, signal: AbortSignal): Promise<T> {
  const where = await whereToAsk(question.target);
  if ('server' in where) {
    const { path, body, access, read } = question;
    const answer = read(await askDocument(where.server, path, body, access, signal));
    if (answer === undefined)
      throw new ParallaxError(
        'server/unavailable',
        `${where.server} did not answer ${path} as this version does; check the address and its version`,
      );
    return answer;
  }
  const [{ openDirectory, closeDirectory }, { apiConfig }] = await Promise.all([
    import('../observe/open-directory.ts'),
    import('../../api/config.ts'),
  ]);
  const store = await openDirectory(where.directory, signal);
  try {
    return await question.fromStore(store, apiConfig.parse({}));
  } finally {
    await closeDirectory(store);
  }
}

/** The answer without what a server adds to it about itself, as it is told from a directory. */
export function withoutEnvelope<T extends object>(answer: T): T {
  const { coverage: _, cost: __, ...document } = answer as T & Record<string, unknown>;
  // Only what no document has as its own was taken out.
  return document as unknown as T;
}

/** The items and notices of an answer that has its items under `key`. */
export function readItems<T extends object>(
  answer: unknown,
  key: string,
  isItem: (value: object) => value is T,
): ReportAnswer<T> | undefined {
  if (!isObject(answer)) return undefined;
  const { [key]: list, notices } = answer as Record<string, unknown>;
  if (!Array.isArray(list)) return undefined;
  const items = list.filter((each): each is T => isObject(each) && isItem(each));
  if (items.length < list.length) return undefined;
  return { items, notices: Array.isArray(notices) ? notices.map(String) : [] };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
