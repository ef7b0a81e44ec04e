// Which nodes were heard of lately. Here as the stored flows and events tell; whatever knows more can take its place.

import { type Node, NodeState } from '../../hubble/proto/schema.gen.ts';
import type { Clock } from '../../runtime/clock.ts';
import { MINUTE_MS, msToNs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { rangeCondition, toBigint } from '../read/range.ts';

export interface ObservedNode {
  /** The key of the cluster whose relay tells of it. */
  readonly cluster: string;
  /** As Hubble tells of a node: name, state, uptime, flows. */
  readonly node: Node;
  /** Time of its newest flow, nanoseconds since 1970. */
  readonly heardAt: bigint | undefined;
  /** Flows a second lately. */
  readonly flowsPerSecond: number;
}

export interface NodesSource {
  /** By name. */
  nodes(signal: AbortSignal): Promise<readonly ObservedNode[]>;
}

/** A node whose newest flow is older than this is not said to be connected: flows of health checks come all the time. */
const CONNECTED_MS = 300_000;
/** The stretch over which flows a second are counted; its end leaves time for storing. */
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

/** Nodes by the flows stored of the last `recentMs`, and by what relays said of them meanwhile. */
export function storedNodes({ store, clock, recentMs }: StoredNodesDeps): NodesSource {
  return {
    async nodes(signal) {
      const now = clock.now();
      const since = nanos(now - recentMs);
      const said = await statesSaid(store, since, signal);
      const found: ObservedNode[] = [];
      const { where, params } = rangeCondition('flows', { since });
      const at = (of: string) => `toUnixTimestamp64Nano(${of}(time))`;
      const rows = store.query(
        `SELECT cluster, node_name, count(), ${at('min')}, ${at('max')}, any(emitter_version),
            countIf(time BETWEEN fromUnixTimestamp64Nano({rateFrom:Int64}, 'UTC') AND fromUnixTimestamp64Nano({rateTo:Int64}, 'UTC'))
          FROM flows WHERE ${where} AND node_name != '' GROUP BY cluster, node_name LIMIT {maxNodes:UInt32}`,
        {
          ...params,
          rateFrom: nanos(now - RATE_MS - STORING_MS),
          rateTo: nanos(now - STORING_MS),
          maxNodes: MAX_NODES,
        },
        { signal },
      );
      for await (const [cluster, name, count, oldest, newest, version, lately] of rows) {
        const seen = toBigint(count);
        const heardAt = toBigint(newest);
        const named = nodeName(String(cluster), String(name));
        const state = stateOf(now, heardAt, said.get(named));
        said.delete(named);
        const uptime = nanos(now) - toBigint(oldest);
        found.push({
          cluster: String(cluster),
          heardAt,
          flowsPerSecond: Number(lately) / (RATE_MS / 1000),
          node: {
            name: named,
            version: String(version),
            state,
            uptime_ns: uptime > 0n ? uptime : 0n,
            num_flows: seen,
            seen_flows: seen,
          },
        });
      }
      // Nodes that relays told of and that no flow came from: connected once, nobody knows what they are now.
      for (const [name, { cluster, state: last }] of said) {
        if (last === NODE_GONE) continue;
        const state = last === NODE_CONNECTED ? UNKNOWN_NODE_STATE : last;
        found.push({ cluster, heardAt: undefined, flowsPerSecond: 0, node: { name, state } });
      }
      return found.sort((a, b) => compare(a.node.name ?? '', b.node.name ?? ''));
    },
  };
}

interface Said {
  readonly cluster: string;
  readonly state: number;
  readonly at: bigint;
}

/** The last thing a relay said of each node. */
async function statesSaid(
  store: Reader,
  since: bigint,
  signal: AbortSignal,
): Promise<Map<string, Said>> {
  const { where, params } = rangeCondition('events', { since });
  const rows = store.query(
    `SELECT cluster, node, argMax(state_change, time), toUnixTimestamp64Nano(max(time)) FROM events
      ARRAY JOIN splitByChar('\\n', node_names) AS node
      WHERE kind = 'node_status' AND node_names != '' AND ${where}
      GROUP BY cluster, node LIMIT {maxNodes:UInt32}`,
    { ...params, maxNodes: MAX_NODES },
    { signal },
  );
  const said = new Map<string, Said>();
  for await (const [cluster, node, state, at] of rows)
    said.set(nodeName(String(cluster), String(node)), {
      cluster: String(cluster),
      state: Number(state),
      at: toBigint(at),
    });
  return said;
}

function stateOf(now: number, heardAt: bigint, said: Said | undefined): number {
  const away = said && [NODE_UNAVAILABLE, NODE_GONE, NODE_ERROR].some((s) => s === said.state);
  if (away && said.at > heardAt) return said.state;
  return heardAt >= nanos(now - CONNECTED_MS) ? NODE_CONNECTED : UNKNOWN_NODE_STATE;
}

/** Nodes of a cluster that Cilium calls `default` have bare names: the same ones in every such cluster. */
function nodeName(cluster: string, name: string): string {
  return name.includes('/') ? name : `${cluster}/${name}`;
}

function nanos(ms: number): bigint {
  return msToNs(Math.round(ms));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
