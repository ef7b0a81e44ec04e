// Labels of many identities, each at its own time, in one question: what was learned late is so added to flows that were
// stored without it.
import type { QueryOptions, Reader } from '../../store/store.ts';

/** An end of a flow that has an identity and no labels. */
export interface UnlabelledEnd {
  /** Key of the cluster that handed the number out (`*_cluster`, else the observing cluster). */
  readonly cluster: string;
  readonly identity: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

// As AT of identities.ts: of what was seen by then what was seen last, else what was seen first afterwards.
const LABELS = `SELECT n, argMax(labels, if(first <= at,
      (1, toInt64(least(last, at)), toInt64(first)), (0, -toInt64(first), toInt64(0))))
  FROM (
    SELECT asked.1 AS n, asked.2 AS cluster, asked.3 AS identity, asked.4 AS at FROM (
      SELECT arrayJoin(arrayZip(arrayEnumerate({clusters:Array(String)}),
        {clusters:Array(String)}, {identities:Array(UInt32)}, {times:Array(Int64)})) AS asked)
  ) AS ends
  INNER JOIN (
    SELECT cluster, identity, slot, labels_hash, any(labels) AS labels,
      toUnixTimestamp64Milli(min(first_seen)) AS first, toUnixTimestamp64Milli(max(last_seen)) AS last
    FROM identities
    WHERE cluster IN {clusters:Array(String)} AND identity IN {identities:Array(UInt32)}
    GROUP BY cluster, identity, slot, labels_hash
  ) AS seen USING (cluster, identity)
  GROUP BY n`;

/** The labels of each end in its place; none where nothing is known. */
export async function labelsAt(
  store: Reader,
  ends: readonly UnlabelledEnd[],
  options: QueryOptions = {},
): Promise<readonly (readonly string[])[]> {
  const labels: (readonly string[])[] = ends.map(() => []);
  if (ends.length === 0) return labels;
  const params = {
    clusters: ends.map(({ cluster }) => cluster),
    identities: ends.map(({ identity }) => identity),
    times: ends.map(({ atMs }) => atMs),
  };
  for await (const [n, text] of store.query(LABELS, params, options))
    labels[Number(n) - 1] = String(text).split('\n');
  return labels;
}
