// Responses told to a store, each by the cluster that observed it.
import type { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import type { StoredCorpus } from './stored.ts';

export async function tellStore(
  stored: StoredCorpus,
  responses: readonly GetFlowsResponse[],
): Promise<void> {
  const byCluster = new Map<string, GetFlowsResponse[]>();
  for (const response of responses) {
    const [cluster = ''] = response.flow?.node_name?.split('/') ?? [];
    byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), response]);
  }
  for (const [cluster, own] of byCluster) await stored.insert(own, { cluster });
}
