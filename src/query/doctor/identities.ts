// Whether names, ids and identity numbers of clusters fit together: what flows say against what the configuration says,
// and against each other.
import type { Reader } from '../../store/store.ts';
import type { Finding } from './finding.ts';

export interface KnownCluster {
  readonly name: string;
  /** Cilium's cluster id; 0 and undefined: none. */
  readonly id?: number | undefined;
}

/** One sighting: an end of flows that says its cluster's name, and an identity number that carries an id. */
export interface Sighting {
  readonly observer: string;
  readonly name: string;
  readonly id: number;
  readonly flows: number;
}

// Origins 1 and 2: the flow or a label names the cluster, not the number itself.
const SIGHTINGS = `SELECT cluster, name, id, sum(n) FROM (
    SELECT cluster, source_cluster AS name, source_cluster_id AS id, count() AS n FROM flows
      WHERE received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND source_cluster_origin IN (1, 2)
      GROUP BY cluster, name, id
    UNION ALL
    SELECT cluster, destination_cluster AS name, destination_cluster_id AS id, count() AS n FROM flows
      WHERE received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND destination_cluster_origin IN (1, 2)
      GROUP BY cluster, name, id
  ) WHERE id > 0 AND name != '' GROUP BY cluster, name, id ORDER BY cluster, name, id LIMIT 10000`;

export async function* identityFindings(
  store: Reader,
  { from, clusters }: { readonly from: number; readonly clusters: readonly KnownCluster[] },
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const sightings: Sighting[] = [];
  for await (const [observer, name, id, flows] of store.query(SIGHTINGS, { from }, { signal }))
    sightings.push({
      observer: String(observer),
      name: String(name),
      id: Number(id),
      flows: Number(flows),
    });
  yield* judge(sightings, clusters);
}

/** What contradicts what. Sightings are compared within one observing cluster: other meshes may use the same ids. */
export function* judge(
  sightings: readonly Sighting[],
  clusters: readonly KnownCluster[],
): Generator<Finding> {
  const configured = new Map(clusters.map(({ name, id }) => [name, id ?? 0]));
  for (const [observer, seen] of byObserver(sightings)) {
    for (const { name, id, flows } of seen) {
      const known = configured.get(name) ?? 0;
      if (known !== 0 && known !== id)
        yield {
          check: 'cluster-id',
          severity: 'problem',
          cluster: observer,
          what: `identities of ${name} carry cluster id ${id}, the configuration says ${known}`,
          evidence: `${flows} flows seen in ${observer}`,
          cure: 'correct clusters[].id, or clusters[].maxConnectedClusters where the mesh numbers 511 clusters: it moves the id by one bit and must be the same in the whole mesh',
        };
    }
    yield* shared(observer, seen);
  }
}

function* shared(observer: string, seen: readonly Sighting[]): Generator<Finding> {
  for (const [id, names] of grouped(
    seen,
    ({ id }) => id,
    ({ name }) => name,
  ))
    if (names.length > 1)
      yield {
        check: 'cluster-id-shared',
        severity: 'problem',
        cluster: observer,
        what: `clusters ${names.join(' and ')} use the same cluster id ${id}`,
        evidence: `identity numbers of flows seen in ${observer}`,
        cure: 'give each cluster of a mesh its own cluster.id; identities of the two cannot be told apart until then',
      };
  for (const [name, ids] of grouped(
    seen,
    ({ name }) => name,
    ({ id }) => id,
  ))
    if (ids.length > 1)
      yield {
        check: 'cluster-name-shared',
        severity: 'problem',
        cluster: observer,
        what: `the name ${name} goes with several cluster ids: ${ids.join(', ')}`,
        evidence: `identity numbers of flows seen in ${observer}`,
        cure: 'two clusters of the mesh have one name, its id was changed while identities live on, or the mesh mixes 255 and 511 clusters (max-connected-clusters)',
      };
}

function byObserver(sightings: readonly Sighting[]): Map<string, Sighting[]> {
  const groups = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    const group = groups.get(sighting.observer) ?? [];
    group.push(sighting);
    groups.set(sighting.observer, group);
  }
  return groups;
}

function grouped<Key, Value>(
  seen: readonly Sighting[],
  keyOf: (sighting: Sighting) => Key,
  partOf: (sighting: Sighting) => Value,
): [Key, Value[]][] {
  const groups = new Map<Key, Set<Value>>();
  for (const sighting of seen) {
    const group = groups.get(keyOf(sighting)) ?? new Set();
    group.add(partOf(sighting));
    groups.set(keyOf(sighting), group);
  }
  return [...groups].map(([key, values]) => [key, [...values]]);
}
