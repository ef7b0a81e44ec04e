// Hubble's messages about the server in their JSON, and findings of the doctor.
import { z } from 'zod';

/** 64-bit numbers are strings in proto3's JSON. */
const long = z.union([z.string(), z.number()]);

export const statusAnswer = z.looseObject({
  num_flows: long.optional().describe('Flows stored'),
  max_flows: long.optional(),
  seen_flows: long.optional(),
  uptime_ns: long.optional(),
  num_connected_nodes: z.unknown().optional(),
  num_unavailable_nodes: z.unknown().optional(),
  unavailable_nodes: z.array(z.string()).optional(),
  version: z.string().optional(),
  flows_rate: z.number().optional().describe('Flows per second in the last minute'),
});

export const nodesAnswer = z.looseObject({
  nodes: z
    .array(
      z.looseObject({
        name: z.string().optional(),
        version: z.string().optional(),
        state: z.string().optional(),
        uptime_ns: long.optional(),
        num_flows: long.optional(),
      }),
    )
    .optional(),
});

export const namespacesAnswer = z.looseObject({
  namespaces: z
    .array(z.looseObject({ cluster: z.string().optional(), namespace: z.string().optional() }))
    .optional(),
});

export const doctorAnswer = z.object({
  findings: z.array(
    z.object({
      check: z.string(),
      severity: z.enum(['ok', 'warning', 'problem']),
      cluster: z.string().optional(),
      what: z.string(),
      evidence: z.string(),
      cure: z.string(),
    }),
  ),
});
