// A policy as the API names it, wherever flows do.
import { z } from 'zod';

export const policySchema = z
  .object({
    kind: z.string().meta({ examples: ['CiliumNetworkPolicy'] }),
    namespace: z.string().describe('Empty for clusterwide policies.'),
    name: z.string(),
  })
  .meta({ id: 'Policy' });
