// Requests for flows. The query string of a GET and the body of a POST have the same fields.

import { z } from 'zod';
import type { FlowQuery } from '../../query/flows/flows.ts';
import {
  filterFields,
  filtersOf,
  flagField,
  listField,
  parseTime,
  schemaError,
  wholeField,
  windowFields,
} from '../../query/request/fields.ts';
import { inputError } from '../../runtime/errors.ts';

export type FlowsFormat = 'ndjson' | 'json' | 'csv' | 'sse';

export interface FlowsRequest extends FlowQuery {
  readonly follow: boolean;
  /** Add lines of `{"parallax":…}` to the stream: notices, progress, errors, coverage and cost. */
  readonly notices: boolean;
}

/** Flows of a page, which is held in memory. */
const MAX_PAGE = 10_000;

const count = z.union([
  z.int().min(0),
  z.string().regex(/^\d{1,20}$/, 'expected a whole number, 0 or more'),
]);

const selectionFields = {
  ...windowFields,
  ...filterFields,
  last: count
    .optional()
    .describe('The newest N flows, sent oldest first. Default 20 without any number or time.'),
  first: count.optional().describe('The oldest N flows.'),
  all: flagField.optional().describe('All flows.'),
};

/** For connections and services. */
export const selectionRequest = z.strictObject(selectionFields);

export const flowsRequest = z.strictObject({
  ...selectionFields,
  follow: flagField.optional().describe('Continue with new flows as they arrive.'),
  events: z
    .enum(['all', 'matching'])
    .optional()
    .describe(
      'Lost events and node status: `all` passes every filter, `matching` tests them like flows.',
    ),
  notices: flagField
    .optional()
    .describe(
      'Add lines `{"parallax":…}` to ndjson: notices, progress and errors, at the end coverage and cost.',
    ),
  format: z
    .enum(['ndjson', 'json', 'csv', 'sse'])
    .optional()
    .describe('Format of the response; by default negotiated by `accept`, else ndjson.'),
  columns: listField.optional().describe('Columns of CSV, in order.'),
  limit: wholeField(1, MAX_PAGE)
    .optional()
    .describe('Flows per page (default 100); requests a page.'),
  cursor: z
    .string()
    .max(1000)
    .optional()
    .describe('Cursor of the previous page; all other parameters must be unchanged.'),
  order: z
    .enum(['newest', 'oldest'])
    .optional()
    .describe('Order of pages: newest (default) or oldest first.'),
});

export type FlowsInput = z.output<typeof flowsRequest>;
export type SelectionInput = z.output<typeof selectionRequest>;

const DEFAULT_NUMBER = 20n;

/** Throws `input/invalid` with the name of the field. */
export function readFlowsRequest(
  input: unknown,
  nowNanos: bigint,
  maxFilters: number,
): FlowsRequest {
  const parsed = flowsRequest.safeParse(input ?? {});
  if (!parsed.success) throw schemaError(parsed.error);
  return selectionOf(parsed.data, nowNanos, maxFilters);
}

/** Throws `input/invalid` with the name of the field. */
export function selectionOf(
  input: SelectionInput & Partial<Pick<FlowsInput, 'follow' | 'events' | 'notices'>>,
  nowNanos: bigint,
  maxFilters: number,
): FlowsRequest {
  const { whitelist, blacklist } = filtersOf(input, maxFilters);
  const last = number(input.last);
  const first = number(input.first);
  const { follow = false, all = false, notices = false } = input;
  if (first > 0n && last > 0n)
    throw inputError('cannot set both first and last', { field: 'first' });
  if (first > 0n && follow)
    throw inputError('cannot set both first and follow', { field: 'first' });
  if (all && first + last > 0n)
    throw inputError('cannot set all beside first or last', { field: 'all' });
  const since = parseTime('since', input.since, nowNanos);
  const until = parseTime('until', input.until, nowNanos);
  if (follow && until !== undefined)
    throw inputError('cannot set both until and follow', { field: 'until' });
  const bounded = first + last > 0n || since !== undefined || until !== undefined || all || follow;
  return {
    whitelist,
    blacklist,
    number: bounded ? first + last : DEFAULT_NUMBER,
    first: first > 0n,
    follow,
    since,
    until,
    events: input.events ?? 'matching',
    notices,
  };
}

function number(value: string | number | undefined): bigint {
  return BigInt(value ?? 0);
}
