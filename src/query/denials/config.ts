// Settings of denials and incidents: when one is over, and what an answer may cost.
import { z } from 'zod';
import { duration } from '../../config/values.ts';

export const denialsConfig = z.strictObject({
  quiet: duration
    .prefault('10m')
    .describe(
      'Silence after which an incident is resolved, where the cluster that denied was collected for as long; in answers and for alerts alike.',
    ),
  window: duration
    .prefault('24h')
    .describe('How far back denials and incidents are looked for when a question does not say.'),
  maxIncidents: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'Incidents of deny rules that are looked at in one answer for drops that belong together.',
    ),
  maxRows: z
    .int()
    .min(1)
    .max(100_000)
    .default(10_000)
    .describe('Denials or incidents in one page of an answer.'),
});

export type DenialsConfig = z.output<typeof denialsConfig>;
