// The nodes of all clusters as the collectors heard of them last, from the store.
import { MINUTE_MS } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';

/** Collectors report every quarter of a minute; a node nobody reported for this long is told by its flows alone. */
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
  readonly heardMs: number | undefined;
  /** When its collector reported last. */
  readonly reportedMs: number;
}

/** Nodes that were reported since `sinceMs`, in order of cluster and name. */
export async function nodesOf(
  store: Reader,
  query: { readonly sinceMs: number; readonly clusters?: readonly string[] | undefined },
  signal?: AbortSignal,
): Promise<StoredNode[]> {
  const only = query.clusters === undefined ? '' : 'AND cluster IN {clusters:Array(String)}';
  const sql = `SELECT cluster, node, argMax(state, received_at), argMax(held, received_at),
    argMax(capacity, received_at), argMax(seen, received_at), argMax(uptime_ns, received_at),
    argMax(version, received_at), argMax(address, received_at), argMax(tls, received_at),
    sum(received), max(heard_ms), toUnixTimestamp64Milli(max(received_at))
  FROM coverage WHERE minute >= fromUnixTimestamp({since:Int64}) AND node != '' AND foreign = 0 ${only}
  GROUP BY cluster, node ORDER BY cluster, node`;
  const params = {
    since: BigInt(Math.max(0, Math.floor(query.sinceMs / MINUTE_MS) * 60)),
    ...(query.clusters !== undefined && { clusters: query.clusters }),
  };
  const nodes: StoredNode[] = [];
  for await (const row of store.query(sql, params, signal && { signal })) {
    const big = (index: number) => BigInt(String(row[index]));
    nodes.push({
      cluster: String(row[0]),
      node: String(row[1]),
      state: Number(row[2]),
      numFlows: big(3),
      maxFlows: big(4),
      seenFlows: big(5),
      uptimeNs: big(6),
      version: String(row[7]),
      address: String(row[8]),
      tls: Number(row[9]) === 1,
      received: big(10),
      heardMs: Number(row[11]) > 0 ? Number(row[11]) : undefined,
      reportedMs: Number(row[12]),
    });
  }
  return nodes;
}

/** Nodes of a cluster that Cilium calls `default` have bare names: the same ones in every such cluster. */
export function relayName({ cluster, node }: Pick<StoredNode, 'cluster' | 'node'>): string {
  return node.includes('/') ? node : `${cluster}/${node}`;
}
