import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { type CoverageQuery, coverageOf } from '../../../query/coverage/coverage.ts';
import { coverageReport, reportOf } from '../../../query/coverage/report.ts';
import { listField, windowFields, windowOf } from '../../../query/request/fields.ts';
import { DAY_MS, HOUR_MS, nsToMs } from '../../../runtime/time.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';

const coverageRequest = z.strictObject({
  ...windowFields,
  cluster: listField.optional().describe('Keys of clusters; default all.'),
  node: listField.optional().describe('Names of nodes; default all.'),
});

const DEFAULT_MS = HOUR_MS;
const MAX_MS = 32 * DAY_MS;

export function addCoverageRoutes(app: FastifyInstance, deps: RouteDeps): void {
  addDocumentRoute(app, deps, {
    path: '/api/v1/coverage',
    methods: 'get',
    summary: 'Coverage of a window',
    description:
      'For every node, whether all flows it saw in the window are stored, else how many are missing and why.',
    tag: 'coverage',
    input: coverageRequest,
    output: z.object(coverageReport.shape),
    async answer({ input, store, nowNanos, signal }) {
      const nowMs = nsToMs(nowNanos);
      return reportOf(await coverageOf(store, queryOf(input, nowNanos), nowMs, signal));
    },
  });
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
