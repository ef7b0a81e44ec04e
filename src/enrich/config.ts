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
    .describe('Records stored at once: with 2, one is decoded while another is inserted.'),
  remembered: size
    .prefault('64MiB')
    .describe(
      'Memory for the uuids stored last, 16 bytes each, over all clusters: replayed flows in it are dropped without a query to the store.',
    ),
  retryInitial: duration
    .prefault('200ms')
    .describe('First wait before a refused insert is tried again.'),
  retryMax: duration.prefault('10s').describe('Longest wait between two tries of an insert.'),
  denials: z
    .strictObject({
      maxIncidents: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(10_000)
        .describe(
          'Incidents that one batch may add with their port; further ones share an incident without it, and past twice as many ends without a workload share one without their name.',
        ),
      maxPorts: z
        .int()
        .min(1)
        .max(65_535)
        .default(100)
        .describe(
          'Destination ports of one batch that are incidents of their own between two ends; further ones, as of a scan, are one incident with port 0.',
        ),
      remembered: z
        .int()
        .min(4)
        .max(1 << 20)
        .default(16_384)
        .describe(
          'Denied conversations whose policies are remembered, 36 bytes each, for a drop event that comes a batch after its policy verdict.',
        ),
    })
    .prefault({})
    .describe('How denials become incidents.'),
  totals: z
    .strictObject({
      maxRows: z
        .int()
        .min(1)
        .max(10_000_000)
        .default(50_000)
        .describe(
          'Rows that one batch may add to the totals; past that flows are counted without their port.',
        ),
    })
    .prefault({})
    .describe('How flows are counted.'),
  catalogue: z
    .strictObject({
      maxIdentities: z
        .int()
        .min(1)
        .default(100_000)
        .describe(
          'Identities remembered as stored (some 200 bytes each); further ones are stored again each time.',
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
        .describe('How long flows may lack what was learned about pods and services meanwhile.'),
    })
    .prefault({})
    .describe('What is learned from flows and Kubernetes and added to other flows.'),
});

export type WriterConfig = z.infer<typeof writerConfig>;
