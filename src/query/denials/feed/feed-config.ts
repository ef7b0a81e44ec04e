// Settings of the feed of incidents.
import { z } from 'zod';
import { duration } from '../../../config/values.ts';

export const feedConfig = z.strictObject({
  poll: duration
    .prefault('500ms')
    .describe('How often the log is looked at for all who follow it.'),
  recent: z
    .int()
    .min(10)
    .max(1_000_000)
    .default(1000)
    .describe('Latest events in memory; a client further behind reads the store.'),
});

export type FeedConfig = z.output<typeof feedConfig>;
