// What the server as a whole has to tell: status, nodes, namespaces. Looked up in the store and kept for some seconds,
// since pages that show it ask all the time.

import {
  type GetNamespacesResponse,
  type GetNodesResponse,
  type Namespace,
  NodeState,
  type ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';
import type { Clock } from '../../runtime/clock.ts';
import { HOUR_MS, msToNs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { ledgerNodes } from '../coverage/ledger-nodes.ts';
import { type NodeStates, nodeStates } from '../coverage/node-states.ts';
import { type NodesSource, type ObservedNode, storedNodes } from '../coverage/stored-nodes.ts';
import { rangeCondition, toBigint } from '../read/range.ts';

export interface OverviewDeps {
  readonly store: Reader;
  readonly clock: Clock;
  readonly version: string;
  readonly config: { readonly recent: number; readonly statusCache: number };
  /** What the stored flows and the collectors' reports tell when left out. */
  readonly nodes?: NodesSource;
}

export interface Overview {
  status(): Promise<ServerStatusResponse>;
  nodes(): Promise<GetNodesResponse>;
  namespaces(): Promise<GetNamespacesResponse>;
  /** Which nodes are there, by the collectors' reports alone: cheap enough to be asked with every answer. */
  states(): Promise<NodeStates>;
}

/** As many as a relay names. */
const MAX_UNAVAILABLE = 10;
const MAX_NAMESPACES = 50_000;
/** The writer says once an hour at least which namespaces Kubernetes has. */
const TOLD_EVERY_MS = HOUR_MS;
/** A look that takes longer than this is given up. */
const LOOK_MS = 30_000;
const { NODE_CONNECTED, NODE_UNAVAILABLE, NODE_ERROR } = NodeState.numbers;

export function createOverview(deps: OverviewDeps): Overview {
  const { store, clock, config, version } = deps;
  const startedAt = clock.now();
  const stored = storedNodes({ store, clock, recentMs: config.recent });
  const source = deps.nodes ?? ledgerNodes({ store, clock, stored });
  const kept = <T>(look: (signal: AbortSignal) => Promise<T>) =>
    keep(clock, config.statusCache, look);
  const nodes = kept((signal) => source.nodes(signal));
  const flows = kept((signal) => storedFlows(store, signal));
  const namespaces = kept((signal) => storedNamespaces(store, clock.now() - config.recent, signal));
  return {
    async status() {
      const [known, stored] = await Promise.all([nodes(), flows()]);
      const now = clock.now();
      const since = Math.min(startedAt, stored.sinceMs ?? startedAt);
      return statusOf(known, stored.count, { version, uptimeMs: Math.max(0, now - since) });
    },
    nodes: async () => ({ nodes: (await nodes()).map(({ node }) => ({ ...node })) }),
    states: kept((signal) => nodeStates(store, clock.now(), signal)),
    namespaces: async () => ({ namespaces: [...(await namespaces())] }),
  };
}

function statusOf(
  nodes: readonly ObservedNode[],
  stored: bigint,
  { version, uptimeMs }: { readonly version: string; readonly uptimeMs: number },
): ServerStatusResponse {
  const away = nodes.filter(
    ({ node }) => node.state === NODE_UNAVAILABLE || node.state === NODE_ERROR,
  );
  return {
    num_flows: stored,
    // The store has no fixed room: what it holds is what it may hold, as with a ring that is full.
    max_flows: stored,
    seen_flows: stored,
    uptime_ns: msToNs(Math.round(uptimeMs)),
    num_connected_nodes: nodes.filter(({ node }) => node.state === NODE_CONNECTED).length,
    num_unavailable_nodes: away.length,
    unavailable_nodes: away.slice(0, MAX_UNAVAILABLE).map(({ node }) => node.name ?? ''),
    version: `parallax v${version}`,
    flows_rate: nodes.reduce((sum, { flowsPerSecond }) => sum + flowsPerSecond, 0),
  };
}

interface StoredFlows {
  readonly count: bigint;
  /** When the oldest of them came. Clients divide the flows seen by the uptime. */
  readonly sinceMs?: number;
}

/** The engine knows both without reading. */
async function storedFlows(store: Reader, signal: AbortSignal): Promise<StoredFlows> {
  const sql = 'SELECT count(), toUnixTimestamp64Milli(min(received_at)) FROM flows';
  for await (const [count, oldest] of store.query(sql, {}, { signal })) {
    const stored = toBigint(count);
    return stored === 0n ? { count: stored } : { count: stored, sinceMs: Number(oldest) };
  }
  return { count: 0n };
}

/**
 * Namespaces of either end, with the cluster that the end is in as far as that is known; and those that Kubernetes has,
 * where it is read, flows or not. What it had when it was told last is what it has.
 */
async function storedNamespaces(
  store: Reader,
  sinceMs: number,
  signal: AbortSignal,
): Promise<readonly Namespace[]> {
  const { where, params } = rangeCondition('flows', { since: msToNs(sinceMs) });
  const of = (end: 'source' | 'destination') =>
    `SELECT if(${end}_cluster = '', cluster, ${end}_cluster) AS c, ${end}_namespace AS n
      FROM flows WHERE ${where} AND ${end}_namespace != '' GROUP BY c, n`;
  const existing = `SELECT cluster AS c, value AS n FROM cluster_facts WHERE kind = 'namespace' GROUP BY c, n
    HAVING max(last_seen) >= fromUnixTimestamp64Milli({toldSince:Int64}, 'UTC') AND (c, max(last_seen)) IN (
      SELECT cluster, max(last_seen) FROM cluster_facts WHERE kind = 'namespace' GROUP BY cluster)`;
  const rows = store.query(
    `SELECT c, n FROM (${of('source')} UNION DISTINCT ${of('destination')} UNION DISTINCT ${existing})
      ORDER BY c, n LIMIT {maxNamespaces:UInt32}`,
    { ...params, toldSince: BigInt(sinceMs - TOLD_EVERY_MS), maxNamespaces: MAX_NAMESPACES },
    { signal },
  );
  const found: Namespace[] = [];
  for await (const [cluster, namespace] of rows)
    found.push({ cluster: String(cluster), namespace: String(namespace) });
  return found;
}

/** Asks once for all who ask meanwhile, and gives the answer again for `ms`. A failure is not kept. */
function keep<T>(
  clock: Clock,
  ms: number,
  look: (signal: AbortSignal) => Promise<T>,
): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (last !== undefined && clock.now() - last.at < ms) return last.answer;
    const asked = { at: clock.now(), answer: look(AbortSignal.timeout(LOOK_MS)) };
    last = asked;
    asked.answer.catch(() => {
      if (last === asked) last = undefined;
    });
    return asked.answer;
  };
}
