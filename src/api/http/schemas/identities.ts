// Identities, as the API tells them (src/query/catalogue/identities.ts).
import { z } from 'zod';

const period = z.object({
  cluster: z.string(),
  identity: z.number(),
  labels: z.array(z.string()),
  origins: z.array(z.enum(['flow', 'kubernetes'])).describe('Who said so'),
  firstSeen: z.string().describe('RFC 3339'),
  lastSeen: z.string().describe('RFC 3339'),
  seenBefore: z
    .boolean()
    .optional()
    .describe('Only with a time: false when it was first seen later, which is then all there is'),
});

const number = z.object({
  maxConnectedClusters: z.union([z.literal(255), z.literal(511)]),
  kind: z.enum([
    'unknown',
    'reserved',
    'cluster-local',
    'mesh',
    'cidr',
    'remote-node',
    'unassigned',
  ]),
  clusterId: z.int().optional().describe('Of the cluster that handed it out'),
  clusters: z.array(z.string()).describe('Keys of clusters with that id and numbering'),
});

export const identitiesAnswer = z.object({
  identity: z.number().optional(),
  name: z.string().optional().describe('Of reserved identities'),
  nodeLocal: z.boolean().optional().describe('Each node has its own meaning of the number'),
  numbers: z.array(number).optional().describe('What the number says by itself'),
  periods: z.array(period),
});

export const resolveAnswer = z.object({
  labels: z.array(z.array(z.string())).describe('Of each end in its place; none where unknown'),
});
