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

const webhookConfig = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][\w.-]{0,62}$/, 'expected a name of 1 to 63 letters, digits, ., - and _')
      .describe('Unique name of the receiver. Never change it: deliveries are recorded by name.'),
    url: z
      .url({
        protocol: /^https?$/,
        error: 'expected a URL such as https://alerts.example/parallax',
      })
      .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'put user and password into headers')
      .meta({ secret: true })
      .describe('URL that events are posted to. Redirects are not followed.'),
    secret: z
      .string()
      .min(16, 'expected 16 characters or more')
      .optional()
      .describe('Secret for signing events; prefer `secretFile`.'),
    secretFile: z
      .string()
      .min(1)
      .optional()
      .describe('File with the secret; read for every attempt.'),
    events: z
      .array(z.enum(INCIDENT_EVENT_KINDS))
      .min(1)
      .default(['new'])
      .describe('Kinds of events to deliver: `new`, `changed`, `resolved`.'),
    filter: incidentFilterConfig
      .prefault({})
      .describe('Incidents to deliver events of; all conditions must hold.'),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9-]+$/, 'expected a header name'),
        z.string().regex(/^[\t\x20-\x7e]*$/, 'expected printable ASCII'),
      )
      .default({})
      .meta({ secret: true })
      .describe('Additional headers, such as `authorization`.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file of CA certificates; those of the system when left out.'),
    timeout: duration.prefault('10s').describe('Time limit of one attempt, response included.'),
    concurrency: z.int().min(1).max(64).default(4).describe('Attempts at the same time.'),
    held: z
      .int()
      .min(1)
      .max(10_000)
      .default(100)
      .describe('Events kept in memory; further ones stay in the log until there is room.'),
    retry: z
      .strictObject({
        initial: duration
          .prefault('1s')
          .describe('Ceiling of the first wait; it doubles each time.'),
        max: duration.prefault('5m').describe('Ceiling of any wait.'),
      })
      .prefault({})
      .describe('Waits between attempts, random up to a ceiling. Retry-After is honored.'),
    maxAttempts: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(1000)
      .describe(
        'Attempts after which an event is given up, counted since the start of the process.',
      ),
    maxAge: duration.prefault('24h').describe('Age at which an event is given up.'),
  })
  .refine(
    ({ secret, secretFile }) => (secret === undefined) !== (secretFile === undefined),
    'give secret or secretFile: events are signed',
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
          message: `"${name}" is already the name of webhooks[${other}]; give each webhook its own name`,
        });
    }
  })
  .default([])
  .describe('Receivers of incident events by HTTP; see docs/alerts.md.');
