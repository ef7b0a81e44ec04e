// Where responses arrive: each is looked at once and put into a batch. Synchronous, and allocates nothing it can
// avoid; sums are moved to the metrics by `report`, not per response.
import type { Clock } from '../../runtime/clock.ts';
import type { IngestMetrics } from '../metrics.ts';
import type { MessageSink } from '../relay/framing.ts';
import { ResponsePeek } from './peek.ts';
import type { Sealer } from './sealer.ts';
import type { ResponseTracker } from './tracker.ts';

export interface IntakeDeps {
  readonly cluster: string;
  readonly clock: Clock;
  readonly tracker: ResponseTracker;
  readonly sealer: Sealer;
  readonly metrics: IngestMetrics;
  /** Bytes came in. */
  readonly onData: (nowMs: number) => void;
  /** A response over the limit was passed over; `node` is empty when it could not be read. */
  readonly oversize: (size: number, node: string) => void;
}

const LOST_SOURCES: Readonly<Record<number, string>> = {
  0: 'UNKNOWN_LOST_EVENT_SOURCE',
  1: 'PERF_EVENT_RING_BUFFER',
  2: 'OBSERVER_EVENTS_QUEUE',
  3: 'HUBBLE_RING_BUFFER',
};
const NODE_STATES: Readonly<Record<number, string>> = {
  0: 'UNKNOWN_NODE_STATE',
  1: 'NODE_CONNECTED',
  2: 'NODE_UNAVAILABLE',
  3: 'NODE_GONE',
  4: 'NODE_ERROR',
};

export class Intake implements MessageSink {
  responses = 0;
  bytes = 0;
  private readonly deps: IntakeDeps;
  private nowMs = 0;
  private now = 0;
  private reported = { responses: 0, bytes: 0 };

  constructor(deps: IntakeDeps) {
    this.deps = deps;
  }

  arrived(bytes: number): void {
    const { clock, tracker, onData } = this.deps;
    this.bytes += bytes;
    this.nowMs = clock.now();
    this.now = tracker.at(this.nowMs);
    onData(this.nowMs);
  }

  message(bytes: Buffer, start: number, end: number): void {
    const { tracker, sealer } = this.deps;
    const repeats = tracker.take(bytes, start, end, this.now);
    this.responses++;
    if (tracker.foreign) return;
    sealer.add(bytes, start, end, repeats, tracker.time, this.nowMs);
  }

  flush(): void {
    this.deps.sealer.detach();
  }

  oversize(size: number, head: Buffer, tail: Buffer): void {
    this.responses++;
    this.deps.oversize(size, nodeOfTail(size, head, tail));
  }

  /** Moves the sums since the last call to the metrics. */
  report(): void {
    const { metrics, tracker, cluster } = this.deps;
    const { counts } = tracker;
    metrics.responses.inc({ cluster }, this.responses - this.reported.responses);
    metrics.bytes.inc({ cluster }, this.bytes - this.reported.bytes);
    this.reported = { responses: this.responses, bytes: this.bytes };
    metrics.malformed.inc({ cluster }, counts.malformed);
    metrics.repeated.inc({ cluster }, counts.repeated);
    counts.malformed = counts.repeated = 0;
    for (const [source, count] of counts.lostBySource) {
      metrics.lostEvents.inc({ cluster, source: LOST_SOURCES[source] ?? 'other' }, count);
    }
    for (const [state, count] of counts.nodeStates) {
      metrics.nodeStates.inc({ cluster, state: NODE_STATES[state] ?? 'other' }, count);
    }
    counts.lostBySource.clear();
    counts.nodeStates.clear();
  }
}

/** The node's name stands behind the flow, so the first and the last bytes of a response are enough to find it. */
function nodeOfTail(size: number, head: Buffer, tail: Buffer): string {
  const peek = new ResponsePeek();
  let flow = 0;
  let at = 1;
  for (let scale = 1; at < head.length; scale *= 128) {
    // In range: the loop checks it.
    const byte = head[at++] as number;
    flow += (byte & 127) * scale;
    if (byte < 128) break;
  }
  const behind = at + flow - (size - tail.length);
  if (behind < 0 || !peek.read(tail, behind, tail.length)) return '';
  return tail.toString('utf8', peek.nodeStart, peek.nodeEnd);
}
