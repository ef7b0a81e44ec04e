// Settings of incidents over time and of who is told of them.
import { z } from 'zod';
import { duration } from '../config/values.ts';
import { webhooksConfig } from './notify/webhook-config.ts';

export const alertConfig = z.strictObject({
  interval: duration
    .prefault('500ms')
    .describe('How often what was stored of incidents since the last look is looked at.'),
  overlap: duration
    .prefault('30s')
    .describe(
      'How far back each look goes over the one before; more than the clocks of writers differ.',
    ),
  sweepInterval: duration
    .prefault('1m')
    .describe('How often the last hour is looked at whole, for what was stored late.'),
  giveUp: duration
    .prefault('7d')
    .describe(
      'Silence after which an incident is resolved as stale though nobody could watch its cluster.',
    ),
  changeInterval: duration
    .prefault('60s')
    .describe('Least time between two events `changed` of an incident.'),
  growth: z
    .number()
    .min(1.1)
    .max(1000)
    .default(2)
    .describe('So many times the denials it was last told with make an incident `changed`.'),
  maxAge: duration
    .prefault('24h')
    .describe('Incidents that ended longer ago when they are first looked at are told to nobody.'),
  maxOpen: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe(
      'Open incidents kept in memory; further ones are taken up, and told, when others are over.',
    ),
  webhooks: webhooksConfig,
});

export type AlertConfig = z.output<typeof alertConfig> & {
  /** Milliseconds of silence after which an incident is resolved; `api.denials.quiet`, so that answers say the same. */
  readonly quiet: number;
};
