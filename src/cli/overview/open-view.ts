// Finds the server that a command is to ask.

import { inputError } from '../../runtime/errors.ts';
import { MINUTE_MS } from '../../runtime/time.ts';
import { readLock } from '../../store/engine/lock.ts';
import { tokenOf } from '../token.ts';
import type { ServerFlags, ServerView } from './view.ts';

const DEFAULT_DIRECTORY = 'parallax-data';

/** The server that is named, or else the one that has the data directory open. */
export async function openView(
  flags: ServerFlags,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<ServerView> {
  const server = flags.server ?? env.PARALLAX_SERVER;
  const timeoutMs = timeoutOf(flags.timeout);
  const token = tokenOf(flags.tokenFile, env);
  if (server !== undefined && /^(grpc|tls|tcp):\/\//.test(server)) {
    const { openGrpcView } = await import('./grpc-view.ts');
    return openGrpcView(server, flags, timeoutMs, signal);
  }
  const { httpView } = await import('./http-view.ts');
  if (server !== undefined && server !== '') return httpView(server, timeoutMs, token);
  const directory = flags.dataDir ?? env.PARALLAX_DATA_DIR ?? DEFAULT_DIRECTORY;
  const holder = await readLock(directory);
  if (holder?.api !== undefined) return httpView(holder.api, timeoutMs, token);
  throw inputError(
    `no server has the data directory ${directory} open; start \`parallax up\`, or name a server with --server: http://HOST:PORT of Parallax, grpc://HOST:PORT or tls://HOST:PORT of Parallax or a Hubble Relay`,
  );
}

function timeoutOf(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  if (amount === undefined)
    throw inputError(`--timeout: ${JSON.stringify(text)} is no duration; write 500ms, 12s or 1m`);
  return Number(amount) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : MINUTE_MS);
}
