// Identities (src/query/catalogue/identities.ts).
import { z } from 'zod';

const period = z.object({
  cluster: z.string(),
  identity: z.number(),
  labels: z.array(z.string()),
  origins: z.array(z.enum(['flow', 'kubernetes'])).describe('Sources'),
  firstSeen: z.string().describe('RFC 3339'),
  lastSeen: z.string().describe('RFC 3339'),
  seenBefore: z
    .boolean()
    .optional()
    .describe('Only with `at`: false when the identity was first seen after that time'),
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
  clusterId: z.int().optional().describe('Id of the cluster that allocated it'),
  clusters: z.array(z.string()).describe('Keys of the clusters with this id and numbering'),
});

export const identitiesAnswer = z.object({
  identity: z.number().optional(),
  name: z.string().optional().describe('Name of a reserved identity'),
  nodeLocal: z.boolean().optional().describe('The number is local to each node'),
  numbers: z.array(number).optional().describe('What the number itself encodes'),
  periods: z.array(period),
});

export const resolveAnswer = z.object({
  labels: z
    .array(z.array(z.string()))
    .describe('Labels of each requested end, in order; empty when unknown'),
});
