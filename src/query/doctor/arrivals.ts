// What recently stored rows tell of their clusters and nodes: nothing new, clocks that are off, flows stored twice,
// pods that show as world.
import { HOUR_MS, MINUTE_MS } from '../../runtime/time.ts';
import type { QueryParams, Reader } from '../../store/store.ts';
import type { Finding } from './finding.ts';

export interface Recent {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** How far back rows are looked at, milliseconds. */
  readonly window: number;
  /** Clusters that should send flows. */
  readonly clusters: readonly string[];
}

/** A node's clock ahead of the collector's by more than this, or behind for all its flows, is a finding. */
const AHEAD_MS = 1000;
const BEHIND_MS = 10_000;
/** Every sixteenth uuid stands for all: enough to see a relay whose flows are all there twice. */
const SAMPLE = 16;
const MOST = 20;

const RECENT = `received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
  AND time_slot BETWEEN {slot_from:Int32} AND {slot_to:Int32}`;
const SLOT_MS = 300_000;

const NEWEST = `SELECT cluster, toUnixTimestamp64Milli(max(received_at)), count()
  FROM flows WHERE ${RECENT} GROUP BY cluster`;

const CLOCKS = `SELECT cluster, node_name, count(),
    min(toUnixTimestamp64Milli(received_at) - intDiv(toUnixTimestamp64Nano(time), 1000000)) AS least
  FROM flows WHERE ${RECENT} GROUP BY cluster, node_name
  HAVING count() >= 20 AND (least < -{ahead:Int64} OR least > {behind:Int64})
  ORDER BY abs(least) DESC LIMIT {most:UInt32}`;

const DOUBLES = `SELECT clusters, count(), any(node) FROM (
    SELECT uuid, arrayStringConcat(arraySort(groupUniqArray(cluster)), ', ') AS clusters, any(node_name) AS node
    FROM flows WHERE ${RECENT} AND cityHash64(uuid) % {sample:UInt32} = 0
    GROUP BY uuid HAVING count() > 1
  ) GROUP BY clusters ORDER BY count() DESC LIMIT {most:UInt32}`;

const WORLD = (end: 'source' | 'destination') => `SELECT cluster, ip_${end}, count() AS flows
  FROM flows WHERE ${RECENT} AND ${end}_identity IN (2, 9, 10) AND ip_${end} != ''
    AND ip_${end} IN (
      SELECT ip_source FROM flows WHERE ${RECENT} AND source_pod_name != ''
      UNION DISTINCT
      SELECT ip_destination FROM flows WHERE ${RECENT} AND destination_pod_name != ''
    )
  GROUP BY cluster, ip_${end} ORDER BY flows DESC LIMIT {most:UInt32}`;

export async function* arrivalFindings(
  store: Reader,
  recent: Recent,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const from = recent.now - recent.window;
  const params: QueryParams = {
    from,
    // A node whose clock is off by up to an hour is still seen.
    slot_from: Math.floor((from - HOUR_MS) / SLOT_MS),
    slot_to: Math.floor((recent.now + HOUR_MS) / SLOT_MS),
  };
  yield* freshness(store, recent, params, signal);
  yield* clocks(store, params, signal);
  yield* doubles(store, params, signal);
  yield* unresolved(store, params, signal);
}

async function* freshness(
  store: Reader,
  { clusters, window }: Recent,
  params: QueryParams,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const seen = new Map<string, string>();
  for await (const [cluster, newest, count] of store.query(NEWEST, params, { signal }))
    seen.set(
      String(cluster),
      `${count} flows in the last ${minutes(window)}, the newest stored at ${new Date(Number(newest)).toISOString()}`,
    );
  for (const cluster of clusters) {
    const evidence = seen.get(cluster);
    yield evidence === undefined
      ? {
          check: 'flows-arrive',
          severity: 'problem',
          cluster,
          what: 'no flows of the cluster are stored',
          evidence: `none in the last ${minutes(window)}`,
          cure: 'see whether `parallax collect` runs with this cluster, what it logs, and whether a writer runs (bus lag)',
        }
      : {
          check: 'flows-arrive',
          severity: 'ok',
          cluster,
          what: 'flows arrive',
          evidence,
          cure: '',
        };
  }
}

async function* clocks(
  store: Reader,
  params: QueryParams,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const limits = { ...params, ahead: AHEAD_MS, behind: BEHIND_MS, most: MOST };
  for await (const [cluster, node, count, least] of store.query(CLOCKS, limits, { signal })) {
    const ms = Number(least);
    const seconds = (Math.abs(ms) / 1000).toFixed(1);
    yield {
      check: 'node-clock',
      severity: 'warning',
      cluster: String(cluster),
      what:
        ms < 0
          ? `the clock of node ${node} is ahead by at least ${seconds} s`
          : `flows of node ${node} come ${seconds} s late at best: its clock is behind, or they wait somewhere`,
      evidence: `${count} flows; the least difference between arrival and a flow's time is ${ms} ms`,
      cure: 'synchronise the clocks of the nodes and of the collectors (NTP); for a delay, see the lag of the bus',
    };
  }
}

async function* doubles(
  store: Reader,
  params: QueryParams,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const limits = { ...params, sample: SAMPLE, most: MOST };
  for await (const [clusters, count, node] of store.query(DOUBLES, limits, { signal }))
    yield {
      check: 'mesh-duplicates',
      severity: 'problem',
      what: `flows are stored more than once, under ${clusters}`,
      evidence: `about ${Number(count) * SAMPLE} flows, such as those of node ${node}`,
      cure: 'in a mesh a relay may serve the nodes of other clusters: give each cluster the node names that are its own (clusters[].nodes, such as "NAME/"); run one active collector a cluster',
    };
}

async function* unresolved(
  store: Reader,
  params: QueryParams,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  for (const end of ['source', 'destination'] as const) {
    const rows = store.query(WORLD(end), { ...params, most: MOST }, { signal });
    for await (const [cluster, ip, flows] of rows)
      yield {
        check: 'pods-as-world',
        severity: 'warning',
        cluster: String(cluster),
        what: `${ip} is a pod, and ${flows} flows show it as world (${end})`,
        evidence: `identity world with the address of a pod that other flows of the same time name`,
        cure: 'the agents did not know the identity of that address: see whether clustermesh is connected on all nodes (cilium-dbg status --verbose) and masquerading leaves pod addresses between the clusters alone',
      };
  }
}

function minutes(ms: number): string {
  return `${Math.round(ms / MINUTE_MS)} min`;
}
