import { MINUTE_MS } from '../../runtime/time.ts';
import { allRows, bigint, flag, number, text } from '../../store/rows.ts';
import { EMPTY, param, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';

/** Collectors report every 15 seconds; of a node that none reported for this long only the flows are known. */
export const REPORTED_MS = 120_000;

export interface StoredNode {
  readonly cluster: string;
  /** As flows name it. */
  readonly node: string;
  /** observer.NodeState: 1 connected, 2 unavailable, 3 gone, 4 error; 0 unknown. */
  readonly state: number;
  /** Flows in its ring, that its ring can hold, and that it has seen since it started. */
  readonly numFlows: bigint;
  readonly maxFlows: bigint;
  readonly seenFlows: bigint;
  readonly uptimeNs: bigint;
  readonly version: string;
  readonly address: string;
  readonly tls: boolean;
  /** Flows of it that were received since `sinceMs`. */
  readonly received: bigint;
  /** When a flow of it arrived last, milliseconds since 1970; undefined when none did since `sinceMs`. */
  readonly lastDataMs: number | undefined;
  /** When its collector reported last. */
  readonly reportedMs: number;
}

/** Nodes that were reported since `sinceMs`, in order of cluster and name. */
export async function nodesOf(
  store: Reader,
  query: { readonly sinceMs: number; readonly clusters?: readonly string[] | undefined },
  signal?: AbortSignal,
): Promise<StoredNode[]> {
  const only =
    query.clusters === undefined
      ? EMPTY
      : sql`AND cluster IN ${param(query.clusters, 'Array(String)')}`;
  const since = BigInt(Math.max(0, Math.floor(query.sinceMs / MINUTE_MS) * 60));
  const statement = sql`SELECT cluster, node, argMax(state, received_at), argMax(held, received_at),
    argMax(capacity, received_at), argMax(seen, received_at), argMax(uptime_ns, received_at),
    argMax(version, received_at), argMax(address, received_at), argMax(tls, received_at),
    sum(received), max(heard_ms), toUnixTimestamp64Milli(max(received_at))
  FROM ${table('coverage')}
  WHERE minute >= fromUnixTimestamp(${param(since, 'Int64')}) AND node != '' AND foreign = 0 ${only}
  GROUP BY cluster, node ORDER BY cluster, node`;
  const nodes = await allRows(store, statement, NODE, { signal });
  return nodes.map(({ lastDataMs, ...node }) => ({
    ...node,
    lastDataMs: lastDataMs > 0 ? lastDataMs : undefined,
  }));
}

const NODE = {
  cluster: text,
  node: text,
  state: number,
  numFlows: bigint,
  maxFlows: bigint,
  seenFlows: bigint,
  uptimeNs: bigint,
  version: text,
  address: text,
  tls: flag,
  received: bigint,
  lastDataMs: number,
  reportedMs: number,
};

/** Nodes of a cluster that Cilium calls `default` have bare names: the same ones in every such cluster. */
export function relayName({ cluster, node }: Pick<StoredNode, 'cluster' | 'node'>): string {
  return node.includes('/') ? node : `${cluster}/${node}`;
}
