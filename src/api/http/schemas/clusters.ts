// The clusters that are known, as the API tells them (src/query/catalogue/clusters.ts).
import { z } from 'zod';

const told = z
  .object({
    value: z.string(),
    origin: z.enum(['config', 'flow', 'kubernetes']),
    firstSeen: z.string().describe('RFC 3339'),
    lastSeen: z.string().describe('RFC 3339; what no longer holds ended then'),
    current: z
      .boolean()
      .describe('False for what the configuration or Kubernetes said once and says no more'),
  })
  .meta({ id: 'Told', description: 'Something said of a cluster, by whom and when.' });

const cluster = z.object({
  key: z.string().describe('The cluster’s name here'),
  configured: z.boolean(),
  mesh: z.string().describe('Empty when it is in none that is known'),
  names: z.array(told).describe('What Cilium calls it, newest first'),
  nodePrefixes: z.array(told).describe('Cluster parts of the names of nodes it observed'),
  ids: z.array(told),
  maxConnectedClusters: z.array(told).describe('The numbering of its identities: 255 or 511'),
  podCidrs: z.array(told),
  nodeCidrs: z.array(told),
  relays: z.array(told),
});

const finding = z.object({
  kind: z.enum([
    'same-name',
    'same-id',
    'overlapping-pod-cidrs',
    'differing-numbering',
    'several-node-prefixes',
    'differs-from-config',
    'renamed',
  ]),
  clusters: z.array(z.string()).describe('Keys of the clusters it is about'),
  what: z.string(),
  evidence: z.string(),
  cure: z.string(),
});

export const clustersAnswer = z.object({
  clusters: z.array(cluster),
  findings: z.array(finding).describe('What does not fit together among them'),
});
