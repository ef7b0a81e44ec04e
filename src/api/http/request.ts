// Requests for flows: the query string of a GET and the body of a POST, read into one shape.

import { z } from 'zod';
import type { FlowQuery } from '../../query/flows/flows.ts';
import {
  filterFields,
  filtersOf,
  flagField,
  listField,
  momentOf,
  schemaError,
  wholeField,
  windowFields,
} from '../../query/request/fields.ts';
import { inputError } from '../../runtime/errors.ts';

export type FlowsFormat = 'ndjson' | 'json' | 'csv' | 'sse';

export interface FlowsRequest extends FlowQuery {
  readonly follow: boolean;
  /** Say in the stream, as lines of `{"parallax":…}`, what the flows cannot. */
  readonly notices: boolean;
}

/** Flows of a page: they are held in memory. */
const MAX_PAGE = 10_000;

const count = z.union([
  z.int().min(0),
  z.string().regex(/^\d{1,20}$/, 'expected a whole number, 0 or more'),
]);

/** Which flows, and how many of them. */
const selectionFields = {
  ...windowFields,
  ...filterFields,
  last: count
    .optional()
    .describe('The newest so many; 20 when neither number nor time is said. Told oldest first.'),
  first: count.optional().describe('The oldest so many.'),
  all: flagField.optional().describe('All of them.'),
};

/** For connections and services. */
export const selectionRequest = z.strictObject(selectionFields);

export const flowsRequest = z.strictObject({
  ...selectionFields,
  follow: flagField.optional().describe('Go on with new flows as they come.'),
  events: z
    .enum(['all', 'matching'])
    .optional()
    .describe('Lost events and node status: pass every filter, or are tested as no flow.'),
  notices: flagField
    .optional()
    .describe(
      'In lines of JSON, `{"parallax":…}` between the flows: notices, progress, errors, at the end coverage and cost.',
    ),
  format: z
    .enum(['ndjson', 'json', 'csv', 'sse'])
    .optional()
    .describe('Else what `accept` names; lines of JSON when it names none.'),
  columns: listField.optional().describe('Of CSV: names of columns, in order.'),
  limit: wholeField(1, MAX_PAGE)
    .optional()
    .describe('Flows of a page; asks for pages. 100 when left out.'),
  cursor: z
    .string()
    .max(1000)
    .optional()
    .describe('From the page before; all else must be as it was asked there.'),
  order: z
    .enum(['newest', 'oldest'])
    .optional()
    .describe('Of pages: newest first (the default), or oldest first.'),
});

export type FlowsInput = z.output<typeof flowsRequest>;
export type SelectionInput = z.output<typeof selectionRequest>;

const DEFAULT_NUMBER = 20n;

/** Reads query string or body; both have the same fields. Throws `input/invalid` with the field's name. */
export function readFlowsRequest(
  input: unknown,
  nowNanos: bigint,
  maxFilters: number,
): FlowsRequest {
  const parsed = flowsRequest.safeParse(input ?? {});
  if (!parsed.success) throw schemaError(parsed.error);
  return selectionOf(parsed.data, nowNanos, maxFilters);
}

/** The question that an input asks. Throws `input/invalid` with the field's name. */
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
  const since = momentOf('since', input.since, nowNanos);
  const until = momentOf('until', input.until, nowNanos);
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
