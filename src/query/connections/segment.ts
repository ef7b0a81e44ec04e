// Cuts the observations of one conversation at the ends of its connections.
import { msToNs, NS_PER_MS } from '../../runtime/time.ts';
import type { Observation } from './observation.ts';
import { opens } from './orient.ts';

export interface Segment {
  readonly node: string;
  readonly seen: Observation[];
  /** Began with a SYN. */
  readonly opened: boolean;
  readonly first: bigint;
  readonly last: bigint;
}

const FIN_OR_RST = 5;
/** For a first retry after up to three seconds, and for one that was not seen. */
const RETRY_SLACK = 4000n * NS_PER_MS;

export function byTime(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function inOrder(a: Observation, b: Observation): number {
  if (a.time !== b.time) return byTime(a.time, b.time);
  return a.uuid < b.uuid ? -1 : a.uuid > b.uuid ? 1 : 0;
}

/** By silence alone, all nodes together: for protocols without a handshake. */
export function cutByGaps(seen: readonly Observation[], idleMs: number): Observation[][] {
  const cut: Observation[][] = [];
  let before: bigint | undefined;
  for (const each of [...seen].sort(inOrder)) {
    if (before === undefined || each.time - before > msToNs(idleMs)) cut.push([]);
    cut.at(-1)?.push(each);
    before = each.time;
  }
  return cut;
}

/**
 * By each node's own clock. A SYN begins a connection when the one before was used or closed. Else it is the same SYN
 * again: a client that hears nothing waits twice as long each time, so about as long as it has waited in all. After
 * much more than that it is another attempt.
 */
export function cutByNode(
  seen: readonly Observation[],
  limits: { readonly tcpIdleMs: number; readonly otherIdleMs: number },
  towardServer: (each: Observation) => boolean,
): Segment[][] {
  const nodes = new Map<string, Observation[]>();
  for (const each of seen) {
    const key = `${each.observer} ${each.node}`;
    const list = nodes.get(key);
    if (list === undefined) nodes.set(key, [each]);
    else list.push(each);
  }
  return [...nodes].map(([node, list]) => cutOne(node, list.sort(inOrder), limits, towardServer));
}

function cutOne(
  node: string,
  ordered: readonly Observation[],
  limits: { readonly tcpIdleMs: number; readonly otherIdleMs: number },
  towardServer: (each: Observation) => boolean,
): Segment[] {
  const segments: Segment[] = [];
  let list: Observation[] = [];
  let used = false;
  let closed = false;
  let before = ordered[0]?.time ?? 0n;
  for (const each of ordered) {
    const silent = each.time - before;
    const idleMs = closed ? limits.otherIdleMs : limits.tcpIdleMs;
    const waited = before - (list[0]?.time ?? before);
    const over = used || closed || silent > 2n * waited + RETRY_SLACK;
    const again = over && opens(each) && towardServer(each);
    if (list.length > 0 && (again || silent > msToNs(idleMs))) {
      segments.push(segmentOf(node, list));
      list = [];
      used = false;
      closed = false;
    }
    list.push(each);
    before = each.time;
    // Only what the client sends after its SYN proves that it was heard; proxies log without flags and in their own time.
    if (each.tcpFlags !== 0 && !opens(each) && towardServer(each)) used = true;
    if ((each.tcpFlags & FIN_OR_RST) !== 0) closed = true;
  }
  if (list.length > 0) segments.push(segmentOf(node, list));
  return segments;
}

export function segmentOf(node: string, seen: Observation[]): Segment {
  const first = seen[0]?.time ?? 0n;
  return {
    node,
    seen,
    opened: seen.some((each) => opens(each)),
    first,
    last: seen.at(-1)?.time ?? first,
  };
}
