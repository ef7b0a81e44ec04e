// Settings that every kind of receiver has: its name, the events it gets, and retries.
import { z } from 'zod';
import { duration } from '../../config/values.ts';
import {
  CONDITION_NAMES,
  conditionProblem,
  INCIDENT_CONDITIONS,
  type IncidentCondition,
} from '../../incident/incident-conditions.ts';
import { INCIDENT_EVENT_KINDS, type IncidentEvent } from '../../incident/incident-event.ts';
import { compileIncidentFilter, type IncidentFilter } from '../../incident/incident-filter.ts';

/** The schema of a filter condition; values are checked as those of query parameters. */
function conditionConfig(name: IncidentCondition): z.ZodType {
  const { kind, doc } = INCIDENT_CONDITIONS[name];
  if (kind === 'flag') return z.boolean().optional().describe(doc);
  if (kind === 'ports')
    return z.array(z.int().min(0).max(65_535)).optional().describe(`${doc} Any of them.`);
  const word = z.string().superRefine((value, context) => {
    const message = conditionProblem(name, value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
  return z.array(word).optional().describe(`${doc} Any of them; \`*\` stands for any text.`);
}

const CONDITIONS = Object.fromEntries(CONDITION_NAMES.map((name) => [name, conditionConfig(name)]));

const conditionsConfig = z.strictObject(CONDITIONS);

// The cast: the keys come from INCIDENT_CONDITIONS, from which IncidentFilter is derived too.
const incidentFilterConfig = z.strictObject({
  ...CONDITIONS,
  not: z
    .union([conditionsConfig, z.array(conditionsConfig)])
    .optional()
    .describe(
      'Leaves out incidents for which all of these conditions hold. A list: for which any of its entries holds.',
    ),
}) as z.ZodType<IncidentFilter>;

export const receiverName = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,62}$/, 'expected a name of 1 to 63 letters, digits, ., - and _')
  .describe('Unique name of the receiver. Never change it: deliveries are recorded by name.');

export const eventFields = {
  events: z
    .array(z.enum(INCIDENT_EVENT_KINDS))
    .min(1)
    .default(['new'])
    .describe('Kinds of events to deliver: `new`, `changed`, `resolved`.'),
  filter: incidentFilterConfig
    .prefault({})
    .describe('Incidents to deliver events of; all conditions must hold.'),
};

/** The settings of a RetryPolicy. */
export const retryFields = {
  concurrency: z.int().min(1).max(64).default(4).describe('Attempts at the same time.'),
  held: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('Events kept in memory; further ones stay in the log until there is room.'),
  retry: z
    .strictObject({
      initial: duration.prefault('1s').describe('Ceiling of the first wait; it doubles each time.'),
      max: duration.prefault('5m').describe('Ceiling of any wait.'),
    })
    .prefault({})
    .describe('Waits between attempts, random up to a ceiling. Retry-After is honored.'),
  maxAttempts: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .describe('Attempts after which an event is given up, counted since the start of the process.'),
  maxAge: duration.prefault('24h').describe('Age at which an event is given up.'),
};

/** Refuses two receivers of one name. `list` is the name of the setting. */
export function uniqueNames(list: string) {
  return (receivers: readonly { readonly name: string }[], context: z.RefinementCtx): void => {
    const names = new Map<string, number>();
    for (const [index, { name }] of receivers.entries()) {
      const other = names.get(name);
      if (other === undefined) names.set(name, index);
      else
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `"${name}" is already the name of ${list}[${other}]; give each receiver its own name`,
        });
    }
  };
}

/** Whether a receiver gets an event. */
export function wantsEvent({
  events,
  filter,
}: {
  readonly events: readonly IncidentEvent['event'][];
  readonly filter: IncidentFilter;
}): (event: IncidentEvent) => boolean {
  const matches = compileIncidentFilter(filter);
  return ({ event, incident }) => events.includes(event) && matches(incident);
}
