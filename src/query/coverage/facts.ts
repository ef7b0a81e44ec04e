// Reads the table `coverage`: what was received and lost of each node in each interval of the window, and the positions
// of the streams in the nodes' counts.
import { HOUR_MS, MINUTE_MS } from '../../runtime/time.ts';
import { allRows, firstRow, flag, number, text } from '../../store/rows.ts';
import { join, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';

export interface CoverageWindow {
  /** Milliseconds since 1970, whole minutes; `until` is not in it. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Length of a bucket of the timeline: whole minutes. */
  readonly bucketMs: number;
  /** Keys; undefined is all. */
  readonly clusters?: readonly string[] | undefined;
  readonly nodes?: readonly string[] | undefined;
}

/** What is known of one node (of the whole relay when it is '') in one bucket. */
export interface BucketFact {
  readonly cluster: string;
  readonly node: string;
  readonly bucket: number;
  readonly upMs: number;
  readonly pausedMs: number;
  readonly received: number;
  readonly repeated: number;
  readonly lostUnknown: number;
  readonly lostPerf: number;
  readonly lostQueue: number;
  readonly lostRing: number;
  readonly oversize: number;
  readonly tooLarge: number;
  readonly foreign: number;
  readonly delays: number;
  readonly delayP50Ms: number;
  readonly delayMaxMs: number;
  /** How far the node's clock is ahead; undefined when no flow showed it. */
  readonly skewMs: number | undefined;
  readonly seenFirst: number;
  readonly seenLast: number;
}

/** The part of a node's count of flows that one stream has read. */
export interface StreamFact {
  readonly cluster: string;
  readonly node: string;
  readonly openedMs: number;
  /** When the node's count began; 0: unknown. */
  readonly bootMs: number;
  /** It begins within `start - slack` and `start`; undefined when that is not known. */
  readonly start: number | undefined;
  readonly slack: number;
  /** Its length. */
  readonly position: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  /** End of the last report. */
  readonly lastMs: number;
}

/** Streams that ended before the window or began after it bound what was missed between: looked for this far. */
const MARGIN_MS = HOUR_MS;
const SLOT_MS = 5 * MINUTE_MS;

const BUCKET = {
  cluster: text,
  node: text,
  bucket: number,
  upMs: number,
  pausedMs: number,
  received: number,
  repeated: number,
  lostUnknown: number,
  lostPerf: number,
  lostQueue: number,
  lostRing: number,
  oversize: number,
  tooLarge: number,
  foreign: number,
  delays: number,
  delayP50Ms: number,
  delayMaxMs: number,
  skewKnown: flag,
  skew: number,
  seenFirst: number,
  seenLast: number,
};

export async function readBuckets(
  store: Reader,
  window: CoverageWindow,
  signal?: AbortSignal,
): Promise<BucketFact[]> {
  const bucket = sql`intDiv(toUnixTimestamp(minute) - ${seconds(window.sinceMs)}, ${param(BigInt(window.bucketMs / 1000), 'Int64')})`;
  const statement = sql`SELECT cluster, node, ${bucket} AS bucket,
    sum(up_ms), sum(paused_ms), sum(received), sum(repeated),
    sum(lost_unknown), sum(lost_perf), sum(lost_queue), sum(lost_ring),
    sum(oversize), sum(too_large), sum(foreign),
    sum(delays), quantileExactWeighted(0.5)(delay_p50_ms, delays), max(delay_max_ms),
    max(skew_known), maxIf(skew_ms, skew_known = 1), minIf(seen, seen > 0), max(seen)
  FROM ${table('coverage')} WHERE ${conditions(window, 0)}
  GROUP BY cluster, node, bucket ORDER BY cluster, node, bucket`;
  const facts = await allRows(store, statement, BUCKET, { signal });
  return facts.map(({ skewKnown, skew, ...fact }) => ({
    ...fact,
    skewMs: skewKnown ? skew : undefined,
  }));
}

const STREAM = {
  cluster: text,
  node: text,
  openedMs: number,
  bootMs: number,
  placed: flag,
  start: number,
  slack: number,
  position: number,
  oldestMs: number,
  newestMs: number,
  lastMs: number,
};

export async function readStreams(
  store: Reader,
  window: CoverageWindow,
  signal?: AbortSignal,
): Promise<StreamFact[]> {
  const last = (name: Sql) => sql`argMax(${name}, (received_at, final))`;
  const statement = sql`SELECT cluster, node, ${last(sql`opened_ms`)}, ${last(sql`boot_ms`)}, ${last(sql`placed`)},
    ${last(sql`start`)}, ${last(sql`slack`)}, ${last(sql`position`)},
    minIf(oldest_ms, oldest_ms > 0), max(newest_ms), toUnixTimestamp64Milli(max(received_at))
  FROM ${table('coverage')} WHERE ${conditions(window, MARGIN_MS)} AND node != '' AND position > 0
  GROUP BY cluster, node, collector, stream`;
  const facts = await allRows(store, statement, STREAM, { signal });
  return facts.map(({ placed, start, ...fact }) => ({
    ...fact,
    start: placed ? start : undefined,
  }));
}

/** Different flows of a node that were stored between two moments of arrival, and are of a time around them. */
export async function storedBetween(
  store: Reader,
  { cluster, node }: { readonly cluster: string; readonly node: string },
  fromMs: number,
  untilMs: number,
  oldestMs: number,
  signal?: AbortSignal,
): Promise<number> {
  const time = (ms: number) => sql`fromUnixTimestamp64Milli(${param(BigInt(ms), 'Int64')}, 'UTC')`;
  const slot = (ms: number) => param(Math.floor(ms / SLOT_MS), 'Int32');
  const statement = sql`SELECT count() FROM ${table('flows')}
    WHERE cluster = ${param(cluster, 'String')} AND node_name = ${param(node, 'String')}
    AND received_at >= ${time(fromMs)} AND received_at < ${time(untilMs)}
    AND time_slot BETWEEN ${slot(Math.min(oldestMs, fromMs) - MARGIN_MS)} AND ${slot(untilMs + MARGIN_MS)}`;
  return (await firstRow(store, statement, { count: number }, { signal }))?.count ?? 0;
}

function conditions({ sinceMs, untilMs, clusters, nodes }: CoverageWindow, marginMs: number): Sql {
  const parts = [
    sql`minute >= fromUnixTimestamp(${seconds(sinceMs - marginMs)})`,
    sql`minute < fromUnixTimestamp(${seconds(untilMs + marginMs)})`,
  ];
  if (clusters !== undefined) parts.push(sql`cluster IN ${param(clusters, 'Array(String)')}`);
  if (nodes !== undefined) parts.push(sql`(node = '' OR node IN ${param(nodes, 'Array(String)')})`);
  return join(parts, sql` AND `);
}

function seconds(ms: number): Sql {
  return param(BigInt(Math.max(0, Math.floor(ms / 1000))), 'Int64');
}
