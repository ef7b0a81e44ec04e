import { MINUTE_NS, SECOND_NS } from '../../runtime/time.ts';
import { bigint, rows, text } from '../../store/rows.ts';
import { param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, slotOf } from '../read/range.ts';
import type { Connection, ConnectionCandidate, ConnectionEnd } from './connection.ts';
import { nodeCluster, type Observation } from './observation.ts';
import type { Side } from './orient.ts';

export const MISSING_REASONS = [
  /** The end is outside of every cluster. */
  'outside',
  /** The end is a node's own, which has no endpoint that reports. */
  'host',
  /** It is not known which cluster the end is in. */
  'cluster-unknown',
  /** That cluster is not collected, or never was. */
  'not-collected',
  /** That cluster is collected, yet nothing of it is stored of that time. */
  'coverage-gap',
  /** Both ends are on one node, which reported the other side only. */
  'same-node',
  /** It was dropped before it could get there. */
  'never-arrived',
  /** That cluster was collected then, and saw nothing of it. */
  'not-seen',
] as const;
export type MissingReason = (typeof MISSING_REASONS)[number];

export interface MissingSide {
  readonly reason: MissingReason;
  readonly text: string;
}

/** Clusters with stored flows, by key and by the cluster part of node names. */
export interface Collected {
  /** Whether flows of the cluster are stored of about that time. */
  at(cluster: string, first: bigint, last: bigint): boolean;
  /** Whether any are, of any time. */
  ever(cluster: string): boolean;
}

const LAST_RESERVED = 255;
const WORLDS: ReadonlySet<number> = new Set([2, 9, 10]);
const HOSTS: ReadonlySet<number> = new Set([1, 4, 6, 7, 8]);

export function withMissing(candidate: ConnectionCandidate, collected: Collected): Connection {
  const { connection } = candidate;
  const sides = (['source', 'destination'] as const).filter(
    (side) => connection[side] === undefined,
  );
  if (sides.length === 0) return connection;
  const missing = Object.fromEntries(
    sides.map((side) => [side, whyMissing(candidate, side, collected)]),
  );
  return { ...connection, missing };
}

function whyMissing(candidate: ConnectionCandidate, side: Side, collected: Collected): MissingSide {
  const given = givenReason(candidate, side);
  if (given !== undefined) return given;
  const { connection, first, last } = candidate;
  const { cluster } = side === 'source' ? connection.client : connection.server;
  return unseenBy(cluster, side, {
    ever: collected.ever(cluster),
    about: collected.at(cluster, first, last),
  });
}

/** Why a cluster reported no flow of a connection that one of its endpoints was in. */
export function unseenBy(
  cluster: string,
  side: Side,
  collected: { readonly ever: boolean; readonly about: boolean },
): MissingSide {
  if (!collected.ever)
    return {
      reason: 'not-collected',
      text: `no flows of cluster ${cluster} are stored: it is not collected`,
    };
  if (!collected.about)
    return {
      reason: 'coverage-gap',
      text: `cluster ${cluster} is collected, but nothing of it is stored of that time`,
    };
  const why = side === 'destination' ? 'it did not arrive, or its node' : 'the node it came from';
  return {
    reason: 'not-seen',
    text: `cluster ${cluster} was collected then and saw nothing of it: ${why} lost or left out the events`,
  };
}

export const MISSING = {
  neverArrived: (): MissingSide => ({
    reason: 'never-arrived',
    text: 'it was dropped at the source and never left',
  }),
  host: (name: string): MissingSide => ({
    reason: 'host',
    text: `${name} is a node or its proxy, which has no endpoint that reports`,
  }),
  outside: (name: string, other: Side): MissingSide => ({
    reason: 'outside',
    text: `${name} is outside of every cluster, as far as the ${other} side knows`,
  }),
  clusterUnknown: (name: string): MissingSide => ({
    reason: 'cluster-unknown',
    text: `it is not known which cluster ${name} is in`,
  }),
} as const;

function givenReason(
  { connection, sharedNode }: ConnectionCandidate,
  side: Side,
): MissingSide | undefined {
  const end = side === 'source' ? connection.client : connection.server;
  const other = side === 'source' ? 'destination' : 'source';
  if (side === 'destination' && connection.deniedAt === 'source') return MISSING.neverArrived();
  if (sharedNode !== undefined)
    return {
      reason: 'same-node',
      text: `both ends are on node ${sharedNode}, which reported only the ${other} side`,
    };
  if (isHost(end)) return MISSING.host(end.ip);
  if (end.cluster !== '') return undefined;
  return isOutside(end) ? MISSING.outside(end.ip, other) : MISSING.clusterUnknown(end.ip);
}

function isOutside({ identity, labels, pod }: ConnectionEnd): boolean {
  if (pod !== '') return false;
  return (
    WORLDS.has(identity) ||
    identity > 0xffffff ||
    labels.some((label) => label === 'reserved:world' || label.startsWith('cidr:'))
  );
}

function isHost({ identity, pod }: ConnectionEnd): boolean {
  return pod === '' && identity <= LAST_RESERVED && HOSTS.has(identity);
}

