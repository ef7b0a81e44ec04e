// Gaps between the streams of one node. A node numbers its flows and each stream reads a range of those numbers; numbers in
// no range were overwritten in the node's ring before they were read.
import type { StreamFact } from './facts.ts';

/** Flows that are missing: exactly so many when both are the same. */
export interface Count {
  readonly min: number;
  readonly max: number;
}

/** Flows between two streams of a node that neither has. */
export interface SequenceGap {
  /** Flow time of the last that is there before it, and of the first behind it, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Undefined when the node restarted within it: its count began again. */
  readonly count: Count | undefined;
  /** Arrival: end of what the stream before reported, and when the one behind was opened. */
  readonly lastMs: number;
  readonly openedMs: number;
}

/** An interval that is known to be complete, by flow times. */
export interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface NodeContinuity {
  /** What the node had seen before any stream began, from its start on; undefined when that is nothing, or not known. */
  readonly before: SequenceGap | undefined;
  readonly gaps: readonly SequenceGap[];
  /** From the first to the last flow of streams without a gap between them. */
  readonly complete: readonly Interval[];
}

/** Start times of one run of a node, as calculated from several answers, differ by no more. */
const SAME_BOOT_MS = 10_000;
/** What a node saw between its last flow with us and its end is not known, unless it ended this soon after. */
const AT_ONCE_MS = 2_000;

/** `streams` of one node, in any order. */
export function continuityOf(streams: readonly StreamFact[]): NodeContinuity {
  const gaps: SequenceGap[] = [];
  const complete: Interval[] = [];
  let before: SequenceRange | undefined;
  let unread: SequenceGap | undefined;
  for (const run of runsOf(streams)) {
    const ranges = rangesOf(run);
    const [first] = ranges;
    if (first !== undefined && before !== undefined) gaps.push(...restartGaps(before, first));
    // Only what is sure: a young stream's place may be uncertain by a few flows.
    else if (first !== undefined && first.low > 0) unread = unreadOf(first);
    for (const [i, range] of ranges.entries()) {
      complete.push({ fromMs: range.oldestMs, toMs: range.newestMs });
      const next = ranges[i + 1];
      if (next === undefined) continue;
      const max = next.high - (range.low + range.length);
      const min = Math.max(0, next.low - (range.high + range.length));
      gaps.push(gapBetween(range, next, { min, max }));
    }
    before = ranges.at(-1) ?? before;
  }
  return { gaps, complete, before: unread };
}

/** Overlapping streams as one. */
interface SequenceRange {
  /** Where it begins, at least and at most. */
  readonly low: number;
  readonly high: number;
  length: number;
  readonly bootMs: number;
  readonly openedMs: number;
  oldestMs: number;
  newestMs: number;
  lastMs: number;
}

function runsOf(streams: readonly StreamFact[]): StreamFact[][] {
  const placed = streams.filter(({ start, bootMs }) => start !== undefined && bootMs > 0);
  const result: StreamFact[][] = [];
  for (const stream of placed.toSorted((a, b) => a.bootMs - b.bootMs)) {
    const run = result.at(-1);
    const [first] = run ?? [];
    if (run && first && stream.bootMs - first.bootMs <= SAME_BOOT_MS) run.push(stream);
    else result.push([stream]);
  }
  return result;
}

function rangesOf(run: readonly StreamFact[]): SequenceRange[] {
  const result: SequenceRange[] = [];
  for (const stream of run.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0))) {
    const high = stream.start ?? 0;
    const low = high - stream.slack;
    const last = result.at(-1);
    if (last && high <= last.low + last.length) {
      // The sum of both; how far the later one reaches is as uncertain as the earlier one's start.
      last.length = Math.max(last.length, high + stream.position - last.high);
      last.newestMs = Math.max(last.newestMs, stream.newestMs);
      last.oldestMs = Math.min(last.oldestMs, stream.oldestMs);
      last.lastMs = Math.max(last.lastMs, stream.lastMs);
      continue;
    }
    const { position, bootMs, openedMs, oldestMs, newestMs, lastMs } = stream;
    result.push({ low, high, length: position, bootMs, openedMs, oldestMs, newestMs, lastMs });
  }
  return result;
}

function gapBetween(
  before: SequenceRange,
  next: SequenceRange,
  count: Count | undefined,
): SequenceGap {
  const fromMs = before.newestMs;
  return {
    fromMs,
    toMs: Math.max(fromMs, next.oldestMs),
    count,
    lastMs: before.lastMs,
    openedMs: next.openedMs,
  };
}

function unreadOf({ low, high, bootMs, oldestMs, openedMs }: SequenceRange): SequenceGap {
  const count = { min: Math.max(0, low), max: high };
  return { fromMs: Math.min(bootMs, oldestMs), toMs: oldestMs, count, lastMs: bootMs, openedMs };
}

/** The node restarted: what its new run saw before the first stream is counted, the end of the old run is not. */
function restartGaps(before: SequenceRange, first: SequenceRange): SequenceGap[] {
  const gaps: SequenceGap[] = [];
  if (first.bootMs - before.newestMs > AT_ONCE_MS || before.lastMs < first.bootMs) {
    gaps.push({
      ...gapBetween(before, first, undefined),
      toMs: Math.max(before.newestMs, first.bootMs),
    });
  }
  if (first.high > 0) {
    const head = gapBetween(before, first, { min: Math.max(0, first.low), max: first.high });
    gaps.push({ ...head, fromMs: Math.min(head.toMs, Math.max(head.fromMs, first.bootMs)) });
  }
  return gaps;
}
