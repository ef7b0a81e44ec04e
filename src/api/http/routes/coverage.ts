// The route that says what a window of the store covers.

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type CoverageQuery, coverageOf } from '../../../query/coverage/coverage.ts';
import { coverageReport, reportOf } from '../../../query/coverage/report.ts';
import { listField, schemaError, windowFields, windowOf } from '../../../query/request/fields.ts';
import { DAY_MS, HOUR_MS, msToNs, nsToMs } from '../../../runtime/time.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';

const coverageRequest = z.strictObject({
  ...windowFields,
  cluster: listField.optional().describe('Keys of clusters; all when left out.'),
  node: listField.optional().describe('Names of nodes; all when left out.'),
});

const DEFAULT_MS = HOUR_MS;
/** A window of more is more than the ledger is asked for at once. */
const MAX_MS = 32 * DAY_MS;

export function addCoverageRoutes(app: FastifyInstance, deps: RouteDeps): void {
  addDocumentRoute(app, deps, {
    path: '/api/v1/coverage',
    methods: 'get',
    summary: 'What a window covers',
    description:
      'Says for every node whether all flows it saw in the window are stored, and where not, how many are missing and why.',
    tag: 'coverage',
    input: coverageRequest,
    output: z.object(coverageReport.shape),
    async answer({ input, store, nowNanos, signal }) {
      const nowMs = nsToMs(nowNanos);
      return reportOf(await coverageOf(store, queryOf(input, nowNanos), nowMs, signal));
    },
  });
}

/** As the route reads it, for who asks a directory. Throws `input/invalid` with the field's name. */
export function readCoverageRequest(input: unknown, nowMs: number): CoverageQuery {
  const parsed = coverageRequest.safeParse(input ?? {});
  if (!parsed.success) throw schemaError(parsed.error);
  return queryOf(parsed.data, msToNs(nowMs));
}

function queryOf(input: z.output<typeof coverageRequest>, nowNanos: bigint): CoverageQuery {
  const { since, until } = windowOf(input, nowNanos, { defaultMs: DEFAULT_MS, maxMs: MAX_MS });
  return {
    sinceMs: nsToMs(since),
    untilMs: nsToMs(until),
    clusters: input.cluster,
    nodes: input.node,
  };
}
