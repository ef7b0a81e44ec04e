// Reads a data directory that no other process has open.

import { apiConfig } from '../../api/config.ts';
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { answer } from '../../query/flows/answer.ts';
import { inputError } from '../../runtime/errors.ts';
import type { Listeners } from './client.ts';
import { closeDirectory, openDirectory } from './open-directory.ts';
import type { ObserveOptions } from './options.ts';

export async function* askDirectory(
  directory: string,
  options: ObserveOptions,
  { say, progress }: Listeners,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  if (options.follow)
    throw inputError(
      `nothing is being collected into ${directory}, so there is nothing to follow; start \`parallax up\`, or name a server with --server`,
    );
  const store = await openDirectory(directory, signal);
  try {
    const items = answer(
      { store, limits: apiConfig.parse({}), progress },
      { ...options, events: 'matching' },
      signal,
    );
    for await (const item of items) {
      if (item.kind === 'notice') say(item.notice);
      else yield item.response;
    }
  } finally {
    await closeDirectory(store);
  }
}
