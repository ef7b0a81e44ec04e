// What an identity number stands for: what the number itself says, and which labels it had in which cluster when. A
// number is handed out again after a while, so there is no answer without a time.
import {
  clusterIdOf,
  type IdentityKind,
  identityKind,
  isNodeLocal,
  type MeshSize,
  RESERVED_IDENTITIES,
} from '../../hubble/identity.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';
import { queryClusters } from './clusters.ts';

export interface IdentityQuery {
  /** Undefined lists all that are known, as they were seen last. */
  readonly identity?: number | undefined;
  /** Key of a cluster. */
  readonly cluster?: string | undefined;
  /** Milliseconds since 1970: the labels at that time only. */
  readonly atMs?: number | undefined;
  readonly limit: number;
}

export interface IdentityPeriod {
  readonly cluster: string;
  readonly identity: number;
  readonly labels: readonly string[];
  /** Who said so. */
  readonly origins: readonly ('flow' | 'kubernetes')[];
  /** ISO times of the first and last sighting. */
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Only with a time: false when it was first seen later, which is then all there is. */
  readonly seenBefore?: boolean;
}

/** What a number says by itself, under one numbering. */
export interface IdentityNumber {
  readonly maxConnectedClusters: MeshSize;
  readonly kind: IdentityKind;
  /** Of the cluster that handed it out. */
  readonly clusterId?: number;
  /** Keys of clusters with that id and numbering. */
  readonly clusters: readonly string[];
}

export interface IdentitiesAnswer {
  readonly identity?: number;
  /** Of reserved identities. */
  readonly name?: string;
  /** True when each node has its own meaning of the number: nothing is kept of such. */
  readonly nodeLocal?: boolean;
  readonly numbers?: readonly IdentityNumber[];
  readonly periods: readonly IdentityPeriod[];
}

interface Row {
  readonly cluster: string;
  readonly identity: number;
  readonly labels: string;
  readonly origin: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const WHERE = `({identity:UInt32} = 0 OR identity = {identity:UInt32})
  AND ({cluster:String} = '' OR cluster = {cluster:String})`;

/** Sightings whose rows are not merged yet, and the same one told by flows and Kubernetes, as one. */
const SEEN = `SELECT cluster, identity, slot, labels_hash, any(labels) AS labels, groupBitOr(origin) AS origin,
    min(first_seen) AS first, max(last_seen) AS last
  FROM identities WHERE ${WHERE} GROUP BY cluster, identity, slot, labels_hash`;

const HISTORY = `SELECT cluster, identity, labels, origin,
    toUnixTimestamp64Milli(first), toUnixTimestamp64Milli(last)
  FROM (${SEEN}) ORDER BY cluster, identity, first, last LIMIT {limit:UInt64}`;

// Of what was seen by then, what was seen last; of two at once the one that began later. Where nothing was seen by then,
// what was seen first afterwards.
const AT = `SELECT cluster, identity, argMax(labels, rank), argMax(origin, rank),
    toUnixTimestamp64Milli(argMax(first, rank)), toUnixTimestamp64Milli(argMax(last, rank))
  FROM (
    SELECT *, fromUnixTimestamp64Milli({at:Int64}, 'UTC') AS asked,
      if(first <= asked,
        (1, toUnixTimestamp64Milli(least(last, asked)), toUnixTimestamp64Milli(first)),
        (0, -toUnixTimestamp64Milli(first), toInt64(0))) AS rank
    FROM (${SEEN})
  ) GROUP BY cluster, identity ORDER BY cluster, identity LIMIT {limit:UInt64}`;

/** Far in the future: what is known last. */
const NOW_MS = 9_000_000_000_000;

export async function queryIdentities(
  store: Reader,
  query: IdentityQuery,
  options: QueryOptions = {},
): Promise<IdentitiesAnswer> {
  const { identity, cluster = '', atMs, limit } = query;
  const params = { identity: identity ?? 0, cluster, limit };
  if (identity !== undefined && (isNodeLocal(identity) || identity <= 255))
    return { ...numberOf(identity), numbers: [], periods: [] };
  const single = atMs !== undefined || identity === undefined;
  const at = atMs ?? NOW_MS;
  const rows = single
    ? await read(store, AT, { ...params, at }, options)
    : await read(store, HISTORY, params, options);
  const periods = single
    ? rows.map((row) => ({
        ...period([row]),
        ...(atMs === undefined ? {} : { seenBefore: row.firstMs <= at }),
      }))
    : periodsOf(rows);
  if (identity === undefined) return { periods };
  const numbers = await numbersOf(store, identity, options);
  return { ...numberOf(identity), numbers, periods };
}

async function read(
  store: Reader,
  sql: string,
  params: Record<string, string | number>,
  options: QueryOptions,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const [cluster, identity, labels, origin, first, last] of store.query(
    sql,
    params,
    options,
  )) {
    rows.push({
      cluster: String(cluster),
      identity: Number(identity),
      labels: String(labels),
      origin: Number(origin),
      firstMs: Number(first),
      lastMs: Number(last),
    });
  }
  return rows;
}

