// Requests for flows: the query string of a GET and the body of a POST, read into one shape.
import { z } from 'zod';
import { filtersFromJson } from '../../hubble/filter/json.ts';
import { parseMoment } from '../../hubble/filter/since.ts';
import { fromJson } from '../../hubble/json.ts';
import { FlowFilter } from '../../hubble/schema.gen.ts';
import type { FlowQuery } from '../flows.ts';
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
const FLAG = z.union([z.boolean(), z.enum(['true', 'false', ''])]);
const LIST = z.union([z.string(), z.array(z.unknown())]);

const requestSchema = z.strictObject({
  whitelist: LIST.optional(),
  blacklist: LIST.optional(),
  last: NUMBER.optional(),
  first: NUMBER.optional(),
  all: FLAG.optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  follow: FLAG.optional(),
  events: z.enum(['all', 'matching']).optional(),
  notices: FLAG.optional(),
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
  const whitelist = filterList('whitelist', data.whitelist);
  const blacklist = filterList('blacklist', data.blacklist);
  if (whitelist.length + blacklist.length > maxFilters)
    throw new FieldError(
      'whitelist',
      `${whitelist.length + blacklist.length} filters are more than the ${maxFilters} allowed; ask in several queries`,
    );
  const last = number(data.last);
  const first = number(data.first);
  const follow = flag(data.follow);
  const all = flag(data.all);
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
    notices: flag(data.notices),
  };
}

export function schemaError(error: z.ZodError): FieldError {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys')
    return new FieldError(issue.keys[0] ?? '', `unknown parameter ${issue.keys.join(', ')}`, error);
  const field = issue?.path.join('.') ?? '';
  return new FieldError(field, `${field}: ${issue?.message ?? 'refused'}`, error);
}

function filterList(name: 'whitelist' | 'blacklist', value: unknown): FlowFilter[] {
  if (value === undefined) return [];
  try {
    if (Array.isArray(value) && value.every((each) => typeof each !== 'string'))
      return value.map((each) => fromJson(FlowFilter, each, { strict: true }));
    // A query string has JSON as text: a list, one filter, or several one after another; repeated or not.
    const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
    return texts.flatMap((text) => filtersOfText(String(text)));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FieldError(name, `${name}: ${why}`, error);
  }
}

function filtersOfText(text: string): FlowFilter[] {
  if (!text.trimStart().startsWith('[')) return filtersFromJson(text);
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) return [];
  return list.map((each) => fromJson(FlowFilter, each, { strict: true }));
}

function number(value: string | number | undefined): bigint {
  return BigInt(value ?? 0);
}

function flag(value: boolean | 'true' | 'false' | '' | undefined): boolean {
  return value === true || value === 'true' || value === '';
}

export function momentOf(
  name: string,
  text: string | undefined,
  nowNanos: bigint,
): bigint | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return parseMoment(text, nowNanos);
  } catch (error) {
    throw new FieldError(
      name,
      `${name}: ${JSON.stringify(text)} is no time; write 30m, 7d or 2026-03-14T10:00:00Z`,
      error,
    );
  }
}
