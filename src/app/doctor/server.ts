// Findings of a running server about its store.

import { doctorAnswer } from '../../api/http/schemas/overview.ts';
import type { Finding } from '../../query/doctor/finding.ts';
import { ParallaxError } from '../../runtime/errors.ts';

/** Requests the document of a path and query string. Throws `server/unavailable`. */
export type AskServer = (server: string, path: string, signal: AbortSignal) => Promise<unknown>;

/** `window`: how far back, in milliseconds. Throws `server/unavailable` for an unexpected document. */
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
      `unexpected answer of ${server} to ${path}; check the address and the version of the server`,
      { cause: answer.error },
    );
  return answer.data.findings.map(({ cluster, ...rest }) =>
    cluster === undefined ? rest : { ...rest, cluster },
  );
}
