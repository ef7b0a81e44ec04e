// What is asked of the log of incidents: from where on, which events, of which incidents.
import { z } from 'zod';
import { INCIDENT_EVENT_KINDS, type IncidentEvent } from '../../hubble/incident-event.ts';
import {
  compileIncidentFilter,
  type IncidentConditions,
  type IncidentFilter,
} from '../../hubble/incident-filter.ts';
import { limitField, momentOf } from '../http/fields.ts';
import { FieldError } from '../http/problem.ts';

const list = z.union([z.string().max(1000), z.array(z.string().max(1000)).max(1000)]).optional();

/** By parameter, the condition it is; `not.` before its name leaves out what it would find. */
const CONDITIONS = {
  cluster: 'cluster',
  'from-cluster': 'fromCluster',
  'to-cluster': 'toCluster',
  namespace: 'namespace',
  'from-namespace': 'fromNamespace',
  'to-namespace': 'toNamespace',
  workload: 'workload',
  'from-workload': 'fromWorkload',
  'to-workload': 'toWorkload',
  policy: 'policy',
  reason: 'reason',
  direction: 'direction',
  protocol: 'protocol',
  port: 'port',
  verdict: 'verdict',
} as const satisfies Record<string, keyof IncidentConditions>;

const NOT = 'not.';
/** A cursor is microseconds since 1970; one further ahead than clocks differ is none. */
const AHEAD = 3_600_000_000n;

const DOCS: Readonly<Record<keyof typeof CONDITIONS, string>> = {
  cluster: 'Cluster that denies.',
  'from-cluster': 'Cluster of the source.',
  'to-cluster': 'Cluster of the destination.',
  namespace: 'Namespace of either end.',
  'from-namespace': 'Namespace of the source.',
  'to-namespace': 'Namespace of the destination.',
  workload: 'Workload of either end: `name`, `namespace/name` or `namespace/Kind/name`.',
  'from-workload': 'Workload of the source.',
  'to-workload': 'Workload of the destination.',
  policy: 'Policy that denies: `name` or `namespace/name`; `none` where none is named.',
  reason: 'Drop reason (`POLICY_DENIED`), or how it is denied (`default-deny`).',
  direction: '`INGRESS` or `EGRESS`.',
  protocol: '`TCP`, `UDP`, `ICMPv4`, …',
  port: 'Port of the destination.',
  verdict: '`DROPPED` (the default) or `AUDIT`.',
};

const conditionFields = Object.fromEntries(
  Object.entries(DOCS).flatMap(([name, doc]) => [
    [name, list.describe(`${doc} Repeated: any of them; \`*\` stands for any text.`)],
    [NOT + name, list.describe(`Leaves out what \`${name}\` of the same value would find.`)],
  ]),
);

export const feedFields = {
  cursor: z
    .string()
    .regex(/^\d{1,20}$/, 'expected the `id` or `cursor` of an event')
    .optional()
    .describe('Goes on behind this event; wins over `since`.'),
  since: z
    .string()
    .max(64)
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
    const moment = momentOf('since', since, nowNanos);
    if (moment === undefined) return undefined;
    return moment <= 0n ? 0n : moment / 1000n - 1n;
  }
  const place = BigInt(cursor);
  if (place > nowNanos / 1000n + AHEAD)
    throw new FieldError('cursor', `cursor: ${cursor} is of no event; take it from one`);
  return place;
}

function filterOf(input: Readonly<Record<string, unknown>>): IncidentFilter {
  const read = (before: string) => {
    const conditions: Record<string, readonly string[] | readonly number[]> = {};
    for (const [name, condition] of Object.entries(CONDITIONS)) {
      const value = input[before + name];
      if (value === undefined) continue;
      const values = [value].flat().map(String);
      conditions[condition] =
        condition === 'port' ? values.map((each) => portOf(before + name, each)) : values;
    }
    return conditions as IncidentConditions; // as CONDITIONS maps them
  };
  const not = read(NOT);
  return { ...read(''), ...(Object.keys(not).length > 0 && { not }) };
}

function portOf(name: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new FieldError(name, `${name}: ${JSON.stringify(text)} is no port`);
}
