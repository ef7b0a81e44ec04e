// Where stored flows are asked for: a Parallax server, the process that has the data directory open, the directory
// itself, or a relay for what it still has.
import { existsSync } from 'node:fs';
import { withoutJsonSource } from '../../hubble/json/json-source.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import type { ScanProgress } from '../../query/read/scan.ts';
import { inputError } from '../../runtime/errors.ts';
import { locked, readLock } from '../../store/engine/lock.ts';
import { askServer } from './client.ts';
import type { ObserveOptions } from './options.ts';
import type { Target } from './server.ts';

/** Answers the options; what the flows cannot say goes to `say`. */
export async function* ask(
  options: ObserveOptions,
  say: (message: string) => void,
  progress: (seen: ScanProgress) => void,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const { target } = options;
  if (target.kind === 'relay') {
    const { askRelay } = await import('./relay.ts');
    yield* askRelay(target.address, options, say, signal);
    return;
  }
  // Hubble passes over it; an answer from history that seems to end would mislead.
  if (options.untilIgnored)
    throw inputError('cannot set both --until and --follow: a stream of new flows has no end');
  yield* masked(options, history(options, say, progress, signal));
}

async function* history(
  options: ObserveOptions,
  say: (message: string) => void,
  progress: (seen: ScanProgress) => void,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const where = await whereToAsk(options.target);
  if ('server' in where) {
    yield* askServer(where.server, options, { say, progress }, signal);
    return;
  }
  const { askDirectory } = await import('./directory.ts');
  yield* askDirectory(where.directory, options, { say, progress }, signal);
}

/** Who has what is stored: the API named, else the process that has the data directory open, else the directory. */
export async function whereToAsk(
  target: Target,
): Promise<{ readonly server: string } | { readonly directory: string }> {
  if (target.kind === 'api') return { server: target.url };
  if (target.kind === 'relay')
    throw inputError(
      `${target.address} is a relay, which keeps nothing; name a Parallax server as http://HOST:PORT, or a data directory with --data-dir`,
    );
  const { path } = target;
  const holder = await readLock(path);
  if (holder?.api !== undefined) return { server: holder.api };
  if (holder !== undefined) throw locked(path, holder);
  if (!existsSync(path))
    throw inputError(
      `there is no data directory ${path}; start \`parallax up\` or \`parallax import\` there, or name one with --data-dir, or a server with --server`,
    );
  return { directory: path };
}

/** Stored flows are whole: what `--field-mask` leaves of them is decided here. */
async function* masked(
  { fieldMask }: ObserveOptions,
  responses: AsyncIterable<GetFlowsResponse>,
): AsyncGenerator<GetFlowsResponse> {
  if (fieldMask.length === 0) {
    yield* responses;
    return;
  }
  const { maskOf, masked: prune } = await import('../../hubble/proto/message-mask.ts');
  const { Flow } = await import('../../hubble/proto/schema.gen.ts');
  const mask = maskOf(Flow, fieldMask);
  for await (const response of responses)
    yield response.flow === undefined
      ? response
      : { ...withoutJsonSource(response), flow: prune(response.flow, mask) };
}
