// Settings of the writer.
import { z } from 'zod';
import { duration, size } from '../config/values.ts';

export const writerConfig = z.strictObject({
  group: z
    .string()
    .min(1)
    .default('parallax-writer')
    .describe('Consumer group; all writers of one store share it.'),
  maxInFlight: z
    .int()
    .min(1)
    .max(16)
    .default(2)
    .describe('Records in work at once: 2 lets one be decoded while another is inserted.'),
  remembered: size
    .prefault('64MiB')
    .describe(
      'Memory for the uuids stored last, 16 bytes each, over all clusters: what is in it of a replay is dropped without asking the store.',
    ),
  retryInitial: duration
    .prefault('200ms')
    .describe('First wait before a refused insert is tried again.'),
  retryMax: duration.prefault('10s').describe('Longest wait between two tries of an insert.'),
  catalogue: z
    .strictObject({
      maxIdentities: z
        .int()
        .min(1)
        .default(100_000)
        .describe(
          'Identities remembered as written down (some 200 bytes each); more are written again each time.',
        ),
      maxPods: z
        .int()
        .min(1)
        .default(400_000)
        .describe(
          'Pods whose workload, node and zone are remembered (some 250 bytes each); at half of them, those not used lately are forgotten.',
        ),
      maxServices: z
        .int()
        .min(1)
        .default(50_000)
        .describe(
          'Services whose annotations are remembered; namespaces read of each Kubernetes, at most.',
        ),
      refresh: duration
        .prefault('30s')
        .describe('How long flows may go without what was learned of pods and services meanwhile.'),
    })
    .prefault({})
    .describe('What is learned from flows and Kubernetes, to be added to other flows.'),
});

export type WriterConfig = z.infer<typeof writerConfig>;
