// Coverage of a window of the store: complete, or its gaps. Answers over history carry it.
import { MINUTE_MS } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { type CoverageWindow, readBuckets, readStreams, storedBetween } from './facts.ts';
import { type Gap, gapsOf, type NodeFacts, nodeFacts, type UncertainGap } from './gaps.ts';

export interface CoverageQuery {
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Keys; undefined is all. */
  readonly clusters?: readonly string[] | undefined;
  readonly nodes?: readonly string[] | undefined;
}

export interface Coverage {
  readonly window: CoverageWindow;
  /** True when every flow that any node saw in the window is there. */
  readonly complete: boolean;
  /** False when no collector reported anything in the window, not even that nothing came. */
  readonly collected: boolean;
  readonly gaps: readonly Gap[];
  /** By cluster and node; of a cluster, '' is its relay. */
  readonly clusters: ReadonlyMap<string, ReadonlyMap<string, NodeFacts>>;
}

const MAX_BUCKETS = 720;
/** Gaps whose count is checked against the flows stored between two reports. */
const MAX_CHECKED = 100;

/** Reads the ledger. `nowMs` is the present: a report of its minute may be on its way. */
export async function coverageOf(
  store: Reader,
  query: CoverageQuery,
  nowMs: number,
  signal?: AbortSignal,
): Promise<Coverage> {
  const window = windowOf(query, nowMs);
  const [buckets, streams] = [
    await readBuckets(store, window, signal),
    await readStreams(store, window, signal),
  ];
  const clusters = nodeFacts(buckets, streams);
  for (const name of query.clusters ?? []) if (!clusters.has(name)) clusters.set(name, new Map());
  const gaps: Gap[] = [];
  const uncertain: UncertainGap[] = [];
  for (const [cluster, nodes] of clusters) {
    const found = gapsOf(nodes, window);
    gaps.push(...found.gaps.map((gap) => ({ ...gap, cluster })));
    uncertain.push(...found.uncertain);
  }
  for (const [index, each] of uncertain.entries()) {
    const gap = index < MAX_CHECKED ? await withoutStored(store, each, signal) : each.gap;
    if (gap.count === undefined || gap.count.max > 0) gaps.push(gap);
  }
  gaps.sort((a, b) => a.fromMs - b.fromMs || a.cluster.localeCompare(b.cluster));
  const collected = buckets.length > 0;
  return { window, complete: collected && gaps.length === 0, collected, gaps, clusters };
}

/** Whole minutes, at most 720 buckets of them. */
export function windowOf(query: CoverageQuery, nowMs: number): CoverageWindow {
  const sinceMs = Math.floor(query.sinceMs / MINUTE_MS) * MINUTE_MS;
  const last = Math.min(query.untilMs, nowMs);
  const untilMs = Math.max(sinceMs + MINUTE_MS, Math.ceil(last / MINUTE_MS) * MINUTE_MS);
  const bucketMs = Math.ceil((untilMs - sinceMs) / MINUTE_MS / MAX_BUCKETS) * MINUTE_MS;
  const { clusters, nodes } = query;
  return { sinceMs, untilMs, bucketMs, clusters, nodes };
}

/** A collector that was killed had published more than it reported: what is stored is not missing. */
async function withoutStored(
  store: Reader,
  { gap, between: { lastMs, openedMs, fromMs } }: UncertainGap,
  signal: AbortSignal | undefined,
): Promise<Gap> {
  if (gap.count === undefined || openedMs <= lastMs) return gap;
  const stored = await storedBetween(store, gap, lastMs, openedMs, fromMs, signal);
  const { min, max } = gap.count;
  return { ...gap, count: { min: Math.max(0, min - stored), max: Math.max(0, max - stored) } };
}
