// The labels of an identity number by cluster and time, and what the number itself says. Cilium reuses numbers after a
// while, so labels always go with a time.
import {
  clusterIdOf,
  type IdentityKind,
  identityKind,
  isNodeLocal,
  type MeshSize,
  RESERVED_IDENTITIES,
} from '../../hubble/identity.ts';
import { allRows, number, type Row, text } from '../../store/rows.ts';
import { allOf, param, type Sql, sql, table } from '../../store/sql.ts';
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
  /** The sources. */
  readonly origins: readonly ('flow' | 'kubernetes')[];
  /** ISO times of the first and last observation. */
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

const PERIOD = {
  cluster: text,
  identity: number,
  labels: text,
  origin: number,
  firstMs: number,
  lastMs: number,
};
type Observed = Row<typeof PERIOD>;

/** Rows of one observation that are not merged yet, and the same one from flows and from Kubernetes, as one. */
function observed({ identity, cluster }: IdentityQuery): Sql {
  const conditions = [
    ...(identity ? [sql`identity = ${param(identity, 'UInt32')}`] : []),
    ...(cluster ? [sql`cluster = ${param(cluster, 'String')}`] : []),
  ];
  return sql`SELECT cluster, identity, slot, labels_hash, any(labels) AS labels, groupBitOr(origin) AS origin,
    min(first_seen) AS first, max(last_seen) AS last
  FROM ${table('identities')} WHERE ${allOf(conditions)} GROUP BY cluster, identity, slot, labels_hash`;
}

function historyOf(query: IdentityQuery): Sql {
  return sql`SELECT cluster, identity, labels, origin,
    toUnixTimestamp64Milli(first), toUnixTimestamp64Milli(last)
  FROM (${observed(query)}) ORDER BY cluster, identity, first, last LIMIT ${param(query.limit, 'UInt64')}`;
}

/**
 * Of what was observed by then, the last; of two at once the one that began later. Where nothing was, the first observed
 * afterwards.
 */
function observedAt(query: IdentityQuery, atMs: number): Sql {
  return sql`SELECT cluster, identity, argMax(labels, rank), argMax(origin, rank),
    toUnixTimestamp64Milli(argMax(first, rank)), toUnixTimestamp64Milli(argMax(last, rank))
  FROM (
    SELECT *, fromUnixTimestamp64Milli(${param(atMs, 'Int64')}, 'UTC') AS asked,
      if(first <= asked,
        (1, toUnixTimestamp64Milli(least(last, asked)), toUnixTimestamp64Milli(first)),
        (0, -toUnixTimestamp64Milli(first), toInt64(0))) AS rank
    FROM (${observed(query)})
  ) GROUP BY cluster, identity ORDER BY cluster, identity LIMIT ${param(query.limit, 'UInt64')}`;
}

/** Far in the future: the last observation. */
const NOW_MS = 9_000_000_000_000;

export async function queryIdentities(
  store: Reader,
  query: IdentityQuery,
  options: QueryOptions = {},
): Promise<IdentitiesAnswer> {
  const { identity, atMs } = query;
  if (identity !== undefined && (isNodeLocal(identity) || identity <= 255))
    return { ...numberOf(identity), numbers: [], periods: [] };
  const onlyOne = atMs !== undefined || identity === undefined;
  const at = atMs ?? NOW_MS;
  const statement = onlyOne ? observedAt(query, at) : historyOf(query);
  const rows = await allRows(store, statement, PERIOD, options);
  const periods = onlyOne
    ? rows.map((row) => ({
        ...period([row]),
        ...(atMs === undefined ? {} : { seenBefore: row.firstMs <= at }),
      }))
    : periodsOf(rows);
  if (identity === undefined) return { periods };
  const numbers = await numbersOf(store, identity, options);
  return { ...numberOf(identity), numbers, periods };
}

/** Observations in order of time, joined to the periods in which a number had its labels. */
function periodsOf(rows: readonly Observed[]): readonly IdentityPeriod[] {
  const periods: Observed[][] = [];
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

/** At least one observation, all of the same labels. */
function period(rows: readonly Observed[]): IdentityPeriod {
  const [head] = rows;
  if (head === undefined) throw new Error('a period has an observation');
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
