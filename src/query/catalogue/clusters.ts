import { groupBy } from '../../runtime/group-by.ts';
import { allRows, number, type Row, text } from '../../store/rows.ts';
import { sql, table } from '../../store/sql.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';
import { type Finding, findConflicts } from './cluster-findings.ts';

/** A fact about a cluster, its source, and when it held. */
export interface ClusterFact {
  readonly value: string;
  readonly origin: 'config' | 'flow' | 'kubernetes';
  /** ISO times; what no longer holds ended at `lastSeen`. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** False for what the configuration or Kubernetes no longer says. */
  readonly current: boolean;
}

export interface ClusterView {
  /** Our name of the cluster. */
  readonly key: string;
  readonly configured: boolean;
  readonly mesh: string;
  /** What Cilium calls it, newest first. */
  readonly names: readonly ClusterFact[];
  /** Cluster parts of the names of nodes it observed. */
  readonly nodePrefixes: readonly ClusterFact[];
  readonly ids: readonly ClusterFact[];
  readonly maxConnectedClusters: readonly ClusterFact[];
  readonly podCidrs: readonly ClusterFact[];
  readonly nodeCidrs: readonly ClusterFact[];
  readonly relays: readonly ClusterFact[];
}

export interface ClustersAnswer {
  readonly clusters: readonly ClusterView[];
  readonly findings: readonly Finding[];
}

const MAX_FACTS = 100_000;

// Namespaces are many, and `list namespaces` has them.
const FACTS = sql`SELECT cluster, kind, value, origin,
    toUnixTimestamp64Milli(min(first_seen)), toUnixTimestamp64Milli(max(last_seen)) AS last
  FROM ${table('cluster_facts')} WHERE kind != 'namespace' GROUP BY cluster, kind, value, origin
  ORDER BY cluster, kind, last DESC, value, origin LIMIT ${MAX_FACTS}`;

const FIELDS = {
  name: 'names',
  node_prefix: 'nodePrefixes',
  id: 'ids',
  max_connected_clusters: 'maxConnectedClusters',
  pod_cidr: 'podCidrs',
  node_cidr: 'nodeCidrs',
  relay: 'relays',
} as const;

const FACT = {
  cluster: text,
  kind: text,
  value: text,
  // Only the catalogue writes here.
  origin: (value: unknown) => text(value) as ClusterFact['origin'],
  firstMs: number,
  lastMs: number,
};
type Fact = Row<typeof FACT>;

export async function queryClusters(
  store: Reader,
  options: QueryOptions = {},
): Promise<ClustersAnswer> {
  const clusters = viewsOf(await allRows(store, FACTS, FACT, options));
  return { clusters, findings: findConflicts(clusters) };
}

function viewsOf(facts: readonly Fact[]): readonly ClusterView[] {
  const byCluster = groupBy(facts, ({ cluster }) => cluster);
  return [...byCluster].map(([key, own]) => viewOf(key, own));
}

function viewOf(key: string, facts: readonly Fact[]): ClusterView {
  // All of the configuration, and all of a Kubernetes API, is written down at one time.
  const newest = (origin: string) =>
    Math.max(...facts.filter((fact) => fact.origin === origin).map(({ lastMs }) => lastMs));
  const latest = { config: newest('config'), kubernetes: newest('kubernetes'), flow: 0 };
  const factsOf = (kind: string): readonly ClusterFact[] =>
    facts
      .filter((fact) => fact.kind === kind)
      .map(({ value, origin, firstMs, lastMs }) => ({
        value,
        origin,
        firstSeen: new Date(firstMs).toISOString(),
        lastSeen: new Date(lastMs).toISOString(),
        current: lastMs >= latest[origin],
      }));
  // fromEntries forgets its keys, which are all of FIELDS.
  const lists = Object.fromEntries(
    Object.entries(FIELDS).map(([kind, field]) => [field, factsOf(kind)]),
  ) as Record<(typeof FIELDS)[keyof typeof FIELDS], readonly ClusterFact[]>;
  return {
    key,
    configured: facts.some(({ origin }) => origin === 'config'),
    mesh: factsOf('mesh').find(({ current }) => current)?.value ?? '',
    ...lists,
  };
}
