// Status, nodes and namespaces of the server as a whole. Read from the store and cached for some seconds, since pages
// that show them poll.
import {
  type GetNamespacesResponse,
  type GetNodesResponse,
  type Namespace,
  NodeState,
  type ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';
import type { Clock } from '../../runtime/clock.ts';
import { HOUR_MS, msToNs } from '../../runtime/time.ts';
import { allRows, bigint, firstRow, number, text } from '../../store/rows.ts';
import { param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { ledgerNodes } from '../coverage/ledger-nodes.ts';
import { type NodeStates, nodeStates } from '../coverage/node-states.ts';
import { type NodesSource, type ObservedNode, storedNodes } from '../coverage/stored-nodes.ts';
import { inRange } from '../read/range.ts';

export interface OverviewDeps {
  readonly store: Reader;
  readonly clock: Clock;
  readonly version: string;
  readonly config: { readonly recent: number; readonly statusCache: number };
  /** By default from the stored flows and the collectors' reports. */
  readonly nodes?: NodesSource;
}

export interface Overview {
  status(): Promise<ServerStatusResponse>;
  nodes(): Promise<GetNodesResponse>;
  namespaces(): Promise<GetNamespacesResponse>;
  /** Which nodes are there, by the collectors' reports alone: cheap enough for every answer. */
  states(): Promise<NodeStates>;
}

/** As many as a relay names. */
const MAX_UNAVAILABLE = 10;
const MAX_NAMESPACES = 50_000;
/** The writer stores the namespaces of Kubernetes at least once an hour. */
const REPORTED_EVERY_MS = HOUR_MS;
/** Time limit of a read. */
const READ_MS = 30_000;
const { NODE_CONNECTED, NODE_UNAVAILABLE, NODE_ERROR } = NodeState.numbers;

export function createOverview(deps: OverviewDeps): Overview {
  const { store, clock, config, version } = deps;
  const startedAt = clock.now();
  const stored = storedNodes({ store, clock, recentMs: config.recent });
  const source = deps.nodes ?? ledgerNodes({ store, clock, stored });
  const cached = <T>(read: (signal: AbortSignal) => Promise<T>) =>
    keep(clock, config.statusCache, read);
  const nodes = cached((signal) => source.nodes(signal));
  const flows = cached((signal) => storedFlows(store, signal));
  const namespaces = cached((signal) =>
    storedNamespaces(store, clock.now() - config.recent, signal),
  );
  return {
    async status() {
      const [known, stored] = await Promise.all([nodes(), flows()]);
      const now = clock.now();
      const since = Math.min(startedAt, stored.sinceMs ?? startedAt);
      return statusOf(known, stored.count, { version, uptimeMs: Math.max(0, now - since) });
    },
    nodes: async () => ({ nodes: (await nodes()).map(({ node }) => ({ ...node })) }),
    states: cached((signal) => nodeStates(store, clock.now(), signal)),
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
  const statement = sql`SELECT count(), toUnixTimestamp64Milli(min(received_at)) FROM ${table('flows')}`;
  const row = await firstRow(store, statement, { count: bigint, sinceMs: number }, { signal });
  return row === undefined || row.count === 0n ? { count: 0n } : row;
}

/**
 * Namespaces of either end, with the cluster that the end is in as far as that is known; and those that Kubernetes has,
 * where it is read, with flows or without: all of the last report.
 */
function storedNamespaces(
  store: Reader,
  sinceMs: number,
  signal: AbortSignal,
): Promise<readonly Namespace[]> {
  const within = inRange('flows', { since: msToNs(sinceMs) });
  const of = (cluster: Sql, namespace: Sql) =>
    sql`SELECT if(${cluster} = '', cluster, ${cluster}) AS c, ${namespace} AS n
      FROM ${table('flows')} WHERE ${within} AND ${namespace} != '' GROUP BY c, n`;
  const facts = table('cluster_facts');
  const reportedSince = param(BigInt(sinceMs - REPORTED_EVERY_MS), 'Int64');
  const existing = sql`SELECT cluster AS c, value AS n FROM ${facts} WHERE kind = 'namespace' GROUP BY c, n
    HAVING max(last_seen) >= fromUnixTimestamp64Milli(${reportedSince}, 'UTC') AND (c, max(last_seen)) IN (
      SELECT cluster, max(last_seen) FROM ${facts} WHERE kind = 'namespace' GROUP BY cluster)`;
  const statement = sql`SELECT c, n FROM (
      ${of(sql`source_cluster`, sql`source_namespace`)} UNION DISTINCT
      ${of(sql`destination_cluster`, sql`destination_namespace`)} UNION DISTINCT ${existing})
    ORDER BY c, n LIMIT ${MAX_NAMESPACES}`;
  return allRows(store, statement, { cluster: text, namespace: text }, { signal });
}

/** Reads once for all concurrent callers and caches the answer for `ms`. A failure is not cached. */
function keep<T>(
  clock: Clock,
  ms: number,
  read: (signal: AbortSignal) => Promise<T>,
): () => Promise<T> {
  let last: { readonly at: number; readonly answer: Promise<T> } | undefined;
  return () => {
    if (last !== undefined && clock.now() - last.at < ms) return last.answer;
    const asked = { at: clock.now(), answer: read(AbortSignal.timeout(READ_MS)) };
    last = asked;
    asked.answer.catch(() => {
      if (last === asked) last = undefined;
    });
    return asked.answer;
  };
}
