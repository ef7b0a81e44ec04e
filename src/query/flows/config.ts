import { z } from 'zod';
import { duration, size } from '../../config/values.ts';

export const liveConfig = z.strictObject({
  queue: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(10_000)
    .describe('Responses that wait for one slow client; beyond, they are dropped and counted.'),
  joinQueue: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(100_000)
    .describe(
      'Responses that wait for a client whose history is still being read; beyond, that part is read from the store again.',
    ),
  memory: size
    .prefault('128MiB')
    .describe(
      'Bytes of responses that wait for all live clients together; beyond, clients that hold more than an equal share lose what comes. At most twice as much is held.',
    ),
  storeLag: duration
    .prefault('10s')
    .meta({ renamedFrom: 'settle' })
    .describe(
      'How long the history before a live stream waits until the flows published earlier are stored.',
    ),
  pending: size
    .prefault('64MiB')
    .describe('Batches that wait to be looked at for all clients together; beyond, dropped.'),
  linger: duration
    .prefault('30s')
    .describe('How long the live stream is kept open after its last client has left.'),
});

export type LiveConfig = z.output<typeof liveConfig>;
