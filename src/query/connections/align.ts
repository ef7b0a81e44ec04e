// Puts together what two nodes saw of the same connections. Their clocks differ and either may have missed some, so the
// nodes' lists are aligned in order: as many pairs as possible, then those whose beginnings are closest.
import { msToNs } from '../../runtime/time.ts';
import type { Observation } from './observation.ts';
import { byTime, type Segment, segmentOf } from './segment.ts';

/** Pairs looked at for one conversation of two nodes; beyond, segments are paired by their first overlap. */
const MAX_PAIRS = 250_000;

interface Joined {
  readonly parts: Segment[];
  first: bigint;
  last: bigint;
}

/** The segments of each node, joined to connections. */
export function alignSegments(
  nodes: readonly (readonly Segment[])[],
  { skewMs }: { readonly skewMs: number },
): Observation[][] {
  const skew = msToNs(skewMs);
  const cut = nodes.map((own) => cutAtOthers(own, nodes, skew));
  const [longest = [], ...others] = cut.sort((a, b) => b.length - a.length);
  let joined = longest.map(single);
  for (const segments of others) joined = alignWith(joined, segments, skew);
  return continued(joined, skew).map(({ parts }) => parts.flatMap(({ seen }) => seen));
}

function single(segment: Segment): Joined {
  return { parts: [segment], first: segment.first, last: segment.last };
}

function join(into: Joined, segment: Segment): void {
  into.parts.push(segment);
  if (segment.first < into.first) into.first = segment.first;
  if (segment.last > into.last) into.last = segment.last;
}

/** Time between two segments, 0 when they overlap. */
function distance(a: Joined, b: Segment): bigint {
  if (a.first > b.last) return a.first - b.last;
  return b.first > a.last ? b.first - a.last : 0n;
}

function alignWith(joined: Joined[], segments: readonly Segment[], skew: bigint): Joined[] {
  const partners = pair(joined, segments, skew);
  const left: Joined[] = [];
  segments.forEach((segment, index) => {
    const partner = partners[index];
    if (partner === undefined) left.push(single(segment));
    else join(partner, segment);
  });
  return [...joined, ...left].sort((a, b) => byTime(a.first, b.first));
}

/** Without a SYN it may be more of a connection that another node saw go on: a node is silent longer than that. */
function continued(joined: readonly Joined[], skew: bigint): Joined[] {
  const kept = joined.filter(({ parts }) => parts.some(({ opened }) => opened));
  for (const each of joined) {
    if (kept.includes(each)) continue;
    const [nearest] = kept
      .map((other) => ({
        other,
        apart: each.parts.reduce((least, part) => lesser(least, distance(other, part)), FAR),
      }))
      .filter(({ apart }) => apart <= skew)
      .sort((a, b) => byTime(a.apart, b.apart));
    if (nearest === undefined) kept.push(each);
    else for (const part of each.parts) join(nearest.other, part);
  }
  return kept;
}

const FAR = 2n ** 63n;

function lesser(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** For each segment the connection it belongs to, by dynamic programming over both orders. */
function pair(
  joined: readonly Joined[],
  segments: readonly Segment[],
  skew: bigint,
): (Joined | undefined)[] {
  if (joined.length * segments.length > MAX_PAIRS)
    return segments.map((segment) => joined.find((each) => distance(each, segment) <= skew));
  const width = segments.length + 1;
  const pairs = new Uint32Array((joined.length + 1) * width);
  const costs = new Float64Array(pairs.length);
  const steps = new Uint8Array(pairs.length);
  joined.forEach((each, row) => {
    segments.forEach((segment, column) => {
      const at = (row + 1) * width + column + 1;
      const candidates: [number, number, number][] = [
        [pairs[at - width] ?? 0, costs[at - width] ?? 0, 1],
        [pairs[at - 1] ?? 0, costs[at - 1] ?? 0, 2],
      ];
      if (distance(each, segment) <= skew) {
        const apart = Math.abs(Number(each.first - segment.first));
        candidates.push([
          (pairs[at - width - 1] ?? 0) + 1,
          (costs[at - width - 1] ?? 0) + apart,
          3,
        ]);
      }
      const best = candidates.reduce((a, b) =>
        b[0] > a[0] || (b[0] === a[0] && b[1] < a[1]) ? b : a,
      );
      [pairs[at], costs[at], steps[at]] = best;
    });
  });
  const partners = new Array<Joined | undefined>(segments.length).fill(undefined);
  for (let row = joined.length, column = segments.length; row > 0 && column > 0; ) {
    const step = steps[row * width + column];
    if (step === 3) partners[column - 1] = joined[row - 1];
    if (step !== 2) row--;
    if (step !== 1) column--;
  }
  return partners;
}

/**
 * A node that missed a SYN sees two connections as one. Where another node saw the second begin, this one is cut in its
 * quiet moment around that time, if it has one.
 */
function cutAtOthers(
  own: readonly Segment[],
  nodes: readonly (readonly Segment[])[],
  skew: bigint,
): Segment[] {
  const begins = nodes
    .flatMap((segments) => (segments === own ? [] : segments.slice(1)))
    .filter(({ opened }) => opened)
    .map(({ first }) => first);
  return own.flatMap((segment) =>
    begins.reduce((parts, at) => cutNear(parts, at, skew), [segment]),
  );
}

function cutNear(parts: readonly Segment[], at: bigint, skew: bigint): Segment[] {
  return parts.flatMap((part) => {
    if (part.first > at - skew || part.last < at - skew) return [part];
    let index = 0;
    let widest = skew;
    for (let i = 1; i < part.seen.length; i++) {
      const from = part.seen[i - 1]?.time ?? 0n;
      const to = part.seen[i]?.time ?? 0n;
      if (to - from <= widest || to < at - skew || to > at + skew) continue;
      widest = to - from;
      index = i;
    }
    if (index === 0) return [part];
    const { node, seen } = part;
    return [segmentOf(node, seen.slice(0, index)), segmentOf(node, seen.slice(index))];
  });
}
