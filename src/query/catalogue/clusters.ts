// The clusters that are known and what is known of each: from the configuration, from flows, from Kubernetes, and when.

import { groupBy } from '../../runtime/group-by.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';
import { type Finding, findConflicts } from './cluster-findings.ts';

/** Something said of a cluster, by whom and when. */
export interface Told {
  readonly value: string;
  readonly origin: 'config' | 'flow' | 'kubernetes';
  /** ISO times; what no longer holds ended at `lastSeen`. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** False for what the configuration or Kubernetes said once and says no more. */
  readonly current: boolean;
}

export interface ClusterView {
  /** Our name of the cluster. */
  readonly key: string;
  readonly configured: boolean;
  readonly mesh: string;
  /** What Cilium calls it, newest first. */
  readonly names: readonly Told[];
  /** Cluster parts of the names of nodes it observed. */
  readonly nodePrefixes: readonly Told[];
  readonly ids: readonly Told[];
  readonly maxConnectedClusters: readonly Told[];
  readonly podCidrs: readonly Told[];
  readonly nodeCidrs: readonly Told[];
  readonly relays: readonly Told[];
}

export interface ClustersAnswer {
  readonly clusters: readonly ClusterView[];
  readonly findings: readonly Finding[];
}

const MAX_FACTS = 100_000;

// Namespaces are many, and `list namespaces` has them.
const FACTS = `SELECT cluster, kind, value, origin,
    toUnixTimestamp64Milli(min(first_seen)), toUnixTimestamp64Milli(max(last_seen)) AS last
  FROM cluster_facts WHERE kind != 'namespace' GROUP BY cluster, kind, value, origin
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

interface Fact {
  readonly cluster: string;
  readonly kind: string;
  readonly value: string;
  readonly origin: Told['origin'];
  readonly firstMs: number;
  readonly lastMs: number;
}

export async function queryClusters(
  store: Reader,
  options: QueryOptions = {},
): Promise<ClustersAnswer> {
  const facts: Fact[] = [];
  for await (const [cluster, kind, value, origin, first, last] of store.query(FACTS, {}, options)) {
    facts.push({
      cluster: String(cluster),
      kind: String(kind),
      value: String(value),
      // Only the catalogue writes here.
      origin: String(origin) as Told['origin'],
      firstMs: Number(first),
      lastMs: Number(last),
    });
  }
  const clusters = viewsOf(facts);
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
  const told = (kind: string): readonly Told[] =>
    facts
      .filter((fact) => fact.kind === kind)
      .map(({ value, origin, firstMs, lastMs }) => ({
        value,
        origin,
        firstSeen: new Date(firstMs).toISOString(),
        lastSeen: new Date(lastMs).toISOString(),
        current: lastMs >= latest[origin],
      }));
  const lists = Object.entries(FIELDS).map(([kind, field]) => [field, told(kind)] as const);
  return {
    key,
    configured: facts.some(({ origin }) => origin === 'config'),
    mesh: told('mesh').find(({ current }) => current)?.value ?? '',
    // FIELDS has them all; fromEntries forgets which.
    ...(Object.fromEntries(lists) as Record<(typeof FIELDS)[keyof typeof FIELDS], readonly Told[]>),
  };
}
