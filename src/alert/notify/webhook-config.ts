// Settings of webhooks: where events go, which ones, and how long it is tried.
import { z } from 'zod';
import { duration } from '../../config/values.ts';
import {
  CONDITION_NAMES,
  conditionProblem,
  INCIDENT_CONDITIONS,
  type IncidentCondition,
} from '../../incident/incident-conditions.ts';
import { INCIDENT_EVENT_KINDS } from '../../incident/incident-event.ts';
import type { IncidentFilter } from '../../incident/incident-filter.ts';

/** A condition as a configuration has it: its values are checked as those of parameters are. */
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

// Made of the list that the filter itself is made of.
const incidentFilterConfig = z.strictObject({
  ...CONDITIONS,
  not: z
    .union([conditionsConfig, z.array(conditionsConfig)])
    .optional()
    .describe(
      'Not those for which all of this holds, in the same terms. A list: not those for which any of its entries holds.',
    ),
}) as z.ZodType<IncidentFilter>;

const webhookConfig = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,62}$/, 'expected a name of 1 to 63 letters, digits, ., - and _')
      .describe('Name of the receiver: unique, and never changed, since what it got goes by it.'),
    url: z
      .url({
        protocol: /^https?$/,
        error: 'expected a URL such as https://alerts.example/parallax',
      })
      .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'put user and password into headers')
      .meta({ secret: true })
      .describe('Where events are posted to. Redirects are not followed.'),
    secret: z
      .string()
      .min(16, 'expected 16 characters or more')
      .optional()
      .describe('Secret that events are signed with; better given as a file.'),
    secretFile: z
      .string()
      .min(1)
      .optional()
      .describe('File that holds the secret; read again for every attempt.'),
    events: z
      .array(z.enum(INCIDENT_EVENT_KINDS))
      .min(1)
      .default(['new'])
      .describe('What is told: `new`, `changed`, `resolved`.'),
    filter: incidentFilterConfig
      .prefault({})
      .describe('Which incidents are told: all that is written here must hold.'),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]+$/, 'expected a header’s name'),
        z.string().regex(/^[\t\x20-\x7e]*$/, 'expected printable ASCII'),
      )
      .default({})
      .meta({ secret: true })
      .describe('Further headers, such as `authorization`.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of the authorities that may sign the receiver; the system’s otherwise.'),
    timeout: duration.prefault('10s').describe('Time for one attempt, answer included.'),
    concurrency: z.int().min(1).max(64).default(4).describe('Attempts at once.'),
    held: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe(
        'Events held in memory while they are tried; those behind stay in the log until there is room.',
      ),
    retry: z
      .strictObject({
        initial: duration.prefault('1s').describe('Ceiling of the first wait; it doubles.'),
        max: duration.prefault('5m').describe('Ceiling of any wait.'),
      })
      .prefault({})
      .describe('Waits between attempts, random up to their ceiling; Retry-After is kept to.'),
    maxAttempts: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe('Attempts in one life of the process after which an event is given up.'),
    maxAge: duration.prefault('24h').describe('Age at which an event is given up.'),
  })
  .refine(
    ({ secret, secretFile }) => (secret === undefined) !== (secretFile === undefined),
    'give secret or secretFile: what is posted is signed',
  );

export type WebhookConfig = z.output<typeof webhookConfig>;

export const webhooksConfig = z
  .array(webhookConfig)
  .superRefine((webhooks, context) => {
    const names = new Map<string, number>();
    for (const [index, { name }] of webhooks.entries()) {
      const other = names.get(name);
      if (other === undefined) names.set(name, index);
      else
        context.addIssue({
          code: 'custom',
          path: [index, 'name'],
          message: `"${name}" is the name of webhooks[${other}] already: each needs its own`,
        });
    }
  })
  .default([])
  .describe('Who is told of incidents by HTTP; docs/alerts.md says how.');
