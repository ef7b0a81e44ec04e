// Settings of aggregates, tops, series, maps and comparisons: what one answer may cost.
import { z } from 'zod';

export const totalsConfig = z.strictObject({
  maxGroups: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Groups in one answer of aggregates; more are summed up as `other`.'),
  maxCounted: z
    .int()
    .min(100)
    .default(1_000_000)
    .describe(
      'Groups that one answer may count before the first of them are picked; an answer that needs more is refused.',
    ),
  maxSeries: z.int().min(1).max(1000).default(50).describe('Series in one answer of timeseries.'),
  maxPoints: z
    .int()
    .min(2)
    .max(100_000)
    .default(2000)
    .describe('Points of a series; a smaller step is refused.'),
  maxEdges: z
    .int()
    .min(1)
    .max(100_000)
    .default(5000)
    .describe('Edges in one service map; the least busy ones are left out and counted.'),
  maxPredicateFiltered: z
    .int()
    .min(1)
    .default(500_000)
    .meta({ renamedFrom: 'maxJudged' })
    .describe(
      'Flows that one answer may filter one by one, where the filter has no form in SQL; an answer that needs more is refused.',
    ),
});

export type TotalsConfig = z.output<typeof totalsConfig>;
