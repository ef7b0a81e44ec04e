// Why one side of a connection was not seen: nobody watches there, nobody watched then, or nothing came.

import type { Store } from '../../store/store.ts';
import { slotOf } from '../range.ts';
import type { Connection, ConnectionEnd, Draft } from './connection.ts';
import { nodeCluster, type Observation } from './observation.ts';
import type { Side } from './orient.ts';

export type MissingReason =
  /** The end lies outside of every cluster. */
  | 'outside'
  /** The end is a node's own, which has no endpoint that reports. */
  | 'host'
  /** It is not known which cluster the end is in. */
  | 'cluster-unknown'
  /** That cluster is not collected, or never was. */
  | 'not-collected'
  /** That cluster is collected, yet nothing of it is stored of that time. */
  | 'coverage-gap'
  /** Both ends are on one node, which told the other side only. */
  | 'same-node'
  /** It was dropped before it could get there. */
  | 'never-arrived'
  /** That cluster was collected then, and saw nothing of it. */
  | 'not-seen';

export interface MissingSide {
  readonly reason: MissingReason;
  /** A sentence. */
  readonly text: string;
}

/** What was stored of which cluster, by every name that the cluster goes by. */
export interface Collected {
  /** Whether flows of the cluster are stored of about that time. */
  at(cluster: string, first: bigint, last: bigint): boolean;
  /** Whether any are, of any time. */
  ever(cluster: string): boolean;
}

const LAST_RESERVED = 255;
const WORLDS: ReadonlySet<number> = new Set([2, 9, 10]);
const HOSTS: ReadonlySet<number> = new Set([1, 4, 6, 7, 8]);

export function withMissing(draft: Draft, collected: Collected): Connection {
  const { connection } = draft;
  const sides = (['source', 'destination'] as const).filter(
    (side) => connection[side] === undefined,
  );
  if (sides.length === 0) return connection;
  const missing = Object.fromEntries(
    sides.map((side) => [side, whyMissing(draft, side, collected)]),
  );
  return { ...connection, missing };
}

function whyMissing(draft: Draft, side: Side, collected: Collected): MissingSide {
  const { connection, first, last, sharedNode } = draft;
  const end = side === 'source' ? connection.client : connection.server;
  const other = side === 'source' ? 'destination' : 'source';
  const say = (reason: MissingReason, text: string): MissingSide => ({ reason, text });
  if (side === 'destination' && connection.source && connection.deniedAt === 'source')
    return say('never-arrived', 'it was dropped at the source and never left');
  if (sharedNode !== undefined)
    return say(
      'same-node',
      `both ends are on node ${sharedNode}, which told the ${other} side only`,
    );
  if (isHost(end))
    return say('host', `${end.ip} is a node or its proxy, which has no endpoint that reports`);
  if (end.cluster === '') {
    if (isOutside(end))
      return say(
        'outside',
        `${end.ip} is outside of every cluster, as far as the ${other} side knows`,
      );
    return say('cluster-unknown', `it is not known which cluster ${end.ip} is in`);
  }
  const { cluster } = end;
  if (!collected.ever(cluster))
    return say('not-collected', `no flows of cluster ${cluster} are stored: it is not collected`);
  if (!collected.at(cluster, first, last))
    return say(
      'coverage-gap',
      `cluster ${cluster} is collected, but nothing of it is stored of that time`,
    );
  const why = side === 'destination' ? 'it did not arrive, or its node' : 'the node it came from';
  return say(
    'not-seen',
    `cluster ${cluster} was collected then and saw nothing of it: ${why} lost or left out the events`,
  );
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

/** From what the store holds; asks it only about times that matter. */
export async function collectedIn(
  store: Store,
  drafts: readonly Draft[],
  signal: AbortSignal | undefined,
): Promise<Collected> {
  const open = drafts.filter(({ connection: { source, destination } }) => !(source && destination));
  const minutes = new Minutes();
  if (open.length === 0) return minutes;
  const slots = new Set<number>();
  for (const { first, last } of open)
    for (let slot = slotOf(first - MARGIN); slot <= slotOf(last + MARGIN); slot++)
      slots.add(Number(slot));
  const options = signal && { signal };
  const names = "cluster, if(position(node_name, '/') > 0, splitByChar('/', node_name)[1], '')";
  const nearBy =
    `SELECT DISTINCT intDiv(toUnixTimestamp64Nano(time), ${MINUTE}), ${names} FROM flows ` +
    'WHERE time_slot IN {slots:Array(Int32)}';
  for await (const [minute, ...clusters] of store.query(nearBy, { slots: [...slots] }, options))
    for (const name of clusters) minutes.add(String(name), BigInt(String(minute)));
  const wanted = open.flatMap(({ connection: { client, server } }) => [client, server]);
  // The whole table is asked only when a cluster is not found near by.
  if (wanted.some(({ cluster }) => cluster !== '' && !minutes.ever(cluster)))
    for await (const clusters of store.query(`SELECT DISTINCT ${names} FROM flows`, {}, options))
      for (const name of clusters) minutes.know(String(name));
  return minutes;
}

/** From observations at hand, such as those of a file. */
export function collectedAmong(
  observations: Iterable<Pick<Observation, 'observer' | 'node' | 'time'>>,
): Collected {
  const minutes = new Minutes();
  for (const { observer, node, time } of observations)
    for (const name of [observer, nodeCluster(node)]) minutes.add(name, time / MINUTE);
  return minutes;
}

const MINUTE = 60_000_000_000n;
/** Small clusters are silent for a while; clocks differ. */
const MARGIN = MINUTE;

class Minutes implements Collected {
  private readonly clusters = new Map<string, Set<bigint>>();

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
    return this.clusters.has(cluster);
  }

  at(cluster: string, first: bigint, last: bigint): boolean {
    const seen = this.clusters.get(cluster);
    if (seen === undefined) return false;
    for (let at = (first - MARGIN) / MINUTE; at <= (last + MARGIN) / MINUTE; at++)
      if (seen.has(at)) return true;
    return false;
  }
}
