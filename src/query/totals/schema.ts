// The documents of totals, for OpenAPI and for their types.
import { z } from 'zod';

export const LEVELS = ['cluster', 'namespace', 'workload'] as const;

const values = z
  .record(z.string(), z.union([z.string(), z.number()]))
  .describe('A value for each dimension; empty where a flow has none.');
const counts = z.record(z.string(), z.int()).describe('Flows by name.');
const source = z
  .enum(['totals', 'flows'])
  .describe('Whether whole five-minute slots came from the totals, or all of it from flows.');
const by = z.array(z.string()).describe('The dimensions.');
const time = z.string().describe('RFC 3339');

const counted = {
  flows: z.int(),
  denied: z.int().describe('Flows that a policy denied.'),
  dropped: z.int().describe('Flows that were dropped, for whatever reason.'),
  audited: z.int().describe('Flows that audit mode let pass.'),
  share: z.number().describe('Of all flows counted, 0 to 1.'),
  rate: z.number().describe('Flows a second.'),
  connections: z.int().optional().describe('Distinct conversations; only where asked for.'),
};
const group = { values, ...counted };
const all = {
  count: z.int().describe('All groups.'),
  total: z.object(counted),
  other: z
    .object({ groups: z.int(), ...counted })
    .describe('Groups that are not in the answer: beyond the limit, or skipped.'),
};

export const aggregatesOutput = z.object({
  by,
  source,
  groups: z.array(z.object(group)),
  ...all,
});

export const topOutput = aggregatesOutput.extend({
  groups: z.array(
    z.object({
      ...group,
      before: z.int().optional().describe('The measure in the window before.'),
      change: z.number().optional().describe('As many times as before.'),
    }),
  ),
  before: z
    .object({ since: time, until: time, total: z.int() })
    .optional()
    .describe('The window compared with.'),
});

const points = z
  .array(z.int().nullable())
  .describe('A number for each step; null where nothing was collected.');

export const timeseriesOutput = z.object({
  by,
  measure: z.enum(['flows', 'denied', 'dropped', 'audited']),
  source,
  start: time.describe('Start of the first step; it may be before the window.'),
  step: z.int().describe('Seconds.'),
  points: z.int().describe('Steps.'),
  series: z.array(z.object({ values, sum: z.int(), points })),
  other: z
    .object({ series: z.int(), sum: z.int(), points })
    .optional()
    .describe('The sum of all series that are not in the answer.'),
  total: z.object({ sum: z.int(), points }),
  gaps: z
    .array(z.object({ since: time, until: time }))
    .describe('Intervals in which nothing was collected.'),
});

const side = z.object({
  clusters: z.array(z.string()).describe('Clusters whose nodes saw it.'),
  flows: z.int(),
  verdicts: counts,
  drops: counts.describe('Dropped flows by reason.'),
});

export const mapOutput = z.object({
  level: z.enum(LEVELS),
  counted: source,
  nodes: z.array(
    z.object({
      id: z.string(),
      cluster: z.string().describe('Empty where no flow says.'),
      namespace: z.string().optional(),
      name: z
        .string()
        .optional()
        .describe('Workload, else DNS name, network, reserved identity or pod.'),
      out: z.int().describe('Flows of what it called.'),
      in: z.int().describe('Flows of what it was called.'),
      denied: z.int(),
    }),
  ),
  edges: z.array(
    z.object({
      client: z.string().describe('Id of the node that called.'),
      server: z.string().describe('Id of the node that was called.'),
      crossCluster: z.boolean(),
      flows: z.int(),
      denied: z.int(),
      dropped: z.int(),
      verdicts: counts,
      clusters: z.array(z.string()).describe('Observing clusters.'),
      protocols: z.array(z.string()),
      ports: z
        .array(z.object({ port: z.int(), protocol: z.string(), flows: z.int() }))
        .describe('The busiest of the ports that were called.'),
      portCount: z.int().describe('Ports called in all.'),
      source: side.optional().describe('What the nodes of the client saw.'),
      destination: side.optional().describe('What the nodes of the server saw.'),
    }),
  ),
  flows: z.int(),
  cut: z
    .object({ edges: z.int(), flows: z.int() })
    .describe('Edges left out of the answer, and their flows.'),
});

export const policiesOutput = z.object({
  policies: z.array(
    z.object({
      cluster: z.string().describe('Observing cluster.'),
      kind: z.string(),
      namespace: z.string(),
      name: z.string(),
      direction: z.enum(['ingress', 'egress']),
      allowed: z.int().describe('Flows it allowed, and that passed.'),
      allowedYetDropped: z.int().describe('Flows it allowed, and that something else dropped.'),
      denied: z.int().describe('Flows it denied.'),
      audited: z.int().describe('Flows it would have denied, in audit mode.'),
      firstSeen: time,
      lastSeen: time,
      traffic: z
        .array(
          z.object({
            client: z.string(),
            server: z.string(),
            port: z.int(),
            outcome: z.enum(['allowed', 'allowed-yet-dropped', 'denied', 'audited']),
            flows: z.int(),
          }),
        )
        .describe('The busiest of what it was about.'),
    }),
  ),
  count: z.int().describe('All policies, by cluster and direction.'),
  unnamed: z
    .array(z.object({ cluster: z.string(), denied: z.int() }))
    .describe('Denied flows that name no policy: default deny, or an agent that names none.'),
  cut: z.int().describe('Groups of flows beyond the limit, which were not read.'),
});

const comparedWindow = z.object({
  since: time,
  until: time,
  total: z.int(),
  rate: z.number().describe('A second.'),
  complete: z.boolean().describe('Whether every flow of it is there.'),
  collected: z.boolean().describe('Whether anything was collected in it.'),
  says: z.array(z.string()).describe('Its coverage in words.'),
});
const differences = z.object({
  count: z.int().describe('Groups of this kind in all.'),
  groups: z.array(
    z.object({
      values,
      now: z.int(),
      before: z.int(),
      change: z.number().optional().describe('As many times as before, a second.'),
    }),
  ),
});

export const compareOutput = z.object({
  by,
  measure: z.enum(['flows', 'denied', 'dropped', 'audited']),
  source,
  now: comparedWindow,
  before: comparedWindow,
  new: differences,
  gone: differences,
  changed: differences,
  same: z
    .int()
    .describe('Groups that are about the same in both windows, or too small to compare.'),
  notices: z.array(z.string()),
});
