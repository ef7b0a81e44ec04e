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
      'Memory for the uuids of the flows stored last, 16 bytes each, over all clusters. Replayed flows found in it are dropped without a query to the store.',
    ),
  retryInitial: duration
    .prefault('200ms')
    .describe('First wait before a refused insert is retried.'),
  retryMax: duration.prefault('10s').describe('Longest wait between two attempts of an insert.'),
  denials: z
    .strictObject({
      maxIncidents: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(10_000)
        .describe(
          'Maximum of incidents with a port that one batch may add. Further ones share an incident without a port; beyond twice this number, ends without a workload share one without a name.',
        ),
      maxPorts: z
        .int()
        .min(1)
        .max(65_535)
        .default(100)
        .describe(
          'Maximum of destination ports between two ends that become separate incidents in one batch. Further ones, as in a port scan, are one incident with port 0.',
        ),
      remembered: z
        .int()
        .min(4)
        .max(1 << 20)
        .default(16_384)
        .describe(
          'Number of denied connections whose policies are remembered, 36 bytes each, for a drop that arrives one batch after its policy verdict.',
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
          'Maximum of rows that one batch may add to the totals; further flows are counted without their port.',
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
          'Number of identities remembered as stored (about 200 bytes each); others are stored again each time they are seen.',
        ),
      maxPods: z
        .int()
        .min(1)
        .default(400_000)
        .describe(
          'Number of pods whose workload, node and zone are remembered (about 250 bytes each). From half of it on, pods that were not used recently are evicted.',
        ),
      maxServices: z
        .int()
        .min(1)
        .default(50_000)
        .describe(
          'Maximum of Services whose annotations are remembered, and of namespaces read from each Kubernetes API.',
        ),
      refresh: duration
        .prefault('30s')
        .describe('Maximum delay until new facts about pods and services are added to flows.'),
    })
    .prefault({})
    .describe('Facts from flows and Kubernetes that are added to other flows.'),
});

export type WriterConfig = z.infer<typeof writerConfig>;
