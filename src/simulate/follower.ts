// One GetFlows call reading the rings: where it stands in every node, what it lost, and the next bytes to write.
import { GetFlowsResponse, LostEventSource } from '../hubble/proto/schema.gen.ts';
import { framed, timestamp } from './framing.ts';
import type { FlowsRequest } from './request.ts';
import type { Chunk, NodeRing } from './ring.ts';

const { HUBBLE_RING_BUFFER } = LostEventSource.numbers;
/** Up to so many waiting bytes are merged by time over the nodes; beyond, whole slices go out node by node. */
const MERGE_BYTES = 64 * 1024;

interface Position {
  readonly ring: NodeRing;
  /** The next event to read. */
  next: number;
  /** Events below were in the ring when the call came, and are history; the rest is live. */
  readonly live: number;
  /** History ends here. */
  readonly end: number;
  /** Events it may still give, when their number is limited. */
  left: number;
  /** Time of the newest event read, or of the call. */
  lastMs: number;
  silent: boolean;
}

/** Buffers to write next. `pins` are released when they are written. */
export interface Pull {
  readonly buffers: Buffer[];
  readonly pins: Chunk[];
  readonly events: number;
  readonly lost: number;
}

export class Follower {
  private readonly request: FlowsRequest;
  private readonly positions: Position[] = [];
  private readonly checksTime: boolean;
  private turn = 0;

  constructor(request: FlowsRequest, rings: Iterable<NodeRing>, nowMs: number) {
    this.request = request;
    this.checksTime =
      request.untilMs !== undefined || (request.sinceMs !== undefined && request.sinceMs > nowMs);
    for (const ring of rings) {
      if (!request.wantsNode(ring.name)) continue;
      const live = ring.seen;
      const next = firstEvent(request, ring);
      const left = request.number > 0 && !request.follow ? request.number : Infinity;
      this.positions.push({ ring, next, end: live, live, left, lastMs: nowMs, silent: false });
    }
  }

  /** True when a call without `follow` is complete. */
  get finished(): boolean {
    return (
      !this.request.follow &&
      this.positions.every((at) => at.next >= at.end || at.left === 0 || at.silent)
    );
  }

  /** A node's stream inside the relay ended: it stays away for the rest of this call. */
  silence(nodeName: string | undefined): void {
    for (const at of this.positions) {
      if (nodeName === undefined || at.ring.name === nodeName) at.silent = true;
    }
  }

  /** The relay reopened its stream to a node with the original request: the node sends its ring a second time. */
  replay(nodeName: string | undefined): void {
    for (const at of this.positions) {
      if (nodeName !== undefined && at.ring.name !== nodeName) continue;
      at.next = Math.min(at.next, firstEvent(this.request, at.ring));
      at.silent = false;
    }
  }

  /**
   * The next events in about `limit` bytes, or undefined when there is nothing to read now. With `disorderMs` events
   * come up to so many milliseconds out of order.
   */
  pull(limit: number, disorderMs = 0): Pull | undefined {
    const losses = this.takeLosses();
    const waiting = this.positions.filter(
      (at) => !at.silent && at.left > 0 && at.next < this.endOf(at),
    );
    const history =
      this.checksTime || this.request.shape || waiting.some((at) => at.next < at.live);
    const pull =
      history || disorderMs > 0 || this.isLittle(waiting)
        ? this.merge(waiting, limit, disorderMs)
        : this.slices(limit);
    const buffers = losses.frames.concat(pull.buffers);
    if (buffers.length === 0) return undefined;
    return { buffers, pins: pull.pins, events: pull.events, lost: losses.lost };
  }

  private endOf(at: Position): number {
    return this.request.follow ? at.ring.seen : Math.min(at.end, at.ring.seen);
  }

  private isLittle(waiting: readonly Position[]): boolean {
    let bytes = 0;
    for (const at of waiting) {
      bytes += (this.endOf(at) - at.next) * (at.ring.size(at.next) || 1);
    }
    return bytes <= MERGE_BYTES;
  }

  private takeLosses(): { frames: Buffer[]; lost: number } {
    const frames: Buffer[] = [];
    let lost = 0;
    for (const at of this.positions) {
      const gone = Math.min(at.ring.first, this.endOf(at)) - at.next;
      if (gone <= 0 || at.silent) continue;
      const untilMs = at.ring.held > 0 ? at.ring.time(at.ring.first) : at.lastMs;
      frames.push(lostEvent(at.ring.name, gone, HUBBLE_RING_BUFFER, at.lastMs, untilMs));
      at.next += gone;
      lost += gone;
    }
    return { frames, lost };
  }

