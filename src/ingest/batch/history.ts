// What a node has sent so far, as far as it takes to say whether a response may have been published before.
// The rule and its proof: docs/decisions/0002-replay-marks.md. All times are nanoseconds since one common moment.

export interface HistoryOptions {
  /** Time after first contact in which every flow may be a replay of an earlier collector run. */
  readonly contactNs: number;
  /** Late responses are distinguished from repeated ones within this many of the newest. */
  readonly remembered: number;
}

/** Times further ahead than this are nonsense: always taken for replays, and never remembered as the newest. */
const ABSURD_NS = 3600e9;

export class NodeHistory {
  /** Everything up to here may have been published, by this process or by one before it. */
  private floor: number;
  private readonly contactFloor: number;
  private newest: number;
  /** The times above the floor that were seen. */
  private readonly seen: Float64Array;
  private next = 0;
  private absurdFrom = Number.POSITIVE_INFINITY;
  private absurdTo = Number.NEGATIVE_INFINITY;

  /** `now`: arrival of the first response of the node. */
  constructor(now: number, { contactNs, remembered }: HistoryOptions) {
    this.contactFloor = this.floor = this.newest = now + contactNs;
    this.seen = new Float64Array(remembered).fill(Number.NEGATIVE_INFINITY);
  }

  /** Takes in the time of a response (NaN: none) received `now`; true when it may have been published before. */
  mayRepeat(time: number, now: number): boolean {
    if (!(time <= now + ABSURD_NS)) {
      if (time < this.absurdFrom) this.absurdFrom = time;
      if (time > this.absurdTo) this.absurdTo = time;
      return true;
    }
    if (time <= this.floor) return true;
    if (time > this.newest) this.newest = time;
    else if (this.seen.includes(time)) return true;
    // In range: next stays below the length of the ring.
    const forgotten = this.seen[this.next] as number;
    if (forgotten > this.floor) this.floor = forgotten;
    this.seen[this.next] = time;
    this.next = this.next + 1 === this.seen.length ? 0 : this.next + 1;
    // A clock that runs ahead: its old flows look newer than the contact, but they arrive soon after it.
    return now <= this.contactFloor || (time >= this.absurdFrom && time <= this.absurdTo);
  }
}
