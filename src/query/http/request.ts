// Requests for flows: the query string of a GET and the body of a POST, read into one shape.
import { z } from 'zod';
import type { FlowQuery } from '../flows.ts';
import {
  filterFields,
  filtersOf,
  flagField,
  momentOf,
  schemaError,
  windowFields,
} from './fields.ts';
import { FieldError } from './problem.ts';

export interface FlowsRequest extends FlowQuery {
  readonly follow: boolean;
  /** Say in the stream, as lines of `{"parallax":…}`, what the flows cannot. */
  readonly notices: boolean;
}

const NUMBER = z.union([
  z.int().min(0),
  z.string().regex(/^\d{1,20}$/, 'expected a whole number, 0 or more'),
]);

const requestSchema = z.strictObject({
  ...filterFields,
  ...windowFields,
  last: NUMBER.optional(),
  first: NUMBER.optional(),
  all: flagField.optional(),
  follow: flagField.optional(),
  events: z.enum(['all', 'matching']).optional(),
  notices: flagField.optional(),
});

const DEFAULT_NUMBER = 20n;

/** Reads query string or body; both have the same fields. Throws `input/invalid` with the field's name. */
export function readFlowsRequest(
  input: unknown,
  nowNanos: bigint,
  maxFilters: number,
): FlowsRequest {
  const parsed = requestSchema.safeParse(input ?? {});
  if (!parsed.success) throw schemaError(parsed.error);
  const { data } = parsed;
  const { whitelist, blacklist } = filtersOf(data, maxFilters);
  const last = number(data.last);
  const first = number(data.first);
  const follow = data.follow ?? false;
  const all = data.all ?? false;
  if (first > 0n && last > 0n) throw new FieldError('first', 'cannot set both first and last');
  if (first > 0n && follow) throw new FieldError('first', 'cannot set both first and follow');
  if (all && first + last > 0n) throw new FieldError('all', 'cannot set all beside first or last');
  const since = momentOf('since', data.since, nowNanos);
  const until = momentOf('until', data.until, nowNanos);
  if (follow && until !== undefined)
    throw new FieldError('until', 'cannot set both until and follow');
  const bounded = first + last > 0n || since !== undefined || until !== undefined || all || follow;
  return {
    whitelist,
    blacklist,
    number: bounded ? first + last : DEFAULT_NUMBER,
    first: first > 0n,
    follow,
    since,
    until,
    events: data.events ?? 'matching',
    notices: data.notices ?? false,
  };
}

function number(value: string | number | undefined): bigint {
  return BigInt(value ?? 0);
}