  /** Copies events in order of their times, checking since, until and the filters. */
  private merge(waiting: readonly Position[], limit: number, disorderMs: number) {
    const picked: { ring: NodeRing; event: number; rank: number; shaped?: Buffer }[] = [];
    const { shape } = this.request;
    let bytes = 0;
    while (bytes < limit) {
      const at = this.oldest(waiting);
      if (!at) break;
      const { ring } = at;
      const event = at.next++;
      const ms = ring.time(event);
      at.lastMs = ms;
      if (!this.isWanted(ms)) continue;
      const shaped = shape?.(ring.message(event));
      if (shape && !shaped) continue;
      const rank = ms + Math.random() * disorderMs;
      picked.push({ ring, event, rank, ...(shaped && { shaped }) });
      bytes += shaped?.length ?? ring.size(event);
      at.left--;
    }
    if (disorderMs > 0) picked.sort((a, b) => a.rank - b.rank);
    const buffer = Buffer.allocUnsafe(bytes);
    let end = 0;
    for (const { ring, event, shaped } of picked) {
      if (shaped) {
        ring.markRead(event);
        end += shaped.copy(buffer, end);
      } else {
        end = ring.copy(event, buffer, end);
      }
    }
    return { buffers: bytes > 0 ? [buffer] : [], pins: [], events: picked.length };
  }

  private oldest(waiting: readonly Position[]): Position | undefined {
    let best: Position | undefined;
    let bestMs = Infinity;
    for (const at of waiting) {
      if (at.left === 0 || at.next >= this.endOf(at)) continue;
      const ms = at.ring.time(at.next);
      if (ms < bestMs) {
        best = at;
        bestMs = ms;
      }
    }
    return best;
  }

  private isWanted(timeMs: number): boolean {
    const { sinceMs, untilMs } = this.request;
    return (
      (sinceMs === undefined || timeMs >= sinceMs) && (untilMs === undefined || timeMs <= untilMs)
    );
  }

  private slices(limit: number) {
    const buffers: Buffer[] = [];
    const pins: Chunk[] = [];
    let bytes = 0;
    let events = 0;
    for (let idle = 0; idle < this.positions.length && bytes < limit; ) {
      const at = this.positions[this.turn++ % this.positions.length];
      const slice = !at || at.silent ? undefined : at.ring.slice(at.next, limit - bytes);
      if (!at || !slice) {
        idle++;
        continue;
      }
      idle = 0;
      buffers.push(slice.bytes);
      pins.push(slice.chunk);
      bytes += slice.bytes.length;
      events += slice.next - at.next;
      at.next = slice.next;
      at.lastMs = at.ring.time(slice.next - 1);
    }
    return { buffers, pins, events };
  }
}

/** Where a node starts: since beats number, first counts from the oldest, last from the newest that is wanted. */
function firstEvent(request: FlowsRequest, ring: NodeRing): number {
  const { number, first, follow, sinceMs, untilMs, shape } = request;
  if (sinceMs !== undefined) {
    let next = ring.first;
    while (next < ring.seen && ring.time(next) < sinceMs) next++;
    return next;
  }
  if (first) return ring.first;
  if (number === 0) return follow ? ring.seen : ring.first;
  let next = ring.seen;
  for (let found = 0; next > ring.first && found < number; next--) {
    const ms = ring.time(next - 1);
    if (untilMs !== undefined && ms > untilMs) continue;
    if (!shape || shape(ring.message(next - 1))) found++;
  }
  return next;
}

/** A framed GetFlowsResponse that says how many events of a node were lost, and between which times. */
export function lostEvent(
  nodeName: string,
  count: number,
  source: number,
  fromMs: number,
  untilMs: number,
  cpu?: number,
): Buffer {
  return framed(GetFlowsResponse, {
    lost_events: {
      source,
      num_events_lost: BigInt(count),
      cpu,
      first: timestamp(Math.min(fromMs, untilMs)),
      last: timestamp(untilMs),
    },
    node_name: nodeName,
    time: timestamp(untilMs),
  });
}
