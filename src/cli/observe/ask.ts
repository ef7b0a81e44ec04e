// Where stored flows are asked for: a server, the process that has the data directory open, or the directory itself.
import { existsSync } from 'node:fs';
import type { GetFlowsResponse } from '../../hubble/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { locked, readLock } from '../../store/lock.ts';
import { askServer } from './client.ts';
import type { ObserveOptions } from './options.ts';

const DEFAULT_DIRECTORY = 'parallax-data';

/** Answers the options; what the flows cannot say goes to `say`. */
export async function* ask(
  options: ObserveOptions,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const where = await whereToAsk(options);
  if ('server' in where) {
    yield* askServer(where.server, options, say, signal);
    return;
  }
  const { askDirectory } = await import('./directory.ts');
  yield* askDirectory(where.directory, options, say, signal);
}

/** The server named, else the one that has the data directory open, else the directory. */
export async function whereToAsk(options: {
  readonly server: string | undefined;
  readonly dataDir: string | undefined;
}): Promise<{ readonly server: string } | { readonly directory: string }> {
  if (options.server !== undefined && options.server !== '') return { server: options.server };
  const directory = options.dataDir ?? DEFAULT_DIRECTORY;
  const holder = await readLock(directory);
  if (holder?.api !== undefined) return { server: holder.api };
  if (holder !== undefined) throw locked(directory, holder);
  if (!existsSync(directory))
    throw new ParallaxError(
      'input/invalid',
      `there is no data directory ${directory}; start \`parallax up\` or \`parallax import\` there, or name one with --data-dir, or a server with --server`,
    );
  return { directory };
}
