// What a running server finds in its store.

import { doctorAnswer } from '../../api/http/schemas/overview.ts';
import type { Finding } from '../../query/doctor/finding.ts';
import { ParallaxError } from '../../runtime/errors.ts';

/** Asks a route of a server's API, by path and query string, for its document. Throws `server/unavailable`. */
export type AskServer = (server: string, path: string, signal: AbortSignal) => Promise<unknown>;

/** `window` is how far back it looks, milliseconds. Throws `server/unavailable` when nothing sensible answers. */
export async function fetchFindings(
  ask: AskServer,
  server: string,
  window: number,
  signal: AbortSignal,
): Promise<Finding[]> {
  const path = `/api/v1/doctor?window=${window}`;
  const answer = doctorAnswer.safeParse(await ask(server, path, signal));
  if (!answer.success)
    throw new ParallaxError(
      'server/unavailable',
      `${server} did not answer ${path} as this version does; check the address and its version`,
      { cause: answer.error },
    );
  return answer.data.findings.map(({ cluster, ...rest }) =>
    cluster === undefined ? rest : { ...rest, cluster },
  );
}
