// The documents of what happened to incidents, for OpenAPI and for checking answers.
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
    .describe('Of the transition: the same, however often it is told.'),
  event: z
    .enum(INCIDENT_EVENT_KINDS)
    .describe('Seen first, or again after it was over; grown; over.'),
  cursor: z.string().describe('Its place: go on from here.'),
  at: moment.describe('When it was decided.'),
  episode: z.string().describe('From one `new` to its `resolved`.'),
  openedAt: moment.describe('First denial of the episode.'),
  known: z.boolean().describe('The incident had been there before.'),
  incident: incidentSchema.describe('Counted since the episode began.'),
  pods: pods.describe('Some of those at both ends.'),
  change: z
    .object({ count: z.object({ from: count, to: count }), pods })
    .optional()
    .describe('Of `changed`: what is different from the last time it was told.'),
});

export const eventsSchema = z.object({
  events: z.array(incidentEventSchema),
  cursor: z.string().describe('Where the next page begins.'),
  end: z.boolean().describe('False: the log has more.'),
});
