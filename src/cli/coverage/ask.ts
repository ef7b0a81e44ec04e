// Where the coverage is asked for: a server, the process that has the data directory open, or the directory itself.
import { z } from 'zod';
import { type CoverageReport, coverageReport, reportOf } from '../../query/coverage/report.ts';
import { lookUp } from '../lookup.ts';
import type { PlaceFlags } from '../observe/server.ts';

export interface CoverageOptions extends PlaceFlags {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly cluster?: readonly string[] | undefined;
  readonly node?: readonly string[] | undefined;
}

export async function askCoverage(
  options: CoverageOptions,
  signal: AbortSignal,
): Promise<CoverageReport> {
  const { since, until, cluster, node } = options;
  return z.object(coverageReport.shape).parse(
    await lookUp(
      options,
      {
        path: '/api/v1/coverage',
        params: { since, until, cluster, node },
        direct: async (store) => {
          const [{ coverageOf }, { readCoverageRequest }] = await Promise.all([
            import('../../query/coverage/coverage.ts'),
            import('../../api/http/routes/coverage.ts'),
          ]);
          const now = Date.now();
          const query = readCoverageRequest({ since, until, cluster, node }, now);
          return reportOf(await coverageOf(store, query, now, signal));
        },
      },
      signal,
    ),
  );
}
