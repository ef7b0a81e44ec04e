// Reads the table `coverage`: what was received and lost of each node in each stretch of the window, and where the
// streams stood in the nodes' counts.
import { HOUR_MS } from '../../runtime/time.ts';
import type { QueryParams, Reader } from '../../store/store.ts';

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
  /** How far the node's clock is ahead; undefined when no flow told. */
  readonly skewMs: number | undefined;
  readonly seenFirst: number;
  readonly seenLast: number;
}

/** One stream's stretch of a node's count of flows. */
export interface StreamFact {
  readonly cluster: string;
  readonly node: string;
  readonly openedMs: number;
  /** When the node's count began; 0: unknown. */
  readonly bootMs: number;
  /** The stretch begins within `start - slack` and `start`; undefined when that is not known. */
  readonly start: number | undefined;
  readonly slack: number;
  /** Its length. */
  readonly position: number;
  readonly oldestMs: number;
  readonly newestMs: number;
  /** End of the last report. */
  readonly lastMs: number;
}

/** Streams that stood before the window, or began behind it, say what lies between: looked for this far. */
const MARGIN_MS = HOUR_MS;

export async function readBuckets(
  store: Reader,
  window: CoverageWindow,
  signal?: AbortSignal,
): Promise<BucketFact[]> {
  const { where, params } = conditions(window, 0);
  const sql = `SELECT cluster, node, intDiv(toUnixTimestamp(minute) - {since:Int64}, {bucket:Int64}) AS bucket,
    sum(up_ms), sum(paused_ms), sum(received), sum(repeated),
    sum(lost_unknown), sum(lost_perf), sum(lost_queue), sum(lost_ring),
    sum(oversize), sum(too_large), sum(foreign),
    sum(delays), quantileExactWeighted(0.5)(delay_p50_ms, delays), max(delay_max_ms),
    max(skew_known), maxIf(skew_ms, skew_known = 1), minIf(seen, seen > 0), max(seen)
  FROM coverage WHERE ${where} GROUP BY cluster, node, bucket ORDER BY cluster, node, bucket`;
  const facts: BucketFact[] = [];
  const all = { ...params, bucket: BigInt(window.bucketMs / 1000) };
  for await (const row of store.query(sql, all, signal && { signal })) {
    const n = (index: number) => Number(row[index]);
    facts.push({
      cluster: String(row[0]),
      node: String(row[1]),
      bucket: n(2),
      upMs: n(3),
      pausedMs: n(4),
      received: n(5),
      repeated: n(6),
      lostUnknown: n(7),
      lostPerf: n(8),
      lostQueue: n(9),
      lostRing: n(10),
      oversize: n(11),
      tooLarge: n(12),
      foreign: n(13),
      delays: n(14),
      delayP50Ms: n(15),
      delayMaxMs: n(16),
      skewMs: n(17) === 1 ? n(18) : undefined,
      seenFirst: n(19),
      seenLast: n(20),
    });
  }
  return facts;
}

export async function readStreams(
  store: Reader,
  window: CoverageWindow,
  signal?: AbortSignal,
): Promise<StreamFact[]> {
  const { where, params } = conditions(window, MARGIN_MS);
  const sql = `SELECT cluster, node, argMax(opened_ms, (received_at, final)), argMax(boot_ms, (received_at, final)), argMax(placed, (received_at, final)),
    argMax(start, (received_at, final)), argMax(slack, (received_at, final)), argMax(position, (received_at, final)),
    minIf(oldest_ms, oldest_ms > 0), max(newest_ms), toUnixTimestamp64Milli(max(received_at))
  FROM coverage WHERE ${where} AND node != '' AND position > 0
  GROUP BY cluster, node, collector, stream`;
  const facts: StreamFact[] = [];
  for await (const row of store.query(sql, params, signal && { signal })) {
    const n = (index: number) => Number(row[index]);
    facts.push({
      cluster: String(row[0]),
      node: String(row[1]),
      openedMs: n(2),
      bootMs: n(3),
      start: n(4) === 1 ? n(5) : undefined,
      slack: n(6),
      position: n(7),
      oldestMs: n(8),
      newestMs: n(9),
      lastMs: n(10),
    });
  }
  return facts;
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
  const sql = `SELECT count() FROM flows WHERE cluster = {cluster:String} AND node_name = {node:String}
    AND received_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND received_at < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
    AND time_slot BETWEEN {slotFrom:Int32} AND {slotUntil:Int32}`;
  const slot = (ms: number) => Math.floor(ms / 300_000);
  const params = {
    cluster,
    node,
    from: BigInt(fromMs),
    until: BigInt(untilMs),
    slotFrom: slot(Math.min(oldestMs, fromMs) - MARGIN_MS),
    slotUntil: slot(untilMs + MARGIN_MS),
  };
  for await (const [count] of store.query(sql, params, signal && { signal })) return Number(count);
  return 0;
}

function conditions(
  { sinceMs, untilMs, clusters, nodes }: CoverageWindow,
  marginMs: number,
): { readonly where: string; readonly params: QueryParams } {
  const seconds = (ms: number) => BigInt(Math.max(0, Math.floor(ms / 1000)));
  const parts = [
    'minute >= fromUnixTimestamp({from:Int64})',
    'minute < fromUnixTimestamp({to:Int64})',
  ];
  const params: Record<string, bigint | readonly string[]> = {
    since: seconds(sinceMs),
    from: seconds(sinceMs - marginMs),
    to: seconds(untilMs + marginMs),
  };
  if (clusters !== undefined) {
    parts.push('cluster IN {clusters:Array(String)}');
    params.clusters = clusters;
  }
  if (nodes !== undefined) {
    parts.push(`(node = '' OR node IN {nodes:Array(String)})`);
    params.nodes = nodes;
  }
  return { where: parts.join(' AND '), params };
}
