// Asks a running server what it finds in its store.
import { z } from 'zod';
import type { Finding } from '../../query/doctor/finding.ts';
import { ParallaxError } from '../../runtime/errors.ts';

const answer = z.object({
  findings: z.array(
    z.object({
      check: z.string(),
      severity: z.enum(['ok', 'warning', 'problem']),
      cluster: z.string().optional(),
      what: z.string(),
      evidence: z.string(),
      cure: z.string(),
    }),
  ),
});

/** Throws `server/unavailable` when nothing sensible answers. */
export async function fetchFindings(
  server: string,
  { window, token }: { readonly window: number; readonly token?: string | undefined },
  signal: AbortSignal,
): Promise<Finding[]> {
  const base = /^https?:\/\//.test(server) ? server : `http://${server}`;
  const url = `${base.replace(/\/$/, '')}/api/v1/doctor?window=${window}`;
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  try {
    const response = await fetch(url, { signal, headers });
    if (!response.ok) throw new Error(`it answered ${response.status}: ${await response.text()}`);
    return answer
      .parse(await response.json())
      .findings.map(({ cluster, ...rest }) =>
        cluster === undefined ? rest : { ...rest, cluster },
      );
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ParallaxError('server/unavailable', `the Parallax server at ${base}: ${why}`, {
      cause,
    });
  }
}
