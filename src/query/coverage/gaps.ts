import type { BucketFact, CoverageWindow, StreamFact } from './facts.ts';
import { type Count, continuityOf, type NodeContinuity, type SequenceGap } from './intervals.ts';

export type GapReason =
  /** No collector reported anything of the cluster, or the node had seen flows before one did. */
  | 'not-collected'
  /** The stream was not open, or the node not connected, and nothing proves that all was fetched later. */
  | 'dark'
  /** Overwritten in the node's ring while nobody read it. */
  | 'missing'
  /** The node restarted, and what it saw before is not known. */
  | 'restarted'
  /** Reported by the node or relay as lost. */
  | 'lost'
  /** Dropped by the collector: too large. */
  | 'dropped';

export interface Gap {
  readonly cluster: string;
  /** Empty: the whole cluster. */
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: GapReason;
  /** Undefined: not known. */
  readonly count: Count | undefined;
}

/** A gap with the two streams around it. */
export interface UncertainGap {
  readonly gap: Gap;
  readonly between: SequenceGap;
}

export interface NodeFacts {
  readonly cluster: string;
  readonly node: string;
  readonly buckets: ReadonlyMap<number, BucketFact>;
  readonly continuity: NodeContinuity;
}

/** Nodes by cluster; the entry '' of a cluster is its relay. */
export function nodeFacts(
  buckets: readonly BucketFact[],
  streams: readonly StreamFact[],
): Map<string, Map<string, NodeFacts>> {
  const clusters = new Map<string, Map<string, { b: BucketFact[]; s: StreamFact[] }>>();
  const entry = (cluster: string, node: string) => {
    const nodes = clusters.get(cluster) ?? new Map<string, { b: BucketFact[]; s: StreamFact[] }>();
    clusters.set(cluster, nodes);
    const found = nodes.get(node) ?? { b: [], s: [] };
    nodes.set(node, found);
    return found;
  };
  for (const fact of buckets) entry(fact.cluster, fact.node).b.push(fact);
  for (const fact of streams) entry(fact.cluster, fact.node).s.push(fact);
  return new Map(
    [...clusters].map(([cluster, nodes]) => [
      cluster,
      new Map(
        [...nodes].map(([node, { b, s }]) => [
          node,
          {
            cluster,
            node,
            buckets: new Map(b.map((fact) => [fact.bucket, fact])),
            continuity: continuityOf(s),
          },
        ]),
      ),
    ]),
  );
}

/** True for a node of another cluster, of which only dropped flows are known. */
export function isForeign({ buckets, continuity }: NodeFacts): boolean {
  if (buckets.size === 0 || continuity.complete.length > 0) return false;
  return [...buckets.values()].every(
    ({ foreign, upMs, received, seenLast }) => foreign > 0 && upMs + received + seenLast === 0,
  );
}

/** The gaps of a cluster's nodes. The counts of those in `uncertain` are an upper bound: see `withoutStored`. */
export function gapsOf(
  nodes: ReadonlyMap<string, NodeFacts>,
  window: CoverageWindow,
): { readonly gaps: Gap[]; readonly uncertain: readonly UncertainGap[] } {
  const gaps: Gap[] = [];
  const uncertain: UncertainGap[] = [];
  const reported = reportedBuckets(nodes, window);
  const own = [...nodes.values()].filter((each) => each.node !== '' && !isForeign(each));
  for (const [from, to] of runs(window, (bucket) => !reported.has(bucket))) {
    // Unless every node's flows were fetched later or are counted as missing, the cluster was not collected.
    if (
      own.length > 0 &&
      (own.every((node) => isComplete(node, from, to)) ||
        own.every((node) => isKnown(node, from, to)))
    )
      continue;
    const cluster = own[0]?.cluster ?? [...nodes.values()][0]?.cluster ?? '';
    gaps.push({
      cluster,
      node: '',
      fromMs: from,
      toMs: to,
      reason: 'not-collected',
      count: undefined,
    });
  }
  for (const node of own) {
    const at = { cluster: node.cluster, node: node.node };
    gaps.push(...darkOf(node, window, reported));
    for (const each of node.continuity.gaps) {
      if (each.toMs < window.sinceMs || each.fromMs >= window.untilMs) continue;
      const reason = each.count === undefined ? 'restarted' : 'missing';
      const gap: Gap = { ...at, fromMs: each.fromMs, toMs: each.toMs, reason, count: each.count };
      uncertain.push({ gap, between: each });
    }
    // Of a node that started before the window, how much of it is within is not known.
    const { before } = node.continuity;
    if (before && before.fromMs >= window.sinceMs && before.fromMs < window.untilMs) {
      const { fromMs, toMs, count } = before;
      const gap: Gap = { ...at, fromMs, toMs, reason: 'not-collected', count };
      uncertain.push({ gap, between: before });
    }
    gaps.push(
      ...summed(node, window, 'lost', lostIn),
      ...summed(node, window, 'dropped', droppedIn),
    );
  }
  const relay = nodes.get('');
  if (relay) gaps.push(...summed(relay, window, 'dropped', droppedIn));
  return { gaps, uncertain };
}

