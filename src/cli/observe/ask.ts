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
  if (options.server !== undefined && options.server !== '') {
    yield* askServer(options.server, options, say, signal);
    return;
  }
  const directory = options.dataDir ?? DEFAULT_DIRECTORY;
  const holder = await readLock(directory);
  if (holder?.api !== undefined) {
    yield* askServer(holder.api, options, say, signal);
    return;
  }
  if (holder !== undefined) throw locked(directory, holder);
  if (!existsSync(directory))
    throw new ParallaxError(
      'input/invalid',
      `there is no data directory ${directory}; start \`parallax up\` or \`parallax import\` there, or name one with --data-dir, or a server with --server`,
    );
  const { askDirectory } = await import('./directory.ts');
  yield* askDirectory(directory, options, say, signal);
}
