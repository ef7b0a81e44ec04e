// The identities in a block: first and last time of each distinct endpoint within an hour. An endpoint that was reported
// for the current five minutes is skipped, so that nearly every block reports none.
import type { RowWriter } from './row-writer.ts';

/** Observations closer together than this are one. */
const STEP_MS = 300_000;
const NANOS_PER_MS = 1e6;
const STEP_NANOS = STEP_MS * NANOS_PER_MS;
/** An observation never spans two hours: between them the number may have been another identity's. */
const HOUR_NANOS = 12 * STEP_NANOS;

/** An identity as one cluster's flows show it. */
export interface IdentityObservation {
  /** Key of the observing cluster. */
  readonly observer: string;
  readonly identity: number;
  readonly clusterName: string;
  /** A line each, as the flow has them. */
  readonly labels: string;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** Endpoints reported so far, by their number, for the observer that saw them first. */
export class IdentityObservations {
  private readonly writer: RowWriter;
  private observers = new Uint32Array(1024);
  private reportedFirst = new Float64Array(1024);
  private reportedLast = new Float64Array(1024);
  private first = new Float64Array(1024);
  private last = new Float64Array(1024);
  private open: number[] = [];
  /** What does not fit in: further clusters that saw an endpoint, and further hours of an import. */
  private readonly others = new Map<string, Other>();

  constructor(writer: RowWriter) {
    this.writer = writer;
  }

  /** What the writer's first `rows` rows show that was not reported yet. Call before they are cleared. */
  take(rows: number): readonly IdentityObservation[] {
    const { groups, columns } = this.writer;
    this.reserve(this.writer.endpoints.table.size);
    for (let row = 0; row < rows; row++) {
      // Signed high half; doubles are exact to a quarter of a microsecond here.
      const high = columns.time[2 * row + 1] ?? 0;
      const nanos = (high | 0) * 2 ** 32 + (columns.time[2 * row] ?? 0);
      const observer = columns.cluster[row] ?? 0;
      this.see(groups.source[row] ?? 0, observer, nanos);
      this.see(groups.destination[row] ?? 0, observer, nanos);
    }
    const reported = this.open.map((endpoint) => {
      const [first, last] = [this.first[endpoint] ?? 0, this.last[endpoint] ?? 0];
      this.noteReported(endpoint, first, floor(last, STEP_NANOS) + STEP_NANOS);
      this.first[endpoint] = Number.POSITIVE_INFINITY;
      return this.observation(this.observers[endpoint] ?? 0, endpoint, first, last);
    });
    for (const { observer, endpoint, first, last } of this.others.values())
      reported.push(this.observation(observer, endpoint, first, last));
    this.open = [];
    this.others.clear();
    return reported;
  }

  /** Endpoints have new numbers. */
  clear(): void {
    this.observers.fill(0);
  }

  private see(endpoint: number, observer: number, nanos: number): void {
    if (endpoint === 0) return;
    if (this.observers[endpoint] !== observer) {
      if (this.observers[endpoint] !== 0) {
        this.seeOther(endpoint, observer, nanos);
        return;
      }
      this.observers[endpoint] = observer;
      this.reportedFirst[endpoint] = Number.POSITIVE_INFINITY;
      this.reportedLast[endpoint] = Number.NEGATIVE_INFINITY;
      this.first[endpoint] = Number.POSITIVE_INFINITY;
    }
    // Reported already. A later time within minutes may be left out; an earlier one may not, since no later block has it.
    if (nanos >= (this.reportedFirst[endpoint] ?? 0) && nanos < (this.reportedLast[endpoint] ?? 0))
      return;
    const first = this.first[endpoint] ?? 0;
    if (first === Number.POSITIVE_INFINITY) {
      this.open.push(endpoint);
      this.first[endpoint] = nanos;
      this.last[endpoint] = nanos;
    } else if (floor(first, HOUR_NANOS) !== floor(nanos, HOUR_NANOS)) {
      this.seeOther(endpoint, observer, nanos);
    } else {
      this.first[endpoint] = Math.min(first, nanos);
      this.last[endpoint] = Math.max(this.last[endpoint] ?? 0, nanos);
    }
  }

  private seeOther(endpoint: number, observer: number, nanos: number): void {
    const key = `${observer} ${endpoint} ${floor(nanos, HOUR_NANOS)}`;
    const known = this.others.get(key);
    if (known === undefined) {
      this.others.set(key, { observer, endpoint, first: nanos, last: nanos });
    } else {
      known.first = Math.min(known.first, nanos);
      known.last = Math.max(known.last, nanos);
    }
  }

  /** Notes the interval reported now, joined with the one before when they touch. */
  private noteReported(endpoint: number, from: number, to: number): void {
    const [first, last] = [this.reportedFirst[endpoint] ?? 0, this.reportedLast[endpoint] ?? 0];
    const adjoins = from <= last && to >= first;
    this.reportedFirst[endpoint] = adjoins ? Math.min(first, from) : from;
    this.reportedLast[endpoint] = adjoins ? Math.max(last, to) : to;
  }

  private observation(
    observer: number,
    endpoint: number,
    first: number,
    last: number,
  ): IdentityObservation {
    const { texts, endpoints } = this.writer;
    return {
      observer: texts.text(observer),
      identity: endpoints.values.identity[endpoint] ?? 0,
      clusterName: texts.text(endpoints.values.cluster_name[endpoint] ?? 0),
      labels: texts.text(endpoints.values.labels[endpoint] ?? 0),
      firstMs: Math.floor(first / NANOS_PER_MS),
      lastMs: Math.floor(last / NANOS_PER_MS),
    };
  }

  private reserve(size: number): void {
    if (size <= this.observers.length) return;
    const capacity = 2 ** Math.ceil(Math.log2(size));
    const observers = new Uint32Array(capacity);
    observers.set(this.observers);
    this.observers = observers;
    this.reportedFirst = larger(this.reportedFirst, capacity);
    this.reportedLast = larger(this.reportedLast, capacity);
    this.first = larger(this.first, capacity);
    this.last = larger(this.last, capacity);
  }
}

interface Other {
  readonly observer: number;
  readonly endpoint: number;
  first: number;
  last: number;
}

function floor(nanos: number, step: number): number {
  return Math.floor(nanos / step) * step;
}

function larger(array: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(capacity);
  copy.set(array);
  return copy;
}
