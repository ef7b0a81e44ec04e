// What is asked of the log of incidents: from where on, which events, of which incidents.

import { z } from 'zod';
import {
  CONDITION_NAMES,
  conditionPattern,
  filterOfParameters,
  INCIDENT_CONDITIONS,
  type IncidentCondition,
  NOT,
  parameterOf,
} from '../../../incident/incident-conditions.ts';
import { INCIDENT_EVENT_KINDS, type IncidentEvent } from '../../../incident/incident-event.ts';
import { compileIncidentFilter, type IncidentFilter } from '../../../incident/incident-filter.ts';
import { inputError } from '../../../runtime/errors.ts';
import { limitField, parseTime, timeField } from '../../request/fields.ts';

const MAX_TEXT = 1000;
const MAX_LIST = 1000;
/** A cursor is microseconds since 1970; one further ahead than clocks differ is none. */
const AHEAD = 3_600_000_000n;

/** By parameter; `not.` before its name leaves out what it would find. */
const conditionFields: Readonly<Record<string, z.ZodType>> = Object.fromEntries(
  CONDITION_NAMES.flatMap((condition) => {
    const name = parameterOf(condition);
    const { doc, kind } = INCIDENT_CONDITIONS[condition];
    const field = fieldOf(condition);
    const several = kind === 'flag' ? '' : ' Repeated: any of them; `*` stands for any text.';
    return [
      [name, field.describe(doc + several)],
      [NOT + name, field.describe(`Leaves out what \`${name}\` of the same value would find.`)],
    ] as const;
  }),
);

/** As exact as a schema can be; what it lets through is looked at once more. */
function fieldOf(condition: IncidentCondition) {
  const { kind } = INCIDENT_CONDITIONS[condition];
  if (kind === 'flag') return z.enum(['true', 'false', '']).optional();
  const pattern = conditionPattern(condition);
  const text = z.string().min(1).max(MAX_TEXT);
  const value = pattern === undefined ? text : text.regex(pattern, 'is none of those there are');
  return z.union([value, z.array(value).max(MAX_LIST)]).optional();
}

export const feedFields = {
  cursor: z
    .string()
    .regex(/^\d{1,20}$/, 'expected the `id` or `cursor` of an event')
    .optional()
    .describe('Goes on behind this event; wins over `since`.'),
  since: timeField
    .optional()
    .describe('From here on: a duration before now, a day, or an RFC 3339 time.'),
  event: z
    .union([z.enum(INCIDENT_EVENT_KINDS), z.array(z.enum(INCIDENT_EVENT_KINDS))])
    .optional()
    .describe('`new`, `changed` or `resolved`; all when left out. May be repeated.'),
};

export type FeedInput = z.output<z.ZodObject<typeof feedFields>>;

/** The fields of both forms; those of the conditions are read by name and left out of the type. */
export const feedInput: z.ZodObject<typeof feedFields> = z.strictObject({
  ...feedFields,
  ...conditionFields,
});

/** The same a page at a time. */
export const eventsInput = z.strictObject({
  ...feedFields,
  ...conditionFields,
  limit: limitField(1000, 100).describe('Events of a page.'),
}) as z.ZodType<EventsInput>;

export type EventsInput = FeedInput & { readonly limit: number };

export interface FeedRequest {
  /** Undefined: from now on. */
  readonly after: bigint | undefined;
  readonly wants: (event: IncidentEvent) => boolean;
}

/** Throws `input/invalid` with the field's name. */
export function feedRequest(input: FeedInput, nowNanos: bigint): FeedRequest {
  const { event } = input;
  const kinds = event === undefined ? undefined : new Set([event].flat());
  const wanted = compileIncidentFilter(filterOf(input));
  return {
    after: placeOf(input, nowNanos),
    wants: (each) => (kinds?.has(each.event) ?? true) && wanted(each.incident),
  };
}

function placeOf({ cursor, since }: FeedInput, nowNanos: bigint): bigint | undefined {
  if (cursor === undefined) {
    const moment = parseTime('since', since, nowNanos);
    if (moment === undefined) return undefined;
    return moment <= 0n ? 0n : moment / 1000n - 1n;
  }
  const place = BigInt(cursor);
  if (place > nowNanos / 1000n + AHEAD)
    throw inputError(`cursor: ${cursor} is of no event; take it from one`, { field: 'cursor' });
  return place;
}

function filterOf(input: Readonly<Record<string, unknown>>): IncidentFilter {
  const named = Object.keys(conditionFields).flatMap((name) => {
    const values = input[name];
    return values === undefined ? [] : [[name, [values].flat().map(String)] as const];
  });
  return filterOfParameters(named, (name, why) => inputError(`${name}: ${why}`, { field: name }));
}