/** From what collectors reported, else from what the store holds of about that time. */
export async function collectedIn(
  store: Reader,
  candidates: readonly ConnectionCandidate[],
  signal: AbortSignal | undefined,
): Promise<Collected> {
  const asking = candidates.filter((candidate) => clustersAsked(candidate).length > 0);
  const minutes = new Minutes();
  await addReported(store, minutes, asking, signal);
  // What no collector reported may have been imported.
  const open = asking.filter((candidate) =>
    clustersAsked(candidate).some(
      (cluster) => !minutes.at(cluster, candidate.first, candidate.last),
    ),
  );
  if (open.length === 0) return minutes;
  const slots = new Set<number>();
  for (const { first, last } of open)
    for (let slot = slotOf(first - MARGIN); slot <= slotOf(last + MARGIN); slot++)
      slots.add(Number(slot));
  const minute = sql`intDiv(toUnixTimestamp64Nano(time), ${Number(MINUTE_NS)})`;
  const near = sql`SELECT DISTINCT ${minute}, cluster, node_name FROM ${table('flows')}
    WHERE ${inRange('flows', around(open))} AND time_slot IN ${param([...slots], 'Array(Int32)')}`;
  await addMinutes(store, minutes, near, signal);
  // The whole table is read only when a cluster is not found near by.
  const ever = sql`SELECT DISTINCT cluster, node_name FROM ${table('flows')}`;
  if (open.flatMap(clustersAsked).some((cluster) => !minutes.ever(cluster)))
    for await (const each of rows(store, ever, { cluster: text, node: text }, { signal }))
      for (const name of namesOf(each)) minutes.know(name);
  return minutes;
}

/** Minutes in which, by the ledger, a cluster's stream was open, with flows or without. */
async function addReported(
  store: Reader,
  minutes: Minutes,
  candidates: readonly ConnectionCandidate[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (candidates.length === 0) return;
  const { since, until } = around(candidates);
  const time = (nanos: bigint) => sql`fromUnixTimestamp(${param(withinDateTime(nanos), 'Int64')})`;
  const reported = sql`SELECT DISTINCT intDiv(toUnixTimestamp(minute), 60), cluster, node FROM ${table('coverage')}
    WHERE up_ms > 0 AND minute BETWEEN ${time(since)} AND ${time(until)}`;
  await addMinutes(store, minutes, reported, signal);
}

async function addMinutes(
  store: Reader,
  minutes: Minutes,
  statement: Sql,
  signal: AbortSignal | undefined,
): Promise<void> {
  const shape = { minute: bigint, cluster: text, node: text };
  for await (const each of rows(store, statement, shape, { signal }))
    for (const name of namesOf(each)) minutes.add(name, each.minute);
}

/** The cluster's key and the cluster part of its nodes' names. */
function namesOf({ cluster, node }: { readonly cluster: string; readonly node: string }): string[] {
  return [cluster, nodeCluster(node)];
}

/** The time about the connections, nanoseconds since 1970. */
function around(candidates: readonly ConnectionCandidate[]): {
  readonly since: bigint;
  readonly until: bigint;
} {
  let since = candidates[0]?.first ?? 0n;
  let until = candidates[0]?.last ?? 0n;
  for (const { first, last } of candidates) {
    if (first < since) since = first;
    if (last > until) until = last;
  }
  return { since: since - MARGIN - MINUTE_NS, until: until + MARGIN + MINUTE_NS };
}

/** Seconds since 1970 as DateTime has them: nothing is reported outside of that. */
export function withinDateTime(nanos: bigint): bigint {
  const seconds = nanos / SECOND_NS;
  return seconds < 0n ? 0n : seconds > 4_294_967_295n ? 4_294_967_295n : seconds;
}

/** Clusters of sides that are missing, where nothing else says why. */
function clustersAsked(candidate: ConnectionCandidate): string[] {
  const { client, server, source, destination } = candidate.connection;
  return [
    ...(source === undefined && givenReason(candidate, 'source') === undefined
      ? [client.cluster]
      : []),
    ...(destination === undefined && givenReason(candidate, 'destination') === undefined
      ? [server.cluster]
      : []),
  ];
}

/** From observations at hand, such as those of a file. */
export function collectedBy(
  observations: Iterable<Pick<Observation, 'observer' | 'node' | 'time'>>,
): Collected {
  const minutes = new Minutes();
  for (const { observer, node, time } of observations)
    for (const name of [observer, nodeCluster(node)]) minutes.add(name, time / MINUTE_NS);
  return minutes;
}

/** Small clusters are silent for a while; clocks differ. */
const MARGIN = MINUTE_NS;

class Minutes implements Collected {
  private readonly clusters = new Map<string, Set<bigint>>();

  /** Nothing has the name ''. */
  know(cluster: string): Set<bigint> {
    const known = this.clusters.get(cluster);
    if (known !== undefined) return known;
    const fresh = new Set<bigint>();
    this.clusters.set(cluster, fresh);
    return fresh;
  }

  add(cluster: string, minute: bigint): void {
    this.know(cluster).add(minute);
  }

  ever(cluster: string): boolean {
    return cluster !== '' && this.clusters.has(cluster);
  }

  at(cluster: string, first: bigint, last: bigint): boolean {
    const seen = this.clusters.get(cluster);
    if (seen === undefined) return false;
    for (let at = (first - MARGIN) / MINUTE_NS; at <= (last + MARGIN) / MINUTE_NS; at++)
      if (seen.has(at)) return true;
    return false;
  }
}
