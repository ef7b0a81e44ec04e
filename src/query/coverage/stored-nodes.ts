// Nodes seen lately, from stored flows and events. `ledgerNodes` adds the collectors' reports.
import { type Node, NodeState } from '../../hubble/proto/schema.gen.ts';
import type { Clock } from '../../runtime/clock.ts';
import { MINUTE_MS, msToNs } from '../../runtime/time.ts';
import { allRows, bigint, number, type Row, rows, text } from '../../store/rows.ts';
import { sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, timeSql } from '../read/range.ts';
import { relayName } from './nodes.ts';

export interface ObservedNode {
  /** The key of the cluster whose relay reports it. */
  readonly cluster: string;
  /** As Hubble reports a node: name, state, uptime, flows. */
  readonly node: Node;
  /** Time of its newest flow, nanoseconds since 1970. */
  readonly lastDataAt: bigint | undefined;
  /** Flows a second lately. */
  readonly flowsPerSecond: number;
}

export interface NodesSource {
  /** By name. */
  nodes(signal: AbortSignal): Promise<readonly ObservedNode[]>;
}

/** A node whose newest flow is older than this does not count as connected: health checks make flows all the time. */
const CONNECTED_MS = 300_000;
/** The interval over which flows a second are counted; its end leaves time for storing. */
const RATE_MS = MINUTE_MS;
const STORING_MS = 5_000;
const MAX_NODES = 20_000;
const { NODE_CONNECTED, NODE_UNAVAILABLE, NODE_GONE, NODE_ERROR, UNKNOWN_NODE_STATE } =
  NodeState.numbers;

export interface StoredNodesDeps {
  readonly store: Reader;
  readonly clock: Clock;
  /** How far back is looked, milliseconds. */
  readonly recentMs: number;
}

/** Nodes by the flows stored of the last `recentMs`, and by what relays reported of them meanwhile. */
export function storedNodes({ store, clock, recentMs }: StoredNodesDeps): NodesSource {
  return {
    async nodes(signal) {
      const now = clock.now();
      const since = nanos(now - recentMs);
      const reported = await statesReported(store, since, signal);
      const found: ObservedNode[] = [];
      const lately = sql`time BETWEEN ${timeSql(nanos(now - RATE_MS - STORING_MS))} AND ${timeSql(nanos(now - STORING_MS))}`;
      const statement = sql`SELECT cluster, node_name, count(), toUnixTimestamp64Nano(min(time)),
          toUnixTimestamp64Nano(max(time)), any(emitter_version), countIf(${lately})
        FROM ${table('flows')} WHERE ${inRange('flows', { since })} AND node_name != ''
        GROUP BY cluster, node_name LIMIT ${MAX_NODES}`;
      for await (const row of rows(store, statement, NODE, { signal })) {
        const { cluster, count, oldest, newest, version, recent } = row;
        const name = relayName({ cluster, node: row.name });
        const state = stateOf(now, newest, reported.get(name));
        reported.delete(name);
        const uptime = nanos(now) - oldest;
        found.push({
          cluster,
          lastDataAt: newest,
          flowsPerSecond: recent / (RATE_MS / 1000),
          node: {
            name,
            version,
            state,
            uptime_ns: uptime > 0n ? uptime : 0n,
            num_flows: count,
            seen_flows: count,
          },
        });
      }
      // Relays reported these and no flow came from them: one that was connected then is unknown now.
      for (const [name, { cluster, state: last }] of reported) {
        if (last === NODE_GONE) continue;
        const state = last === NODE_CONNECTED ? UNKNOWN_NODE_STATE : last;
        found.push({ cluster, lastDataAt: undefined, flowsPerSecond: 0, node: { name, state } });
      }
      return found.sort((a, b) => compare(a.node.name ?? '', b.node.name ?? ''));
    },
  };
}

const NODE = {
  cluster: text,
  name: text,
  count: bigint,
  oldest: bigint,
  newest: bigint,
  version: text,
  recent: number,
};
const STATE = { cluster: text, node: text, state: number, at: bigint };
type Reported = Row<typeof STATE>;

/** The last state that a relay reported of each node. */
async function statesReported(
  store: Reader,
  since: bigint,
  signal: AbortSignal,
): Promise<Map<string, Reported>> {
  const statement = sql`SELECT cluster, node, argMax(state_change, time), toUnixTimestamp64Nano(max(time))
    FROM ${table('events')} ARRAY JOIN splitByChar('\\n', node_names) AS node
    WHERE kind = 'node_status' AND node_names != '' AND ${inRange('events', { since })}
    GROUP BY cluster, node LIMIT ${MAX_NODES}`;
  const states = await allRows(store, statement, STATE, { signal });
  return new Map(states.map((each) => [relayName(each), each]));
}

function stateOf(now: number, lastDataAt: bigint, reported: Reported | undefined): number {
  const away =
    reported && [NODE_UNAVAILABLE, NODE_GONE, NODE_ERROR].some((s) => s === reported.state);
  if (away && reported.at > lastDataAt) return reported.state;
  return lastDataAt >= nanos(now - CONNECTED_MS) ? NODE_CONNECTED : UNKNOWN_NODE_STATE;
}

function nanos(ms: number): bigint {
  return msToNs(Math.round(ms));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
