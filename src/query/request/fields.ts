// The pieces that requests are declared with, the same in a query string (where everything is text, and a list is a name
// repeated) and in a JSON body: windows of time, limits, lists of names, and filters as the flags of observe.

import { z } from 'zod';
import { FILTER_FLAGS, filterHelp, isBareFlag } from '../../hubble/filter/catalogue.ts';
import { MAX_VALUE_CHARS } from '../../hubble/filter/checked.ts';
import { FilterBuilder } from '../../hubble/filter/flags.ts';
import type { FlagForm } from '../../hubble/filter/form.ts';
import { filtersFromJson } from '../../hubble/filter/json.ts';
import { MOMENT_PATTERN, parseMoment } from '../../hubble/filter/since.ts';
import { fromJson } from '../../hubble/json/json.ts';
import { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { DAY_MS, msToNs } from '../../runtime/time.ts';
import { formOf, textForm } from './flag-forms.ts';
import { checkDepth } from './json-body.ts';

const MAX_LIST = 1000;
/** Of FlowFilters as text; they are no deeper than four. */
const MAX_DEPTH = 32;

const noTime = (text: unknown) =>
  `${JSON.stringify(text)} is no time; write 30m, 7d or 2026-03-14T10:00:00Z`;

/** A moment; empty is as if it were left out. */
export const timeField = z
  .string()
  .max(64)
  .regex(new RegExp(`^$|${MOMENT_PATTERN.source}`), { error: ({ input }) => noTime(input) })
  .meta({ examples: ['7d', '2026-03-14T10:00:00Z', '90m'] });
/** Behind those of a beginning, one by one. */
const UNTIL = ['30m', '2026-03-14T11:00:00Z', '0s'];

/** The time range, both ends included. */
export const windowFields = {
  since: timeField
    .optional()
    .describe('From here on: a duration before now, a day, or an RFC 3339 time.'),
  until: timeField
    .meta({ examples: UNTIL })
    .optional()
    .describe('Up to here, written like `since`; now when left out.'),
};

/** One name or several. */
export const listField = z
  .union([z.string().max(1000), z.array(z.string().max(1000)).max(MAX_LIST)])
  .transform((value) => [value].flat());

/** Whether something is wanted; a bare name in a query string wants it. */
export const flagField = z
  .union([z.boolean(), z.enum(['true', 'false', ''])])
  .transform((value) => value === true || value === 'true' || value === '');

/** A whole number from 1 to `max`. */
export function limitField(max: number, standard: number) {
  return wholeField(1, max).default(standard);
}

/** A whole number between two. */
export function wholeField(min: number, max: number) {
  return z.union([
    z.int().min(min).max(max),
    z
      .string()
      .regex(/^\d{1,16}$/, 'expected a whole number')
      .transform(Number)
      .refine((value) => value >= min && value <= max, `expected ${min} to ${max}`),
  ]);
}

const filters = z.union([z.string(), z.array(z.unknown()).max(10_000)]);
const scalar = z.union([z.string().max(MAX_VALUE_CHARS), z.number(), z.boolean()]);
/** By this name the document says it once, and knows it again. */
export const FILTER_VALUE = 'FilterValue';
const flagValues = new Map<string, z.ZodType>();

/** A flag's values: flags of one form share one schema. */
function flagValue(flag: string) {
  const { name, form } = formOf(flag) ?? {};
  const id = name === undefined ? FILTER_VALUE : `${FILTER_VALUE}.${name}`;
  const made =
    flagValues.get(id) ?? valuesOf(form).meta({ id, description: 'One value or several.' });
  flagValues.set(id, made);
  return made.optional();
}

function valuesOf(form: FlagForm | undefined) {
  const one = form === undefined ? scalar : formedScalar(form);
  return z.union([one, z.array(one).max(MAX_LIST)]);
}

/** What does not fit is refused by the code that reads the flag, in its own words. */
function formedScalar(form: FlagForm) {
  const { number, boolean } = form;
  const text = z.string().max(MAX_VALUE_CHARS).meta(textForm(form));
  const whole = z.number().meta({ type: 'integer', ...number });
  return z.union([text, ...(number ? [whole] : []), ...(boolean ? [z.boolean()] : [])]);
}

const NOT = 'not.';
const FLAGS = FILTER_FLAGS.filter((flag) => flag !== 'not');

const lists = {
  whitelist: filters
    .optional()
    .describe(
      'FlowFilters as JSON; flows must match one of them. A list, or text: one after another.',
    ),
  blacklist: filters.optional().describe('FlowFilters as JSON; flows must match none of them.'),
};

/**
 * `whitelist` and `blacklist`, and a field for each filter flag of observe, `not.` before its name to exclude. The flags
 * are left out of the type, as they are read by name.
 */
export const filterFields: typeof lists = {
  ...lists,
  ...Object.fromEntries(
    FLAGS.flatMap((flag) => [
      [flag, flagValue(flag).describe(`${filterHelp(flag).replace('see --', 'as ')}.`)],
      [NOT + flag, flagValue(flag).describe(`Leaves out what \`${flag}\` finds.`)],
    ]),
  ),
};

export interface Filters {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
}

/** The filters of a request that was declared with `filterFields`. Throws `input/invalid` with the field's name. */
export function filtersOf(
  input: { readonly whitelist?: unknown; readonly blacklist?: unknown },
  maxFilters = 200,
): Filters {
  // The flags are fields beside the lists.
  const named = namedFilters(input as Readonly<Record<string, unknown>>);
  const whitelist = [...named.whitelist, ...filterList('whitelist', input.whitelist)];
  const blacklist = [...named.blacklist, ...filterList('blacklist', input.blacklist)];
  const count = whitelist.length + blacklist.length;
  if (count > maxFilters)
    throw inputError(
      `${count} filters are more than the ${maxFilters} allowed; ask in several queries`,
      { field: 'whitelist' },
    );
  return { whitelist, blacklist };
}

/** The window, with an end and a beginning. Throws `input/invalid` with the field's name. */
export function windowOf(
  input: { readonly since?: string | undefined; readonly until?: string | undefined },
  nowNanos: bigint,
  { defaultMs, maxMs }: { readonly defaultMs: number; readonly maxMs?: number },
): { readonly since: bigint; readonly until: bigint } {
  const until = parseTime('until', input.until, nowNanos) ?? nowNanos;
  const since = parseTime('since', input.since, nowNanos) ?? until - msToNs(defaultMs);
  if (since >= until)
    throw inputError(
      'since: must be before until; both are times such as 30m or 2026-03-14T10:00:00Z',
      { field: 'since' },
    );
  if (maxMs !== undefined && until - since > msToNs(maxMs))
    throw inputError(
      `since: more than ${Math.round(maxMs / DAY_MS)} days before until; ask for less at a time`,
      { field: 'since' },
    );
  return { since, until };
}

/** Nanoseconds since 1970; undefined for what was left out. */
export function parseTime(
  name: string,
  text: string | undefined,
  nowNanos: bigint,
): bigint | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return parseMoment(text, nowNanos);
  } catch (error) {
    throw inputError(`${name}: ${noTime(text)}`, { field: name, cause: error });
  }
}