export function lostIn(fact: BucketFact): number {
  return fact.lostUnknown + fact.lostPerf + fact.lostQueue + fact.lostRing;
}

export function droppedIn({ oversize, tooLarge }: BucketFact): number {
  return oversize + tooLarge;
}

/** The node's dark buckets that are not known to be complete and that no gap accounts for. */
function darkOf(node: NodeFacts, window: CoverageWindow, reported: ReadonlySet<number>): Gap[] {
  const known = [...node.buckets.keys()];
  const first = Math.min(...known);
  const last = Math.max(...known);
  const dark = (bucket: number) => {
    if (bucket < first || bucket > last || !reported.has(bucket)) return false;
    const fact = node.buckets.get(bucket);
    return fact === undefined || fact.upMs === 0;
  };
  return runs(window, dark)
    .filter(([from, to]) => !isComplete(node, from, to) && !isKnown(node, from, to))
    .map(([fromMs, toMs]) => ({
      cluster: node.cluster,
      node: node.node,
      fromMs,
      toMs,
      reason: 'dark',
      count: undefined,
    }));
}

function isComplete({ continuity }: NodeFacts, fromMs: number, toMs: number): boolean {
  return continuity.complete.some((each) => each.fromMs <= fromMs && each.toMs >= toMs);
}

/** Gaps and complete intervals together account for all of it. */
function isKnown({ continuity }: NodeFacts, fromMs: number, toMs: number): boolean {
  const parts = [
    ...continuity.complete,
    ...continuity.gaps.filter(({ count }) => count !== undefined),
  ].toSorted((a, b) => a.fromMs - b.fromMs);
  let reached = fromMs;
  for (const part of parts) {
    if (part.fromMs > reached) break;
    reached = Math.max(reached, part.toMs);
  }
  return reached >= toMs;
}

function summed(
  { cluster, node, buckets }: NodeFacts,
  window: CoverageWindow,
  reason: GapReason,
  amount: (fact: BucketFact) => number,
): Gap[] {
  const hit = [...buckets.values()].filter((fact) => amount(fact) > 0);
  if (hit.length === 0) return [];
  const total = hit.reduce((sum, fact) => sum + amount(fact), 0);
  const at = (bucket: number) => window.sinceMs + bucket * window.bucketMs;
  const numbers = hit.map(({ bucket }) => bucket);
  const [fromMs, toMs] = [at(Math.min(...numbers)), at(Math.max(...numbers) + 1)];
  return [{ cluster, node, fromMs, toMs, reason, count: { min: total, max: total } }];
}

function reportedBuckets(nodes: ReadonlyMap<string, NodeFacts>, window: CoverageWindow) {
  const reported = new Set<number>();
  for (const { buckets } of nodes.values())
    for (const bucket of buckets.keys()) reported.add(bucket);
  // The last report may be on its way still.
  const last = bucketCount(window) - 1;
  if (reported.has(last - 1)) reported.add(last);
  return reported;
}

export function bucketCount({ sinceMs, untilMs, bucketMs }: CoverageWindow): number {
  return Math.max(0, Math.ceil((untilMs - sinceMs) / bucketMs));
}

/** Runs of buckets for which `holds`, as times within the window. */
function runs(window: CoverageWindow, holds: (bucket: number) => boolean): [number, number][] {
  const result: [number, number][] = [];
  const count = bucketCount(window);
  const at = (bucket: number) =>
    Math.min(window.untilMs, window.sinceMs + bucket * window.bucketMs);
  let from: number | undefined;
  for (let bucket = 0; bucket <= count; bucket++) {
    if (bucket < count && holds(bucket)) from ??= bucket;
    else if (from !== undefined) {
      result.push([at(from), at(bucket)]);
      from = undefined;
    }
  }
  return result;
}
