// Clusters (src/query/catalogue/clusters.ts).
import { z } from 'zod';

const fact = z
  .object({
    value: z.string(),
    origin: z.enum(['config', 'flow', 'kubernetes']),
    firstSeen: z.string().describe('RFC 3339'),
    lastSeen: z.string().describe('RFC 3339'),
    current: z
      .boolean()
      .describe('False when the configuration or Kubernetes no longer has the value'),
  })
  .meta({ id: 'ClusterFact', description: 'A property of a cluster with its source and times.' });

const cluster = z.object({
  key: z.string().describe('Name of the cluster in Parallax'),
  configured: z.boolean(),
  mesh: z.string().describe('Empty when unknown'),
  names: z.array(fact).describe('Its names in Cilium, newest first'),
  nodePrefixes: z.array(fact).describe('Cluster prefixes of its node names'),
  ids: z.array(fact),
  maxConnectedClusters: z.array(fact).describe('Numbering of its identities: 255 or 511'),
  podCidrs: z.array(fact),
  nodeCidrs: z.array(fact),
  relays: z.array(fact),
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
  clusters: z.array(z.string()).describe('Keys of the clusters concerned'),
  what: z.string(),
  evidence: z.string(),
  cure: z.string(),
});

export const clustersAnswer = z.object({
  clusters: z.array(cluster),
  findings: z.array(finding).describe('Contradictions between clusters'),
});
