// Which identities a block shows, and when: first and last time of each distinct endpoint within an hour. An endpoint
// whose time has been told for the current five minutes is passed over, so that hardly any block tells anything.
import type { RowWriter } from './row-writer.ts';

/** Sightings nearer to each other than this are one. */
const STEP_MS = 300_000;
const NANOS_PER_MS = 1e6;
const STEP_NANOS = STEP_MS * NANOS_PER_MS;
/** A sighting never spans two hours: between them the number may have been another identity's. */
const HOUR_NANOS = 12 * STEP_NANOS;

/** An identity as one cluster's flows show it. */
export interface Sighting {
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

/** Endpoints told of so far, by their number, for the observer that saw them first. */
export class Sightings {
  private readonly writer: RowWriter;
  private observers = new Uint32Array(1024);
  private toldFirst = new Float64Array(1024);
  private toldLast = new Float64Array(1024);
  private first = new Float64Array(1024);
  private last = new Float64Array(1024);
  private open: number[] = [];
  /** What does not fit in: further clusters that saw an endpoint, and further hours of an import. */
  private readonly others = new Map<string, Other>();

  constructor(writer: RowWriter) {
    this.writer = writer;
  }

  /** What the writer's first `rows` rows show that was not told yet. Call before they are cleared. */
  take(rows: number): readonly Sighting[] {
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
    const told = this.open.map((endpoint) => {
      const [first, last] = [this.first[endpoint] ?? 0, this.last[endpoint] ?? 0];
      this.tell(endpoint, first, floor(last, STEP_NANOS) + STEP_NANOS);
      this.first[endpoint] = Number.POSITIVE_INFINITY;
      return this.sighting(this.observers[endpoint] ?? 0, endpoint, first, last);
    });
    for (const { observer, endpoint, first, last } of this.others.values())
      told.push(this.sighting(observer, endpoint, first, last));
    this.open = [];
    this.others.clear();
    return told;
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
      this.toldFirst[endpoint] = Number.POSITIVE_INFINITY;
      this.toldLast[endpoint] = Number.NEGATIVE_INFINITY;
      this.first[endpoint] = Number.POSITIVE_INFINITY;
    }
    // Told of already. What follows within minutes may go untold, what came before may not: nothing tells of it later.
    if (nanos >= (this.toldFirst[endpoint] ?? 0) && nanos < (this.toldLast[endpoint] ?? 0)) return;
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

  /** Notes what is told now; of what was told before, only what adjoins it is kept in mind. */
  private tell(endpoint: number, from: number, to: number): void {
    const [first, last] = [this.toldFirst[endpoint] ?? 0, this.toldLast[endpoint] ?? 0];
    const adjoins = from <= last && to >= first;
    this.toldFirst[endpoint] = adjoins ? Math.min(first, from) : from;
    this.toldLast[endpoint] = adjoins ? Math.max(last, to) : to;
  }

  private sighting(observer: number, endpoint: number, first: number, last: number): Sighting {
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
    this.toldFirst = larger(this.toldFirst, capacity);
    this.toldLast = larger(this.toldLast, capacity);
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