/** Sightings in order of time to the periods in which a number had its labels. */
function periodsOf(rows: readonly Row[]): readonly IdentityPeriod[] {
  const periods: Row[][] = [];
  for (const row of rows) {
    const current = periods.at(-1);
    const [head] = current ?? [];
    const same =
      head !== undefined &&
      head.cluster === row.cluster &&
      head.identity === row.identity &&
      head.labels === row.labels;
    if (same) current?.push(row);
    else periods.push([row]);
  }
  return periods.map(period);
}

/** Of one sighting at least, all of the same labels. */
function period(rows: readonly Row[]): IdentityPeriod {
  const [head] = rows;
  if (head === undefined) throw new Error('a period has a sighting');
  const origin = rows.reduce((bits, row) => bits | row.origin, 0);
  return {
    cluster: head.cluster,
    identity: head.identity,
    labels: head.labels.split('\n'),
    origins: [
      ...(origin & 1 ? ['flow' as const] : []),
      ...(origin & 2 ? ['kubernetes' as const] : []),
    ],
    firstSeen: new Date(head.firstMs).toISOString(),
    lastSeen: new Date(Math.max(...rows.map(({ lastMs }) => lastMs))).toISOString(),
  };
}

function numberOf(identity: number): Pick<IdentitiesAnswer, 'identity' | 'name' | 'nodeLocal'> {
  const name = RESERVED_IDENTITIES[identity];
  return { identity, nodeLocal: isNodeLocal(identity), ...(name === undefined ? {} : { name }) };
}

/** What the number says under each numbering in use; Cilium's default when nothing is known. */
async function numbersOf(
  store: Reader,
  identity: number,
  options: QueryOptions,
): Promise<readonly IdentityNumber[]> {
  const { clusters } = await queryClusters(store, options);
  const sizes = new Set(
    clusters.flatMap(({ maxConnectedClusters }) =>
      maxConnectedClusters.filter(({ current }) => current).map(({ value }) => value),
    ),
  );
  const inUse: readonly MeshSize[] = ([255, 511] as const).filter((size) =>
    sizes.has(String(size)),
  );
  return (inUse.length === 0 ? [255 as const] : inUse).map((size) => {
    const clusterId = clusterIdOf(identity, size);
    const keys = clusters
      .filter(({ ids, maxConnectedClusters }) => {
        const numbering = maxConnectedClusters.find(({ current }) => current)?.value ?? '255';
        const has = ids.some(({ value, current }) => current && value === String(clusterId));
        return has && numbering === String(size);
      })
      .map(({ key }) => key);
    return {
      maxConnectedClusters: size,
      kind: identityKind(identity, size),
      ...(clusterId === undefined ? {} : { clusterId }),
      clusters: keys,
    };
  });
}
