// Settings of the incident evaluator and of the receivers of its events.
import { z } from 'zod';
import { duration } from '../config/values.ts';
import { webhooksConfig } from './notify/webhook-config.ts';

export const alertConfig = z.strictObject({
  interval: duration.prefault('500ms').describe('Time between two evaluations of stored denials.'),
  overlap: duration
    .prefault('30s')
    .describe(
      'How far each evaluation reads back before the previous one; must exceed the clock skew between writers.',
    ),
  sweepInterval: duration
    .prefault('1m')
    .describe('How often the whole last hour is read again, for denials that were stored late.'),
  giveUp: duration
    .prefault('7d')
    .describe(
      'Silence after which an incident is resolved as stale although its cluster was not collected.',
    ),
  changeInterval: duration
    .prefault('60s')
    .describe('Minimum time between two `changed` events of an incident.'),
  growth: z
    .number()
    .min(1.1)
    .max(1000)
    .default(2)
    .describe('Factor by which the denials must grow since the last event to cause `changed`.'),
  maxAge: duration
    .prefault('24h')
    .describe(
      'Incidents that ended longer ago than this when first evaluated are logged without an event.',
    ),
  maxOpen: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe('Open incidents kept in memory; more are opened as others are resolved.'),
  webhooks: webhooksConfig,
});

export type AlertConfig = z.output<typeof alertConfig> & {
  /** Milliseconds of silence after which an incident is resolved: `api.denials.quiet`, so that answers agree. */
  readonly quiet: number;
};
