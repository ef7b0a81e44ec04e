// The clusters and namespaces that a principal may read. The engine applies the limit to every read of a table, before
// anything is joined or counted. A statement that reads a table without a limit here is refused to a principal with a
// scope.
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Reader, TableFilter } from '../../store/store.ts';

/** Undefined, here and of either list, is everything. An empty list is nothing. */
export interface Scope {
  /** Keys of clusters: what their nodes observed. */
  readonly clusters?: readonly string[] | undefined;
  /** Namespaces, of either end of a flow. */
  readonly namespaces?: readonly string[] | undefined;
}

const CLUSTER = 'cluster IN {scopeClusters:Array(String)}';
const EITHER_END =
  'source_namespace IN {scopeNamespaces:Array(String)} OR destination_namespace IN {scopeNamespaces:Array(String)}';
const NOTHING = '0';

interface Limited {
  readonly clusters: string;
  /** `1` where rows are of a whole cluster or its nodes, not of a namespace. */
  readonly namespaces: string;
}

/** By table, the conditions for rows that a scope lets through. */
const TABLES: Readonly<Record<string, Limited>> = {
  flows: { clusters: CLUSTER, namespaces: EITHER_END },
  denials: { clusters: CLUSTER, namespaces: EITHER_END },
  incidents: { clusters: CLUSTER, namespaces: EITHER_END },
  flow_totals: { clusters: CLUSTER, namespaces: EITHER_END },
  incident_events: { clusters: CLUSTER, namespaces: EITHER_END },
  // Of nodes, not of namespaces. Without them an answer could not report what it lacks.
  events: { clusters: CLUSTER, namespaces: '1' },
  coverage: { clusters: CLUSTER, namespaces: '1' },
  identities: {
    clusters: CLUSTER,
    namespaces:
      "hasAny(splitByChar('\\n', labels), arrayMap(n -> concat('k8s:io.kubernetes.pod.namespace=', n), {scopeNamespaces:Array(String)}))",
  },
  cluster_facts: {
    clusters: CLUSTER,
    namespaces: "kind != 'namespace' OR value IN {scopeNamespaces:Array(String)}",
  },
  // Receivers get events of every cluster.
  deliveries: { clusters: NOTHING, namespaces: NOTHING },
};

/** The store limited to the scope. Answers to principals read through it alone. */
export function scopedStore(store: Reader, scope: Scope | undefined): Reader {
  if (scope === undefined) return store;
  const own = filtersOf(scope);
  if (own.length === 0) return store;
  const known = new Set(Object.keys(TABLES));
  return {
    query(statement, params, options = {}) {
      // A statement that lists no table cannot be limited.
      const tables = typeof statement === 'string' ? [] : [...statement.tables];
      const closed = tables.length === 0 ? 'this' : tables.find((table) => !known.has(table));
      if (closed !== undefined)
        throw new ParallaxError(
          'auth/forbidden',
          `${closed} is open only to those who may read every cluster and namespace`,
        );
      return store.query(statement, params, {
        ...options,
        only: [...(options.only ?? []), ...own],
      });
    },
  };
}

function filtersOf({ clusters, namespaces }: Scope): readonly TableFilter[] {
  if (clusters === undefined && namespaces === undefined) return [];
  return Object.entries(TABLES).map(([table, limited]) => {
    const conditions = [
      ...(clusters === undefined ? [] : [limited.clusters]),
      ...(namespaces === undefined ? [] : [limited.namespaces]),
    ];
    return {
      table,
      where: conditions.map((each) => `(${each})`).join(' AND '),
      params: {
        ...(clusters && { scopeClusters: clusters }),
        ...(namespaces && { scopeNamespaces: namespaces }),
      },
    };
  });
}
/** Equal for scopes that read the same: answers can be shared between them. */
export function scopeKey(scope: Scope | undefined): string {
  const { clusters, namespaces } = scope ?? {};
  const sorted = (list: readonly string[] | undefined) => list && [...list].sort();
  return JSON.stringify([sorted(clusters) ?? null, sorted(namespaces) ?? null]);
}

/** The same limit for responses that are not stored yet; `cluster` is the observing one. */
export function inScope(
  scope: Scope | undefined,
): (cluster: string, response: GetFlowsResponse) => boolean {
  const { clusters, namespaces } = scope ?? {};
  return (cluster, { flow }) => {
    if (clusters !== undefined && !clusters.includes(cluster)) return false;
    if (namespaces === undefined || flow === undefined) return true;
    const ends = [flow.source?.namespace ?? '', flow.destination?.namespace ?? ''];
    return ends.some((namespace) => namespaces.includes(namespace));
  };
}
