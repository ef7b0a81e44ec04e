// The fields of requests about totals, in a query string or a body.

import { z } from 'zod';
import { HOUR_MS } from '../../runtime/time.ts';
import {
  filterFields,
  filtersOf,
  flagField,
  limitField,
  listField,
  wholeField,
  windowFields,
  windowOf,
} from '../request/fields.ts';
import { MOST_DIMENSIONS } from './dimensions.ts';
import { LEVELS } from './schema.ts';
import type { TotalsQuery } from './totals-query.ts';

export const MAX_TOP_DIMENSIONS = 2;
const DEFAULT_MS = HOUR_MS;

const shared = { ...windowFields, ...filterFields };

/** Names joined by commas, or repeated. */
const names = listField.transform((list) =>
  list
    .flatMap((each) => each.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== ''),
);
const fraction = (least: number, most: number) => {
  const bounded = z.number().min(least).max(most);
  return z.union([
    bounded,
    z
      .string()
      .regex(/^\d{1,9}(\.\d{1,20})?$/, 'expected a number')
      .transform(Number)
      .pipe(bounded),
  ]);
};
const measure = z
  .enum(['flows', 'denied', 'dropped', 'audited'])
  .describe(
    'The measure: all flows, flows denied by policy, dropped flows, or flows of audit mode.',
  );
const order = z.enum(['flows', 'denied', 'dropped', 'audited', 'connections']);

export const aggregatesInput = z.strictObject({
  ...shared,
  by: names.describe(`Dimensions to count by, ${MOST_DIMENSIONS} at most.`),
  order: order.default('flows').describe('The measure that groups are ordered by, most first.'),
  limit: limitField(100_000, 100).describe('Groups in the answer.'),
  offset: wholeField(0, 10_000_000).default(0).describe('Groups to skip.'),
  connections: flagField
    .default(false)
    .describe('Counts distinct conversations too; reads all flows of the window.'),
});

export const topInput = z.strictObject({
  ...shared,
  by: names.default(['client', 'server']).describe(`Dimensions, ${MAX_TOP_DIMENSIONS} at most.`),
  order: order.default('flows').describe('The measure that groups are ordered by, most first.'),
  limit: limitField(10_000, 20).describe('Groups in the answer.'),
  compare: flagField
    .default(false)
    .describe('Adds the value of each group in the window of the same length right before.'),
});

export const timeseriesInput = z.strictObject({
  ...shared,
  by: names.default([]).describe(`Dimensions of the series; none: one series of all flows.`),
  measure: measure.default('flows'),
  step: wholeField(1, 31_536_000)
    .optional()
    .describe('Seconds of a step; chosen for the window when left out.'),
  series: limitField(1000, 10).describe('Series in the answer, the busiest first.'),
});

export const mapInput = z.strictObject({
  ...shared,
  level: z.enum(LEVELS).default('workload').describe('The level of nodes.'),
  limit: limitField(100_000, 1000).describe('Edges in the answer, the busiest first.'),
});

export const policiesInput = z.strictObject({
  ...shared,
  limit: limitField(10_000, 1000).describe('Policies in the answer, the busiest first.'),
});

export const compareInput = z.strictObject({
  ...shared,
  of: names
    .default(['edges'])
    .describe('edges, workloads, denials, policies or dns; or dimensions to compare by.'),
  measure: measure.optional(),
  against: z
    .string()
    .max(200)
    .default('previous')
    .describe(
      'The window compared with: previous (of the same length, right before), how much earlier (24h, 7d-ago), or SINCE/UNTIL.',
    ),
  ratio: fraction(1.01, 1e6).default(2).describe('Factor, up or down, that counts as a change.'),
  least: limitField(1_000_000_000, 10).describe(
    'Groups with less in both windows are left out of new, gone and changed.',
  ),
  limit: limitField(10_000, 50).describe('Groups of each kind in the answer.'),
});

/** The fields that all requests have. */
export interface SharedInput {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly whitelist?: unknown;
  readonly blacklist?: unknown;
}

/** The window of a request, the last hour by default. Throws `input/invalid` with the field's name. */
export function requestWindow(input: SharedInput, nowNanos: bigint) {
  return windowOf(input, nowNanos, { defaultMs: DEFAULT_MS });
}

/** The window and the filters of a request. Throws `input/invalid` with the field's name. */
export function totalsQuery(
  input: SharedInput,
  nowNanos: bigint,
  maxFilters?: number,
): TotalsQuery {
  return { ...requestWindow(input, nowNanos), ...filtersOf(input, maxFilters) };
}
