// How long a cluster was collected since a moment, as the coverage ledger says: silence counts only while somebody
// listens.
import type { Reader } from '../../store/store.ts';

export interface Watched {
  /** Nanoseconds from `since` to now in which the cluster's stream was open, to the minute. */
  since(cluster: string, since: bigint): bigint;
}

const MINUTE = 60_000_000_000n;
const SECOND = 1_000_000_000n;

/** `since` is how far back anybody will ask. */
export async function readWatched(
  store: Reader,
  clusters: readonly string[],
  { since, now }: { readonly since: bigint; readonly now: bigint },
  signal?: AbortSignal,
): Promise<Watched> {
  const minutes = new Map<string, readonly number[]>();
  if (clusters.length > 0) {
    const sql =
      'SELECT cluster, arraySort(groupUniqArray(toUInt32(intDiv(toUnixTimestamp(minute), 60)))) FROM coverage ' +
      "WHERE cluster IN {clusters:Array(String)} AND node = '' AND up_ms > 0 " +
      'AND minute BETWEEN fromUnixTimestamp({since:Int64}) AND fromUnixTimestamp({now:Int64}) GROUP BY cluster';
    const params = { clusters, since: seconds(since), now: seconds(now) };
    for await (const [cluster, list] of store.query(sql, params, signal && { signal }))
      minutes.set(String(cluster), Array.isArray(list) ? list.map(Number) : []);
  }
  return {
    since(cluster, from) {
      const first = Number(from / MINUTE);
      const seen = (minutes.get(cluster) ?? []).filter((minute) => minute > first);
      return BigInt(seen.length) * MINUTE;
    },
  };
}

/** What DateTime can hold. */
function seconds(nanos: bigint): bigint {
  const value = nanos / SECOND;
  return value < 0n ? 0n : value > 4_294_967_295n ? 4_294_967_295n : value;
}