/** The first problem that zod found, with its field. */
export function schemaError(error: z.ZodError): ParallaxError {
  const [issue] = error.issues;
  if (issue?.code === 'unrecognized_keys')
    return inputError(`unknown parameter ${issue.keys.join(', ')}`, {
      field: issue.keys[0] ?? '',
      cause: error,
    });
  const field = issue?.path.join('.') ?? '';
  const why = issue?.message ?? 'refused';
  return inputError(field === '' ? why : `${field}: ${why}`, { field, cause: error });
}

/** The same code as the command's, so that a flag means the same here and there. */
function namedFilters(input: Readonly<Record<string, unknown>>): Filters {
  const builder = new FilterBuilder();
  for (const name of Object.keys(input)) {
    const flag = name.startsWith(NOT) ? name.slice(NOT.length) : name;
    if (!FLAGS.includes(flag) || input[name] === undefined) continue;
    for (const value of [input[name]].flat()) {
      if (isBareFlag(flag) && !wanted(name, value)) continue;
      try {
        if (flag !== name) builder.set('not', 'true');
        builder.set(flag, String(value));
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw inputError(`${name}: ${why}`, { field: name, cause: error });
      }
    }
  }
  return builder.build();
}

function wanted(name: string, value: unknown): boolean {
  if ([true, 'true', ''].some((each) => each === value)) return true;
  if ([false, 'false'].some((each) => each === value)) return false;
  throw inputError(`${name}: takes true or false, not ${JSON.stringify(value)}`, { field: name });
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
    throw inputError(`${name}: ${why}`, { field: name, cause: error });
  }
}

function filtersOfText(text: string): FlowFilter[] {
  checkDepth(text, MAX_DEPTH);
  if (!text.trimStart().startsWith('[')) return filtersFromJson(text);
  const list: unknown = JSON.parse(text);
  if (!Array.isArray(list)) return [];
  return list.map((each) => fromJson(FlowFilter, each, { strict: true }));
}
