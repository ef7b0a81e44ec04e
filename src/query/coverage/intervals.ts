// What lies between the streams of one node. A node numbers its flows; each stream gives a stretch of those numbers;
// what no stretch has was overwritten in the node's ring while nobody read it. Pure.
import type { StreamFact } from './facts.ts';

/** Flows that are missing: exactly so many when both are the same. */
export interface Count {
  readonly min: number;
  readonly max: number;
}

/** A hole between two streams of a node. */
export interface Hole {
  /** Flow time of the last that is there before it, and of the first behind it, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Undefined when the node was started anew within it: its count went with it. */
  readonly count: Count | undefined;
  /** Arrival: end of what the stream before reported, and when the one behind was opened. */
  readonly lastMs: number;
  readonly openedMs: number;
}

/** A stretch of time that is proven to have everything, by flow times. */
export interface Bridge {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface NodeContinuity {
  /** What the node had seen before any stream began, from its start on; undefined when that is nothing, or not known. */
  readonly before: Hole | undefined;
  readonly holes: readonly Hole[];
  /** From the first to the last flow of streams without a hole between them. */
  readonly whole: readonly Bridge[];
}

/** Starts of one life of a node, as told by several answers, differ by no more. */
const SAME_BOOT_MS = 10_000;
/** What a node saw between its last flow with us and its end is not known, unless it ended this soon after. */
const AT_ONCE_MS = 2_000;

/** `streams` of one node, in any order. */
export function continuityOf(streams: readonly StreamFact[]): NodeContinuity {
  const holes: Hole[] = [];
  const whole: Bridge[] = [];
  let before: Stretch | undefined;
  let unread: Hole | undefined;
  for (const life of lives(streams)) {
    const stretches = stretchesOf(life);
    const [first] = stretches;
    if (first !== undefined && before !== undefined) holes.push(...anew(before, first));
    // Only what is sure: a young stream's place may be uncertain by a few flows.
    else if (first !== undefined && first.low > 0) unread = unreadOf(first);
    for (const [i, stretch] of stretches.entries()) {
      whole.push({ fromMs: stretch.oldestMs, toMs: stretch.newestMs });
      const next = stretches[i + 1];
      if (next === undefined) continue;
      const max = next.high - (stretch.low + stretch.length);
      const min = Math.max(0, next.low - (stretch.high + stretch.length));
      holes.push(hole(stretch, next, { min, max }));
    }
    before = stretches.at(-1) ?? before;
  }
  return { holes, whole, before: unread };
}

/** Overlapping streams as one. */
interface Stretch {
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

function lives(streams: readonly StreamFact[]): StreamFact[][] {
  const placed = streams.filter(({ start, bootMs }) => start !== undefined && bootMs > 0);
  const result: StreamFact[][] = [];
  for (const stream of placed.toSorted((a, b) => a.bootMs - b.bootMs)) {
    const life = result.at(-1);
    const [first] = life ?? [];
    if (life && first && stream.bootMs - first.bootMs <= SAME_BOOT_MS) life.push(stream);
    else result.push([stream]);
  }
  return result;
}

function stretchesOf(life: readonly StreamFact[]): Stretch[] {
  const result: Stretch[] = [];
  for (const stream of life.toSorted((a, b) => (a.start ?? 0) - (b.start ?? 0))) {
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

function hole(before: Stretch, next: Stretch, count: Count | undefined): Hole {
  const fromMs = before.newestMs;
  return {
    fromMs,
    toMs: Math.max(fromMs, next.oldestMs),
    count,
    lastMs: before.lastMs,
    openedMs: next.openedMs,
  };
}

function unreadOf({ low, high, bootMs, oldestMs, openedMs }: Stretch): Hole {
  const count = { min: Math.max(0, low), max: high };
  return { fromMs: Math.min(bootMs, oldestMs), toMs: oldestMs, count, lastMs: bootMs, openedMs };
}

/** The node was started anew: what its new life saw before we came is counted, the end of the old one is not. */
function anew(before: Stretch, first: Stretch): Hole[] {
  const holes: Hole[] = [];
  if (first.bootMs - before.newestMs > AT_ONCE_MS || before.lastMs < first.bootMs) {
    holes.push({
      ...hole(before, first, undefined),
      toMs: Math.max(before.newestMs, first.bootMs),
    });
  }
  if (first.high > 0) {
    const head = hole(before, first, { min: Math.max(0, first.low), max: first.high });
    holes.push({ ...head, fromMs: Math.min(head.toMs, Math.max(head.fromMs, first.bootMs)) });
  }
  return holes;
}
