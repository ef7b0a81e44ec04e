// Findings from recently stored rows: no new flows, clocks that are off, flows stored twice, pods that show as world.
import { HOUR_MS, MINUTE_MS } from '../../runtime/time.ts';
import { number, rows, text } from '../../store/rows.ts';
import { param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
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

const SLOT_MS = 5 * MINUTE_MS;

export async function* arrivalFindings(
  store: Reader,
  recent: Recent,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const from = recent.now - recent.window;
  const slot = (ms: number) => param(Math.floor(ms / SLOT_MS), 'Int32');
  // A node whose clock is off by up to an hour is still seen.
  const within = sql`received_at >= fromUnixTimestamp64Milli(${param(from, 'Int64')}, 'UTC')
    AND time_slot BETWEEN ${slot(from - HOUR_MS)} AND ${slot(recent.now + HOUR_MS)}`;
  yield* freshness(store, recent, within, signal);
  yield* clocks(store, within, signal);
  yield* duplicates(store, within, signal);
  yield* unresolved(store, within, signal);
}

async function* freshness(
  store: Reader,
  { clusters, window }: Recent,
  within: Sql,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const newestOf = sql`SELECT cluster, toUnixTimestamp64Milli(max(received_at)), count()
    FROM ${table('flows')} WHERE ${within} GROUP BY cluster`;
  const shape = { cluster: text, newest: number, count: number };
  const seen = new Map<string, string>();
  for await (const { cluster, newest, count } of rows(store, newestOf, shape, { signal }))
    seen.set(
      cluster,
      `${count} flows in the last ${minutes(window)}, the newest stored at ${new Date(newest).toISOString()}`,
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

async function* clocks(store: Reader, within: Sql, signal: AbortSignal): AsyncGenerator<Finding> {
  const statement = sql`SELECT cluster, node_name, count(),
      min(toUnixTimestamp64Milli(received_at) - intDiv(toUnixTimestamp64Nano(time), 1000000)) AS least
    FROM ${table('flows')} WHERE ${within} GROUP BY cluster, node_name
    HAVING count() >= 20 AND (least < -${AHEAD_MS} OR least > ${BEHIND_MS})
    ORDER BY abs(least) DESC LIMIT ${MOST}`;
  const shape = { cluster: text, node: text, count: number, ms: number };
  for await (const { cluster, node, count, ms } of rows(store, statement, shape, { signal })) {
    const seconds = (Math.abs(ms) / 1000).toFixed(1);
    yield {
      check: 'node-clock',
      severity: 'warning',
      cluster,
      what:
        ms < 0
          ? `the clock of node ${node} is ahead by at least ${seconds} s`
          : `flows of node ${node} come ${seconds} s late at best: its clock is behind, or they wait somewhere`,
      evidence: `${count} flows; the least difference between arrival and a flow's time is ${ms} ms`,
      cure: 'synchronise the clocks of the nodes and of the collectors (NTP); for a delay, see the lag of the bus',
    };
  }
}

async function* duplicates(
  store: Reader,
  within: Sql,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const statement = sql`SELECT clusters, count(), any(node) FROM (
    SELECT uuid, arrayStringConcat(arraySort(groupUniqArray(cluster)), ', ') AS clusters, any(node_name) AS node
    FROM ${table('flows')} WHERE ${within} AND cityHash64(uuid) % ${SAMPLE} = 0
    GROUP BY uuid HAVING count() > 1
  ) GROUP BY clusters ORDER BY count() DESC LIMIT ${MOST}`;
  const shape = { clusters: text, count: number, node: text };
  for await (const { clusters, count, node } of rows(store, statement, shape, { signal }))
    yield {
      check: 'mesh-duplicates',
      severity: 'problem',
      what: `flows are stored more than once, under ${clusters}`,
      evidence: `about ${count * SAMPLE} flows, such as those of node ${node}`,
      cure: 'in a mesh a relay may serve the nodes of other clusters: give each cluster the node names that are its own (clusters[].nodes, such as "NAME/"); run one active collector a cluster',
    };
}

async function* unresolved(
  store: Reader,
  within: Sql,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  for (const end of ['source', 'destination'] as const) {
    const ip = end === 'source' ? sql`ip_source` : sql`ip_destination`;
    const identity = end === 'source' ? sql`source_identity` : sql`destination_identity`;
    const statement = sql`SELECT cluster, ${ip}, count() AS flows
      FROM ${table('flows')} WHERE ${within} AND ${identity} IN (2, 9, 10) AND ${ip} != ''
        AND ${ip} IN (
          SELECT ip_source FROM ${table('flows')} WHERE ${within} AND source_pod_name != ''
          UNION DISTINCT
          SELECT ip_destination FROM ${table('flows')} WHERE ${within} AND destination_pod_name != ''
        )
      GROUP BY cluster, ${ip} ORDER BY flows DESC LIMIT ${MOST}`;
    const shape = { cluster: text, address: text, flows: number };
    for await (const { cluster, address, flows } of rows(store, statement, shape, { signal }))
      yield {
        check: 'pods-as-world',
        severity: 'warning',
        cluster,
        what: `${address} is a pod, and ${flows} flows show it as world (${end})`,
        evidence: `identity world with the address of a pod that other flows of the same time name`,
        cure: 'the agents did not know the identity of that address: see whether clustermesh is connected on all nodes (cilium-dbg status --verbose) and masquerading leaves pod addresses between the clusters alone',
      };
  }
}

function minutes(ms: number): string {
  return `${Math.round(ms / MINUTE_MS)} min`;
}
