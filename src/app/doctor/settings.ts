// Contradictions between clusters in the configuration.
import type { ClusterConfig } from '../../ingest/config.ts';
import type { Finding } from '../../query/doctor/finding.ts';

export function* settingsFindings(clusters: readonly ClusterConfig[]): Generator<Finding> {
  if (clusters.length === 0)
    yield {
      check: 'clusters',
      severity: 'warning',
      what: 'no clusters are configured',
      evidence: 'clusters is empty',
      cure: 'name the configuration the collectors run with: --config FILE',
    };
  for (const [relay, names] of shared(clusters, ({ relay }) => relay))
    yield {
      check: 'relay-shared',
      severity: 'warning',
      what: `clusters ${names.join(' and ')} have the same relay`,
      evidence: relay,
      cure: 'give each cluster its own relay, or its own node names (clusters[].nodes) where one relay serves the mesh',
    };
  for (const [id, names] of shared(clusters, ({ id }) => (id ? String(id) : undefined)))
    yield {
      check: 'cluster-id-shared',
      severity: 'warning',
      what: `clusters ${names.join(' and ')} have the same id ${id}`,
      evidence: `clusters[].id is ${id} for both`,
      cure: 'right only when they are in different meshes; within one mesh each needs its own cluster.id',
    };
  const sizes = new Set(clusters.filter(({ id }) => id).map((each) => each.maxConnectedClusters));
  if (sizes.size > 1)
    yield {
      check: 'identity-numbering',
      severity: 'warning',
      what: 'clusters differ in how identity numbers carry cluster ids',
      evidence: clusters
        .map(({ name, maxConnectedClusters }) => `${name}: ${maxConnectedClusters}`)
        .join(', '),
      cure: 'right only for different meshes: max-connected-clusters must be the same in the whole mesh, and cannot be changed on a live cluster',
    };
}

function shared(
  clusters: readonly ClusterConfig[],
  keyOf: (cluster: ClusterConfig) => string | undefined,
): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const cluster of clusters) {
    const key = keyOf(cluster);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), cluster.name]);
  }
  return [...groups].filter(([, names]) => names.length > 1);
}
