import { z } from 'zod';
import { duration } from '../../config/values.ts';

export const connectionsConfig = z.strictObject({
  tcpIdle: duration
    .prefault('10m')
    .describe(
      'Silence after which the same addresses and ports are another connection, where no SYN says so; also how far around a window is read for the rest of its connections.',
    ),
  otherIdle: duration
    .prefault('60s')
    .describe('The same for UDP, ICMP and closed TCP connections.'),
  skew: duration.prefault('5s').describe('How far the clocks of two nodes may be apart.'),
  maxConnections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('Connections in one answer; one that would have more is refused.'),
  maxFlows: z
    .int()
    .min(1000)
    .default(500_000)
    .describe('Flows read for one answer about connections; one that needs more is refused.'),
  maxServices: z
    .int()
    .min(1)
    .default(50_000)
    .describe('Pods and clients of them in one answer about services, before they are summed up.'),
});

export type ConnectionsConfig = z.output<typeof connectionsConfig>;
