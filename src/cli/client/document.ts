import type { Env } from '../observe/settings.ts';
import { type ClientDeps, pathWith, withClient, withoutEnvelope } from './client.ts';
import { placeOf, type ServerFlags } from './server-flags.ts';

/** Asks a GET route of the HTTP API where the flags say, and returns the document without its envelope. */
export async function getDocument<T extends object>(
  flags: ServerFlags,
  path: string,
  params: Parameters<typeof pathWith>[1],
  isDocument: (answer: object) => boolean,
  deps: ClientDeps & { readonly env: Env },
): Promise<Omit<T, 'coverage' | 'cost'>> {
  const place = await placeOf(flags, deps.env, 'api');
  return withClient(place, deps, async (client) =>
    withoutEnvelope(await client.document<T>(pathWith(path, params), undefined, isDocument)),
  );
}
