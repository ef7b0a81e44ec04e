// Settings of the feed of incidents.
import { z } from 'zod';
import { duration } from '../../config/values.ts';

export const feedConfig = z.strictObject({
  clients: z
    .int()
    .min(1)
    .max(100_000)
    .default(256)
    .describe('Clients that follow at once; more are refused with 429.'),
  poll: duration
    .prefault('500ms')
    .describe('How often the log is looked at for all who follow it.'),
  recent: z
    .int()
    .min(10)
    .max(1_000_000)
    .default(1000)
    .describe('Latest events in memory; a client further behind reads the store.'),
  heartbeat: duration
    .prefault('15s')
    .describe('Silence after which a client is sent a comment, so that proxies let it be.'),
  slow: duration
    .prefault('30s')
    .describe('A client that takes nothing for so long is cut off; it can resume where it was.'),
});

export type FeedConfig = z.output<typeof feedConfig>;
