// Labels of many identities, each at its own time, in one statement: for flows that were stored before their labels were
// known.
import { number, rows, text } from '../../store/rows.ts';
import { param, type Sql, sql, table } from '../../store/sql.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';

/** An end of a flow that has an identity and no labels. */
export interface UnlabelledEnd {
  /** Key of the cluster that handed the number out (`*_cluster`, else the observing cluster). */
  readonly cluster: string;
  readonly identity: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** The labels of each end in its place; none where nothing is known. */
export async function labelsAt(
  store: Reader,
  ends: readonly UnlabelledEnd[],
  options: QueryOptions = {},
): Promise<readonly (readonly string[])[]> {
  const labels: (readonly string[])[] = ends.map(() => []);
  if (ends.length === 0) return labels;
  for await (const { n, lines } of rows(store, labelsOf(ends), { n: number, lines: text }, options))
    labels[n - 1] = lines.split('\n');
  return labels;
}

// As `observedAt` of identities.ts: the last observation by then, else the first afterwards.
function labelsOf(ends: readonly UnlabelledEnd[]): Sql {
  const clusters = param(
    ends.map(({ cluster }) => cluster),
    'Array(String)',
  );
  const identities = param(
    ends.map(({ identity }) => identity),
    'Array(UInt32)',
  );
  const times = param(
    ends.map(({ atMs }) => atMs),
    'Array(Int64)',
  );
  return sql`SELECT n, argMax(labels, if(first <= at,
      (1, toInt64(least(last, at)), toInt64(first)), (0, -toInt64(first), toInt64(0))))
  FROM (
    SELECT asked.1 AS n, asked.2 AS cluster, asked.3 AS identity, asked.4 AS at FROM (
      SELECT arrayJoin(arrayZip(arrayEnumerate(${clusters}), ${clusters}, ${identities}, ${times})) AS asked)
  ) AS ends
  INNER JOIN (
    SELECT cluster, identity, slot, labels_hash, any(labels) AS labels,
      toUnixTimestamp64Milli(min(first_seen)) AS first, toUnixTimestamp64Milli(max(last_seen)) AS last
    FROM ${table('identities')}
    WHERE cluster IN ${clusters} AND identity IN ${identities}
    GROUP BY cluster, identity, slot, labels_hash
  ) AS seen USING (cluster, identity)
  GROUP BY n`;
}
