// Looks at each response once as it arrives: which node, what time, may it have been published before. Keeps what a
// lost stream needs to be taken up again, and what is known of each node.
import { type NodeRecord, NodeTable } from './nodes.ts';
import { ResponsePeek } from './peek.ts';

export interface TrackerOptions {
  /** Milliseconds since 1970 from which the tracker counts. */
  readonly startMs: number;
  readonly overlapMs: number;
  readonly lookbackMs: number;
  readonly maxNodes: number;
  readonly remembered?: number;
  /** Whether a node is one of the cluster's own; all are when left out. */
  readonly owns?: (node: string) => boolean;
}

/** Sums since they were taken last; labels as in Hubble's enums, by number. */
export interface EventCounts {
  readonly lostBySource: Map<number, number>;
  readonly nodeStates: Map<number, number>;
  malformed: number;
  /** Responses that may have been published before. */
  repeated: number;
}

const REMEMBERED = 512;

export class ResponseTracker {
  readonly nodes: NodeTable;
  readonly peek = new ResponsePeek();
  readonly counts: EventCounts = {
    lostBySource: new Map(),
    nodeStates: new Map(),
    malformed: 0,
    repeated: 0,
  };
  /** Time of the last response on the tracker's time; NaN when it had none. */
  time = Number.NaN;
  /** True when the last response was a flow of another cluster's node: it is not to be kept. */
  foreign = false;
  /** Newest flow time, no clock ahead of ours believed. */
  newest = Number.NEGATIVE_INFINITY;

  private readonly options: TrackerOptions;
  private readonly baseSeconds: number;
  private lastNode: NodeRecord | undefined;
  /** Oldest flow that was received and then refused by the bus: to be asked for again. */
  private refused = Number.POSITIVE_INFINITY;

  constructor(options: TrackerOptions) {
    this.options = options;
    // Counted from a whole second, so that nanoseconds stay exact in a double for a hundred days around it.
    this.baseSeconds = Math.floor(options.startMs / 1000);
    this.nodes = new NodeTable({
      contactNs: options.overlapMs * 1e6,
      remembered: options.remembered ?? REMEMBERED,
      maxNodes: options.maxNodes,
      owns: options.owns,
    });
  }

  /** Milliseconds since 1970 to the tracker's time. */
  at(ms: number): number {
    return (ms - this.baseSeconds * 1000) * 1e6;
  }

  /** The tracker's time to milliseconds since 1970. */
  ms(time: number): number {
    return time / 1e6 + this.baseSeconds * 1000;
  }

  /** True when the response may have been published before. `now` is on the tracker's time. */
  take(bytes: Buffer, start: number, end: number, now: number): boolean {
    const { peek } = this;
    this.foreign = false;
    if (!peek.read(bytes, start, end)) {
      this.time = Number.NaN;
      this.counts.malformed++;
      this.counts.repeated++;
      return true;
    }
    const time = (peek.seconds - this.baseSeconds) * 1e9 + peek.nanos;
    this.time = time;
    // The relay creates these for each stream.
    if (peek.kind === 'node-status') {
      const [state] = peek.numbers(1, 0);
      add(this.counts.nodeStates, state, 1);
      return false;
    }
    const node = this.nodes.find(bytes, peek.nodeStart, peek.nodeEnd, now);
    this.lastNode = node;
    node.received++;
    node.heard = now;
    const flow = peek.kind === 'flow';
    if (!node.own && flow) {
      this.foreign = true;
      node.tally.flows++;
      return false;
    }
    if (peek.kind === 'lost-events') this.lost(node);
    const believed = Math.min(time, now);
    if (believed > node.newest) {
      node.newest = believed;
      if (believed > this.newest) this.newest = believed;
    }
    const lag = now - time;
    if (lag < node.lag) node.lag = lag;
    const repeats = node.history === undefined || node.history.mayRepeat(time, now);
    if (repeats) this.counts.repeated++;
    if (flow) node.tally.flow(time, lag, repeats);
    return repeats;
  }

  /** Name of the node that sent the last response. */
  nodeName(): string {
    return this.lastNode?.name ?? '';
  }

  /** A stream was opened: clock lags are measured again. */
  opened(): void {
    this.refused = Number.POSITIVE_INFINITY;
    for (const node of this.nodes.values()) {
      if (Number.isFinite(node.lag)) node.lagBefore = node.lag;
      node.lag = Number.POSITIVE_INFINITY;
    }
  }

  /** Responses with flows from `time` on were received and could not be published. */
  refuse(time: number): void {
    if (time < this.refused) this.refused = time;
  }

  /**
   * From when the next stream must ask, milliseconds since 1970. Before the newest flow by the overlap and by what the
   * slowest clock is behind; a node the relay had lost is asked from its own newest flow.
   */
  since(isDark: (node: string) => boolean): number {
    const { overlapMs, lookbackMs, startMs } = this.options;
    if (this.newest === Number.NEGATIVE_INFINITY) return Math.max(0, startMs - lookbackMs);
    let behind = 0;
    let dark = Number.POSITIVE_INFINITY;
    for (const node of this.nodes.values()) {
      const lag = Number.isFinite(node.lag) ? node.lag : node.lagBefore;
      if (Number.isFinite(lag) && lag > behind) behind = lag;
      if (node.newest < dark && isDark(node.name)) dark = node.newest;
    }
    // A node that is gone for good must not make every stream replay everything.
    const darkFloor = this.newest - lookbackMs * 1e6;
    const from = Math.min(this.newest - behind, Math.max(dark, darkFloor), this.refused);
    return Math.max(0, Math.floor(this.ms(from) - overlapMs));
  }

  private lost(node: NodeRecord): void {
    const [source, count] = this.peek.numbers(1, 2);
    node.lost += count;
    node.tally.loss(source, count);
    add(this.counts.lostBySource, source, count);
  }
}

function add(counts: Map<number, number>, key: number, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
