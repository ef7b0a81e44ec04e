// When silence means that an incident is over: the coverage ledger says when each cluster was collected, and only
// collected time counts as silence.

import { MINUTE_NS, NS_PER_MS } from '../../runtime/time.ts';
import { bigint, rows, text } from '../../store/rows.ts';
import { param, sql, table } from '../../store/sql.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';
import { withinDateTime } from '../connections/missing.ts';

/** By cluster: an incident last seen before this time, nanoseconds since 1970, has been silent for long enough. */
export type WatchedSince = ReadonlyMap<string, bigint>;

export interface Silence {
  readonly now: bigint;
  /** Collected time that must pass without a denial, nanoseconds. */
  readonly quiet: bigint;
  /** Coverage before this time is not read. */
  readonly since: bigint;
}

/** Clusters that were not collected for `quiet` since `since` are left out. */
export async function readWatched(
  store: Reader,
  clusters: readonly string[],
  { now, quiet, since }: Silence,
  options?: QueryOptions,
): Promise<WatchedSince> {
  if (clusters.length === 0) return new Map();
  // Most clusters are collected all the time: the last minutes are enough for them.
  const near = now - 2n * quiet - 2n * MINUTE_NS;
  const found = await readInterval(store, clusters, { now, quiet, since: near }, options);
  const left = clusters.filter((cluster) => !found.has(cluster));
  if (left.length === 0 || since >= near) return found;
  return new Map([...found, ...(await readInterval(store, left, { now, quiet, since }, options))]);
}

/** Whether the cluster was collected for long enough since the incident was last seen. */
export function isSilent(
  watched: WatchedSince,
  { cluster, lastSeen }: { readonly cluster: string; readonly lastSeen: bigint },
): boolean {
  return lastSeen < (watched.get(cluster) ?? lastSeen);
}

async function readInterval(
  store: Reader,
  clusters: readonly string[],
  { now, quiet, since }: Silence,
  options?: QueryOptions,
): Promise<Map<string, bigint>> {
  const quietMs = param(quiet / NS_PER_MS, 'Int64');
  const seconds = (nanos: bigint) => param(withinDateTime(nanos), 'Int64');
  const back = sql`(PARTITION BY cluster ORDER BY to_ms DESC, from_ms ROWS UNBOUNDED PRECEDING)`;
  // A report covers `up_ms` before its `received_at`; two collectors of one cluster cover the same time once. Going back
  // from the newest report, `watched` is the time collected since `low`, so `low + watched - quiet` is the time wanted.
  const statement = sql`SELECT cluster, max(low + watched - ${quietMs}) FROM (
    SELECT cluster, low, sum(least(to_ms, before) - low) OVER ${back} AS watched FROM (
      SELECT *, lagInFrame(low, 1, to_ms) OVER ${back} AS before FROM (
        SELECT cluster, toUnixTimestamp64Milli(received_at) AS to_ms, to_ms - up_ms AS from_ms,
          min(from_ms) OVER ${back} AS low
        FROM ${table('coverage')}
        WHERE cluster IN ${param(clusters, 'Array(String)')} AND node = '' AND up_ms > 0
          AND minute BETWEEN fromUnixTimestamp(${seconds(since - MINUTE_NS)}) AND fromUnixTimestamp(${seconds(now)}))))
    WHERE watched >= ${quietMs} GROUP BY cluster`;
  const found = new Map<string, bigint>();
  for await (const { cluster, ms } of rows(
    store,
    statement,
    { cluster: text, ms: bigint },
    options,
  ))
    found.set(cluster, (ms + 1n) * NS_PER_MS);
  return found;
}
