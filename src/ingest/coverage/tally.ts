// What is counted of one node as its flows arrive: amounts since the last report, and the place of the present stream
// in the node's own count of flows. A node numbers what it sees (seen_flows), a stream carries an interval of those
// numbers without a gap, and LostEvents reports what its ring overwrote; so the start of the interval says exactly which
// flows lie between two streams.
import { MINUTE_MS } from '../../runtime/time.ts';

/** Four buckets an octave of milliseconds, up to 2^31 ms. */
const BUCKETS = 32 * 4;
/** A node whose start moved by more than this has restarted; status answers take their time. */
const BOOT_TOLERANCE_MS = 5_000;
const ABSURD_NS = 3600e9;
const YOUNG_MS = MINUTE_MS;

export class NodeTally {
  // Since the last report.
  flows = 0;
  repeated = 0;
  /** num_events_lost by LostEventSource: unknown, perf ring, queue, Hubble's ring. */
  readonly lost = [0, 0, 0, 0];
  oversize = 0;
  tooLarge = 0;
  /** Arrival less flow time, nanoseconds: the least of all flows, the most of new ones. */
  least = Number.POSITIVE_INFINITY;
  most = Number.NEGATIVE_INFINITY;
  private readonly delays = new Uint32Array(BUCKETS);

  // Of the present stream.
  stream = 0;
  openedMs = 0;
  /** Flows of the stream, and what the ring reported as overwritten. */
  position = 0;
  /** The node's count at which the stream began is at most this, and at least `low`. */
  high = Number.POSITIVE_INFINITY;
  low = Number.NEGATIVE_INFINITY;
  bootMs = Number.NaN;
  /** Flow times on the tracker's time. */
  oldest = Number.POSITIVE_INFINITY;
  newest = Number.NEGATIVE_INFINITY;
  /** Possible repeats of the stream, and how many of them there were at the last poll. */
  private repeats = 0;
  private polledRepeats = 0;
  private polled = 0;
  private polledSeen = 0;

  flow(time: number, lag: number, repeats: boolean): void {
    this.flows++;
    this.position++;
    if (time < this.oldest) this.oldest = time;
    // A clock that is hours ahead says nothing about what has arrived.
    if (time > this.newest && lag > -ABSURD_NS) this.newest = time;
    if (lag < this.least) this.least = lag;
    if (repeats) {
      this.repeated++;
      this.repeats++;
      return;
    }
    if (lag > this.most) this.most = lag;
    const bucket = bucketOf(lag < 2e15 ? (lag * 1e-6) | 0 : 0x7fffffff);
    // In range: bucketOf is below BUCKETS.
    this.delays[bucket] = (this.delays[bucket] as number) + 1;
  }

  loss(source: number, count: number): void {
    const known = source >= 0 && source <= 3 ? source : 0;
    // In range: known is 0 to 3.
    this.lost[known] = (this.lost[known] as number) + count;
    // What is lost before it comes to the ring is not counted as seen by the node.
    if (known === 3) this.position += count;
  }

  /** Median delay of the new flows since the last report, and how many they were. */
  delay(): { readonly p50: number; readonly count: number } {
    let count = 0;
    for (const each of this.delays) count += each;
    let left = count / 2;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      // In range: the loop checks it.
      left -= this.delays[bucket] as number;
      if (left <= 0 && count > 0) return { p50: middleOf(bucket), count };
    }
    return { p50: 0, count };
  }

  reported(): void {
    this.flows = this.repeated = this.oversize = this.tooLarge = 0;
    this.lost.fill(0);
    this.least = Number.POSITIVE_INFINITY;
    this.most = Number.NEGATIVE_INFINITY;
    this.delays.fill(0);
  }

  /** Names the stream of the first response of the node. */
  begin(stream: number, openedMs: number): void {
    this.stream = stream;
    this.openedMs = openedMs;
  }

  /** A new stream begins, or the node's count restarted: the place is to be found out again. */
  restart(stream: number, openedMs: number): void {
    this.stream = stream;
    this.openedMs = openedMs;
    this.position = 0;
    this.high = Number.POSITIVE_INFINITY;
    this.low = Number.NEGATIVE_INFINITY;
    this.bootMs = Number.NaN;
    this.oldest = Number.POSITIVE_INFINITY;
    this.newest = Number.NEGATIVE_INFINITY;
    this.repeats = this.polledRepeats = this.polled = this.polledSeen = 0;
  }

  /**
   * The node, started at `bootMs`, had seen `seen` flows when `before` had arrived: those were among them, so the
   * stream began no later. False when that cannot be: then the node restarted, or the relay gave a part of its
   * ring twice, and `again` is to be called.
   */
  place(bootMs: number, seen: number, before: number, nowMs: number): boolean {
    if (Number.isNaN(this.bootMs)) this.bootMs = bootMs;
    else if (Math.abs(bootMs - this.bootMs) > BOOT_TOLERANCE_MS) return false;
    if (seen < this.polledSeen) return false;
    const excess = this.low - (seen - before);
    if (excess > 0) {
      // More came than the node saw. Without as many repeats, some of it was only late when `low` was learned; in a
      // young stream history is taken for repeats.
      const young = nowMs - this.openedMs < YOUNG_MS;
      if (!young && this.repeats - this.polledRepeats >= excess) return false;
      this.low = Number.NEGATIVE_INFINITY;
    }
    // Nothing was seen and nothing came from one poll to the next: all is here.
    const quiet = seen === this.polledSeen && before === this.polled && before === this.position;
    this.polled = before;
    this.polledRepeats = this.repeats;
    this.polledSeen = seen;
    this.high = Math.min(this.high, Math.max(0, seen - before));
    if (quiet) this.placeFrom(seen, before);
    return true;
  }

  /** All that it had seen has arrived by now, `after` flows in all: the stream began no earlier. */
  placeFrom(seen: number, after: number): void {
    this.low = Math.min(this.high, Math.max(this.low, seen - after, 0));
  }

  /** Counts go on from here; what came since the last poll may belong to either side of the break. */
  again(bootMs: number, seen: number, stream: number, nowMs: number): void {
    const between = this.position - this.polled;
    this.restart(stream, nowMs);
    this.bootMs = bootMs;
    this.high = this.polledSeen = seen;
    this.low = Math.max(0, seen - between);
  }

  /** Flows of the stream that had arrived at the last poll that fitted. */
  get certain(): number {
    return this.polled;
  }

  get placed(): boolean {
    return Number.isFinite(this.high) && Number.isFinite(this.low);
  }
}

function bucketOf(ms: number): number {
  if (ms < 4) return Math.max(ms, 0);
  const octave = 31 - Math.clz32(ms);
  return octave * 4 + ((ms >> (octave - 2)) & 3);
}

function middleOf(bucket: number): number {
  if (bucket < 4) return bucket;
  const octave = bucket >> 2;
  return 2 ** octave * (1 + ((bucket & 3) + 0.5) / 4);
}
