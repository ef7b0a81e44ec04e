// The documents of incident events, for OpenAPI.
import { z } from 'zod';
import { INCIDENT_EVENT_KINDS } from '../../../incident/incident-event.ts';
import { incidentSchema } from '../schema.ts';

const moment = z.string().describe('RFC 3339, UTC.');
const count = z.int().min(0);
const pods = z.object({ source: z.array(z.string()), destination: z.array(z.string()) });

const incidentEventSchema = z.object({
  version: z.literal(1),
  key: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe('Key of the event: the same in every delivery.'),
  event: z
    .enum(INCIDENT_EVENT_KINDS)
    .describe(
      '`new`: seen first, or again after it was resolved; `changed`: grown; `resolved`: over.',
    ),
  cursor: z.string().describe('Its position in the log, to continue from.'),
  at: moment.describe('Time of the event.'),
  episode: z.string().describe('From one `new` to its `resolved`.'),
  openedAt: moment.describe('First denial of the episode.'),
  known: z.boolean().describe('The incident had an episode before.'),
  incident: incidentSchema.describe('Counted since the episode began.'),
  pods: pods.describe('Some of the pods at both ends.'),
  change: z
    .object({ count: z.object({ from: count, to: count }), pods })
    .optional()
    .describe('Of `changed`: the difference from the event before.'),
});

export const eventsSchema = z.object({
  events: z.array(incidentEventSchema),
  cursor: z.string().describe('Start of the next page.'),
  end: z.boolean().describe('False: the log has more events.'),
});
