// Conflicts of names, ids and identity numbers of clusters: between flows and the configuration, and between flows.
import { groupBy } from '../../runtime/group-by.ts';
import { allRows, number, type Row, text } from '../../store/rows.ts';
import { param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { Finding } from './finding.ts';

export interface KnownCluster {
  readonly name: string;
  /** Cilium's cluster id; 0 and undefined: none. */
  readonly id?: number | undefined;
}

/** An end of flows with its cluster's name and the cluster id in its identity number. */
const OBSERVATION = { observer: text, name: text, id: number, flows: number };
export type IdentityObservation = Row<typeof OBSERVATION>;

// Origins 1 and 2: the flow or a label names the cluster, not the number itself.
function observationsSince(from: number): Sql {
  const since = sql`received_at >= fromUnixTimestamp64Milli(${param(from, 'Int64')}, 'UTC')`;
  return sql`SELECT cluster, name, id, sum(n) FROM (
    SELECT cluster, source_cluster AS name, source_cluster_id AS id, count() AS n FROM ${table('flows')}
      WHERE ${since} AND source_cluster_origin IN (1, 2)
      GROUP BY cluster, name, id
    UNION ALL
    SELECT cluster, destination_cluster AS name, destination_cluster_id AS id, count() AS n FROM ${table('flows')}
      WHERE ${since} AND destination_cluster_origin IN (1, 2)
      GROUP BY cluster, name, id
  ) WHERE id > 0 AND name != '' GROUP BY cluster, name, id ORDER BY cluster, name, id LIMIT 10000`;
}

export async function* identityFindings(
  store: Reader,
  { from, clusters }: { readonly from: number; readonly clusters: readonly KnownCluster[] },
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  yield* conflicts(
    await allRows(store, observationsSince(from), OBSERVATION, { signal }),
    clusters,
  );
}

/** Compared within one observing cluster: other meshes may use the same ids. */
export function* conflicts(
  observations: readonly IdentityObservation[],
  clusters: readonly KnownCluster[],
): Generator<Finding> {
  const configured = new Map(clusters.map(({ name, id }) => [name, id ?? 0]));
  for (const [observer, seen] of groupBy(observations, ({ observer }) => observer)) {
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

function* shared(observer: string, seen: readonly IdentityObservation[]): Generator<Finding> {
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
        cure: 'give each cluster of a mesh its own cluster.id; until then identities of the two are ambiguous',
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

function grouped<Key, Value>(
  seen: readonly IdentityObservation[],
  keyOf: (observation: IdentityObservation) => Key,
  partOf: (observation: IdentityObservation) => Value,
): [Key, Value[]][] {
  return [...groupBy(seen, keyOf)].map(([key, own]) => [key, [...new Set(own.map(partOf))]]);
}
