// Since when silence means that it is over: the coverage ledger says in which minutes a cluster was collected, and
// silence counts only while somebody listens.
import { MINUTE_NS, SECOND_NS } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';

/** By cluster: what was not seen from this moment on was listened for long enough. Without one it was not. */
export type ListenedSince = ReadonlyMap<string, bigint>;

export interface Listening {
  readonly now: bigint;
  /** How long to listen, nanoseconds. */
  readonly quiet: bigint;
  /** How far back anybody will ask. */
  readonly since: bigint;
}

export async function readListened(
  store: Reader,
  clusters: readonly string[],
  { now, quiet, since }: Listening,
  signal?: AbortSignal,
): Promise<ListenedSince> {
  if (clusters.length === 0) return new Map();
  // Most clusters are always collected: then the last minutes tell.
  const near = now - 2n * quiet - 2n * MINUTE_NS;
  const found = await minutes(store, clusters, { now, quiet, since: near }, signal);
  const left = clusters.filter((cluster) => !found.has(cluster));
  if (left.length === 0 || since >= near) return found;
  return new Map([...found, ...(await minutes(store, left, { now, quiet, since }, signal))]);
}

async function minutes(
  store: Reader,
  clusters: readonly string[],
  { now, quiet, since }: Listening,
  signal: AbortSignal | undefined,
): Promise<Map<string, bigint>> {
  const wanted = (quiet + MINUTE_NS - 1n) / MINUTE_NS;
  const sql =
    'SELECT cluster, arrayReverseSort(groupUniqArray(intDiv(toUnixTimestamp(minute), 60)))[{wanted:UInt32}] AS at ' +
    "FROM coverage WHERE cluster IN {clusters:Array(String)} AND node = '' AND up_ms > 0 " +
    'AND minute BETWEEN fromUnixTimestamp({since:Int64}) AND fromUnixTimestamp({now:Int64}) ' +
    'GROUP BY cluster HAVING at > 0';
  const params = {
    clusters,
    wanted: wanted < 1n ? 1n : wanted,
    since: seconds(since),
    now: seconds(now),
  };
  const found = new Map<string, bigint>();
  for await (const [cluster, minute] of store.query(sql, params, signal && { signal }))
    found.set(String(cluster), BigInt(String(minute)) * MINUTE_NS);
  return found;
}

/** What DateTime can hold. */
function seconds(nanos: bigint): bigint {
  const value = nanos / SECOND_NS;
  return value < 0n ? 0n : value > 4_294_967_295n ? 4_294_967_295n : value;
}
