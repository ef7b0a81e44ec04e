// Connections, services and explanations (src/query/connections, services, explain).
import { z } from 'zod';
import { MISSING_REASONS } from '../../../query/connections/missing.ts';
import { policySchema } from '../../../query/denials/policy-schema.ts';

const time = z.string().describe('RFC 3339');
const counts = z.record(z.string(), z.number());

const end = z
  .object({
    ip: z.string(),
    port: z.int(),
    identity: z.number(),
    cluster: z.string().describe('Empty when unknown'),
    clusterId: z.int().describe('Part of the identity number; 0 when it has none'),
    namespace: z.string(),
    pod: z.string(),
    workloads: z.array(z.string()).describe('Kind/name'),
    labels: z.array(z.string()),
    names: z.array(z.string()).describe('DNS names'),
    service: z.string(),
  })
  .meta({ id: 'ConnectionEnd' });

const l7 = z
  .object({
    protocol: z.string(),
    requests: z.number(),
    responses: z.number(),
    methods: counts,
    codes: counts,
    queries: z.array(z.string()),
    rcodes: counts,
    latency: z
      .object({ min: z.number(), mean: z.number(), max: z.number() })
      .optional()
      .describe('Milliseconds'),
  })
  .meta({ id: 'L7Summary' });

const view = z
  .object({
    cluster: z.string().describe('Key of the observing cluster'),
    nodes: z.array(z.string()),
    first: time,
    last: time,
    flows: z.number(),
    verdict: z.string().describe('The most severe of its verdicts'),
    verdicts: counts,
    events: z.object({
      trace: z.number(),
      policyVerdict: z.number(),
      drop: z.number(),
      l7Request: z.number(),
      l7Response: z.number(),
      other: z.number(),
    }),
    replies: z.number(),
    drops: z.array(z.object({ reason: z.string(), code: z.number(), count: z.number() })),
    matches: z.array(z.string()).describe('What the policy verdicts matched on'),
    allowedBy: z.array(policySchema),
    deniedBy: z.array(policySchema),
    l7: l7.optional(),
  })
  .meta({ id: 'ConnectionView', description: 'What the nodes of one side saw of a connection.' });

const missing = z.object({
  reason: z.enum(MISSING_REASONS),
  text: z.string().describe('A sentence'),
});

const connection = z
  .object({
    uuid: z.string().describe('UUID of its most informative flow, the denial if there is one'),
    protocol: z.string(),
    client: end,
    server: end,
    first: time,
    last: time,
    outcome: z.enum(['forwarded', 'denied', 'dropped', 'partly', 'audited', 'error', 'unknown']),
    deniedAt: z.enum(['source', 'destination']).optional(),
    opened: z.boolean().describe('Its first SYN was seen; true for protocols without SYN'),
    closed: z.boolean(),
    flows: z.number(),
    source: view.optional(),
    destination: view.optional(),
    missing: z
      .object({ source: missing.optional(), destination: missing.optional() })
      .describe('Why a side is missing'),
    l7: l7.optional(),
    translatedTo: z.array(z.string()),
    hubble: z.array(z.string()).describe('Versions of Hubble that reported it'),
  })
  .meta({ id: 'Connection' });

const notices = z.array(z.string()).describe('Limits of the document, in words');

export const connectionsAnswer = z.object({ connections: z.array(connection), notices });

const serviceCounts = {
  connections: z.number(),
  answered: z.number(),
  denied: z.number(),
  dropped: z.number(),
  audited: z.number(),
  requests: z.number(),
  responses: z.number(),
  serverErrors: z.number(),
  clientErrors: z.number(),
  latencyMs: z.number().optional(),
};

const service = z
  .object({
    service: z.string().describe('namespace/name'),
    namedBy: z.enum(['service', 'http', 'dns', 'workload', 'label', 'pod']),
    ports: z.array(z.string()),
    global: z.boolean().describe('It was called across clusters'),
    ...serviceCounts,
    backends: z.array(
      z.object({
        cluster: z.string(),
        pods: z.array(z.string()),
        ...serviceCounts,
        share: z.number(),
      }),
    ),
    routes: z.array(
      z.object({ from: z.string(), to: z.string(), ...serviceCounts, share: z.number() }),
    ),
    affinity: z
      .record(z.string(), z.enum(['local', 'remote', 'none', 'unknown']))
      .describe('For global services: observed affinity by cluster of the clients'),
  })
  .meta({ id: 'Service' });

export const servicesAnswer = z.object({ services: z.array(service), notices });

const decision = z.object({
  side: z.enum(['source', 'destination']),
  direction: z.enum(['INGRESS', 'EGRESS']),
  cluster: z.string(),
  nodes: z.array(z.string()),
  how: z.enum([
    'denied-by-policy',
    'denied-by-unnamed-policy',
    'default-deny',
    'authentication-required',
    'denied-by-proxy',
    'outside-source-ranges',
    'unencrypted',
    'not-policy',
    'audit',
    'allowed-by-policy',
    'allowed',
  ]),
  reason: z.string().optional(),
  code: z.number().optional(),
  times: z.number().optional(),
  policies: z.array(policySchema),
  matches: z.array(z.string()),
});

export const explainAnswer = z.object({
  connection,
  decision: decision.optional(),
  sentences: z.array(z.string()).describe('The explanation in sentences'),
  unknown: z.array(z.string()).describe('What the flows do not show'),
  among: z
    .object({ connections: z.number(), denied: z.number(), more: z.boolean() })
    .optional()
    .describe('Number of connections between the two endpoints, of which this one is explained'),
});
