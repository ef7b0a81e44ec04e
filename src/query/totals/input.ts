// Requests about totals: the fields of each question, as they come in a query string or a body.
import { z } from 'zod';
import { filtersFromJson } from '../../hubble/filter/json.ts';
import { fromJson } from '../../hubble/json.ts';
import { FlowFilter } from '../../hubble/schema.gen.ts';
import { FieldError } from '../http/problem.ts';
import { momentOf } from '../http/request.ts';
import type { TotalsQuery } from './ask.ts';
import { MOST_DIMENSIONS } from './dimensions.ts';
import { LEVELS } from './map.ts';
import { MOST_OF_TOP } from './top.ts';

const HOUR = 3_600_000_000_000n;
const LIST = z.union([z.string(), z.array(z.unknown())]);

const shared = {
  since: z
    .string()
    .max(100)
    .optional()
    .describe('From here on: 30m, 7d or RFC 3339; 1h by default.'),
  until: z.string().max(100).optional().describe('Up to here, like since; now by default.'),
  whitelist: LIST.optional().describe('FlowFilters as JSON; flows must match one.'),
  blacklist: LIST.optional().describe('FlowFilters as JSON; flows must match none.'),
};

/** Names joined by commas, or repeated. */
const names = z.union([z.string(), z.array(z.string()).max(100)]).transform((value) =>
  [value]
    .flat()
    .flatMap((each) => each.split(','))
    .map((each) => each.trim())
    .filter((each) => each !== ''),
);
const whole = (least: number, most: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,12}$/, 'expected a whole number')
        .transform(Number),
    ])
    .pipe(z.int().min(least).max(most));
const fraction = (least: number, most: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,9}(\.\d{1,9})?$/, 'expected a number')
        .transform(Number),
    ])
    .pipe(z.number().min(least).max(most));
const flag = z
  .union([z.boolean(), z.enum(['true', 'false', ''])])
  .transform((value) => value === true || value === 'true' || value === '');
const measure = z
  .enum(['flows', 'denied', 'dropped', 'audited'])
  .describe(
    'What is counted: all flows, those a policy denied, those dropped, those of audit mode.',
  );
const order = z.enum(['flows', 'denied', 'dropped', 'audited', 'connections']);

export const aggregatesInput = z.strictObject({
  ...shared,
  by: names.describe(`Dimensions to count by, ${MOST_DIMENSIONS} at most.`),
  order: order.default('flows').describe('The measure that groups are ordered by, most first.'),
  limit: whole(1, 100_000).default(100).describe('Groups in the answer.'),
  offset: whole(0, 10_000_000).default(0).describe('Groups before them that are passed over.'),
  connections: flag
    .default(false)
    .describe('Count distinct conversations too; all flows of the window are read for it.'),
});

export const topInput = z.strictObject({
  ...shared,
  by: names.default(['client', 'server']).describe(`Dimensions, ${MOST_OF_TOP} at most.`),
  order: order.default('flows').describe('The measure that is ordered by.'),
  limit: whole(1, 10_000).default(20).describe('Groups in the answer.'),
  compare: flag
    .default(false)
    .describe('Tell what each had in the window of the same length right before.'),
});

export const timeseriesInput = z.strictObject({
  ...shared,
  by: names.default([]).describe(`Dimensions of the series; none: one series of all flows.`),
  measure: measure.default('flows'),
  step: whole(1, 31_536_000)
    .optional()
    .describe('Seconds of a step; chosen for the window when left out.'),
  series: whole(1, 1000).default(10).describe('Series in the answer, the busiest first.'),
});

export const mapInput = z.strictObject({
  ...shared,
  level: z.enum(LEVELS).default('workload').describe('What a node is.'),
  limit: whole(1, 100_000).default(1000).describe('Edges in the answer, the busiest first.'),
});

export const policiesInput = z.strictObject({
  ...shared,
  limit: whole(1, 10_000).default(1000).describe('Policies in the answer, the busiest first.'),
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
  ratio: fraction(1.01, 1e6).default(2).describe('As many times more or less is a change.'),
  least: whole(1, 1_000_000_000)
    .default(10)
    .describe('What has less in both windows is left out of new, gone and changed.'),
  limit: whole(1, 10_000).default(50).describe('Groups of each kind in the answer.'),
});

type Asked = {
  readonly [K in keyof typeof shared]?: z.output<(typeof shared)[K]> | undefined;
};

/** The window and the filters of a request. Throws `input/invalid` with the field's name. */
export function questionOf(input: Asked, nowNanos: bigint): TotalsQuery {
  const until = momentOf('until', input.until, nowNanos) ?? nowNanos;
  const since = momentOf('since', input.since, nowNanos) ?? until - HOUR;
  return {
    since,
    until,
    whitelist: filterList('whitelist', input.whitelist),
    blacklist: filterList('blacklist', input.blacklist),
  };
}

function filterList(name: 'whitelist' | 'blacklist', value: unknown): readonly FlowFilter[] {
  if (value === undefined) return [];
  try {
    if (typeof value === 'string') return filtersFromJson(value);
    if (!Array.isArray(value)) return [];
    return value.map((each: unknown) => fromJson(FlowFilter, each, { strict: true }));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FieldError(name, `${name}: ${why}`, error);
  }
}
