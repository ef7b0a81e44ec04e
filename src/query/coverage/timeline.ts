// A node's window as one line: a character a bucket.
import type { CoverageWindow } from './facts.ts';
import { bucketCount, type Gap, type NodeFacts } from './gaps.ts';

export const TIMELINE = { full: '#', partly: '+', lost: 'x', dark: '_', none: '.' } as const;

/** A stream that was open for this part of a bucket counts as open. */
const OPEN = 0.9;

/** `gaps`: those of the node and of its whole cluster. */
export function timelineOf(node: NodeFacts, window: CoverageWindow, gaps: readonly Gap[]): string {
  let timeline = '';
  const count = bucketCount(window);
  for (let bucket = 0; bucket < count; bucket++) {
    timeline += character(node, window, bucket, gaps);
  }
  return timeline;
}

function character(
  node: NodeFacts,
  window: CoverageWindow,
  bucket: number,
  gaps: readonly Gap[],
): string {
  const from = window.sinceMs + bucket * window.bucketMs;
  const to = Math.min(window.untilMs, from + window.bucketMs);
  const fact = node.buckets.get(bucket);
  const here = gaps.filter((gap) => gap.fromMs < to && (gap.toMs > from || gap.fromMs >= from));
  const has = (reason: Gap['reason']) => here.some((gap) => gap.reason === reason);
  if (fact && fact.lostPerf + fact.lostQueue + fact.lostRing + fact.lostUnknown > 0)
    return TIMELINE.lost;
  if (fact && fact.oversize + fact.tooLarge > 0) return TIMELINE.lost;
  if (has('missing')) return TIMELINE.lost;
  if (has('dark') || has('restarted')) return TIMELINE.dark;
  if (has('not-collected')) return TIMELINE.none;
  if (node.continuity.complete.some((each) => each.fromMs <= from && each.toMs >= to))
    return TIMELINE.full;
  if (fact === undefined) return TIMELINE.none;
  // The last one is not over, or its last report not here.
  const full = bucket === bucketCount(window) - 1 ? fact.upMs : (to - from) * OPEN;
  return fact.upMs > 0 && fact.upMs >= full ? TIMELINE.full : TIMELINE.partly;
}
