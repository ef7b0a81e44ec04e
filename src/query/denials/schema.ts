// The documents of denials and incidents, for OpenAPI and for their types.
import { z } from 'zod';
import { MISSING_REASONS } from '../connections/missing.ts';
import { policySchema } from './policy-schema.ts';

const moment = z
  .string()
  .describe('RFC 3339, UTC.')
  .meta({ examples: ['2026-03-14T10:00:00Z'] });
const id = z
  .string()
  .regex(/^[0-9a-f]{16}$/)
  .describe('16 hex digits: a hash of what is denied, so the same whenever it happens.')
  .meta({ examples: ['d142c5b67ac7c806'] });
const count = z.int().min(0);

const end = z.object({
  cluster: z.string().describe('Key of its cluster; empty when no flow says.'),
  namespace: z.string(),
  workload: z
    .string()
    .describe('`namespace/Kind/name`; empty without one.')
    .meta({ examples: ['farfaraway/Deployment/xwing'] }),
  peer: z
    .string()
    .describe(
      'What it is called where it has no workload: DNS name, `cidr:` or `reserved:` label, pod.',
    ),
  text: z
    .string()
    .describe('As people write it.')
    .meta({ examples: ['farfaraway/xwing'] }),
});

const how = z
  .enum([
    'denied-by-policy',
    'denied-by-unnamed-policy',
    'default-deny',
    'authentication-required',
    'denied-by-proxy',
    'denied-by-source-range',
    'encryption-required',
    'audit',
    'denied',
  ])
  .describe(
    'How it was denied: by policies that are named, by a deny rule that is not, because no rule allows it, for want of authentication, by a proxy (layer 7), by loadBalancerSourceRanges, for want of encryption, or only in audit mode.',
  );

/** What incidents and single denials say alike. */
const decided = {
  cluster: z.string().describe('Key of the cluster that denied it.'),
  direction: z
    .string()
    .describe('INGRESS: denied at the destination; EGRESS: at the source.')
    .meta({ examples: ['INGRESS'] }),
  reason: z
    .string()
    .describe('Drop reason in Hubble’s word; empty where a proxy refused it.')
    .meta({ examples: ['POLICY_DENIED'] }),
  code: count.describe('Its number.').meta({ examples: [133] }),
  how,
  policies: z.array(policySchema).describe('Policies that deny it, where flows name them.'),
  protocol: z.string().meta({ examples: ['TCP'] }),
};

export const peerViewSchema = z.object({
  side: z.enum(['source', 'destination']),
  cluster: z.string(),
  flows: count.describe('Flows of the same workloads and port that it saw, to the five minutes.'),
  verdicts: z.record(z.string(), count),
  missing: z.enum(MISSING_REASONS).optional().describe('Why nothing was seen.'),
  text: z.string(),
});

export const examplesSchema = z.object({
  sourcePods: z.array(z.string()),
  destinationPods: z.array(z.string()),
  sourceAddresses: z.array(z.string()),
  destinationAddresses: z.array(z.string()),
  nodes: z.array(z.string()).describe('That denied it.'),
  uuids: z.array(z.string()).describe('Of the latest flows.'),
});

export const incidentSchema = z.object({
  id,
  text: z.string().describe('The whole of it in a line.'),
  verdict: z.enum(['DROPPED', 'AUDIT']),
  ...decided,
  source: end,
  destination: end,
  port: count.describe('Port it went to; 0 without one.').meta({ examples: [80] }),
  firstSeen: moment.describe('Of all that is kept.'),
  lastSeen: moment,
  count: count.describe('Denials in the window; a drop and its policy verdict are one.'),
  rate: z.number().min(0).describe('The same a minute.'),
  state: z
    .enum(['open', 'resolved', 'stale'])
    .describe(
      '`resolved`: not seen for long enough while the cluster was collected; `stale`: not seen, but nobody looked.',
    ),
  new: z.boolean().describe('First seen within the window, or since `new-since`.'),
  known: z.boolean().describe('It was seen before.'),
  otherSide: peerViewSchema
    .optional()
    .describe('With `details`: what the other end’s cluster saw.'),
});

const denialEnd = end.extend({
  pod: z.string(),
  identity: count,
  labels: z.array(z.string()).describe('Identity labels.'),
  ip: z.string(),
  port: count,
});

export const denialSchema = z.object({
  uuid: z.guid().describe('Of the first of its flows.'),
  incident: id,
  time: moment.describe('First of its flows.'),
  last: moment.describe('Last of its flows.'),
  node: z.string().describe('Node that denied it.'),
  verdict: z.string().meta({ examples: ['DROPPED'] }),
  ...decided,
  match: z.string().describe('What its policy verdict matched on; empty where there was none.'),
  icmpType: count.optional(),
  source: denialEnd,
  destination: denialEnd.extend({
    names: z.array(z.string()).describe('DNS names.'),
    service: z.string().describe('`namespace/name`.'),
  }),
  http: z
    .object({ method: z.string(), url: z.string() })
    .optional()
    .describe('The request that a proxy refused.'),
  dns: z.object({ query: z.string() }).optional(),
  drops: count.describe('Drop events.'),
  verdicts: count.describe('Policy verdicts, and refusals of a proxy.'),
  count: count.describe('How often: a drop and its policy verdict are one.'),
});

const next = z.string().optional().describe('`cursor` of the next page; absent at the end.');
const notices = z.array(z.string()).describe('What the answer cannot show, in sentences.');

export const denialsSchema = z.object({ denials: z.array(denialSchema), next, notices });
export const incidentsSchema = z.object({ incidents: z.array(incidentSchema), next, notices });

export const incidentDetailSchema = z.object({
  incident: incidentSchema,
  window: z.object({ since: moment, until: moment }).describe('What was counted.'),
  episodes: z
    .array(z.object({ firstSeen: moment, lastSeen: moment, count }))
    .describe('Of all that is kept, the latest first; an hour of silence parts two.'),
  timeline: z
    .array(z.object({ at: moment, count }))
    .describe('Denials a step; steps without any are left out.'),
  stepMs: count.describe('Five minutes, or an hour for windows of more than a day.'),
  examples: examplesSchema,
  denials: z.array(denialSchema).describe('The latest.'),
  otherSide: peerViewSchema,
  explanation: z.object({
    sentences: z.array(z.string()),
    unknown: z.array(z.string()).describe('What the flows leave open.'),
  }),
  coverages: z
    .array(z.object({ cluster: z.string(), complete: z.boolean(), text: z.array(z.string()) }))
    .describe(
      'How well the clusters that took part were collected since it was denied first in the window.',
    ),
});

export const suggestionSchema = z.object({
  incident: id,
  policy: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('The policy; null when no policy opens it.'),
  opens: z.boolean().describe('Whether applying the policy is enough.'),
  notes: z.array(z.string()).describe('Notes for applying the policy.'),
  yaml: z.string().describe('The policy with the evidence as comments.'),
});
