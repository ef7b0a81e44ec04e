// A GetFlowsResponse looked at before it is decoded: a field of the flow is read when a filter asks for it. One object
// is used over and over; what it shows holds until the next `read`.
import { decode } from './codec.ts';
import { Flow, GetFlowsResponse } from './schema.gen.ts';
import type { Field } from './schema.ts';
import { WIRE_BYTES, WireReader } from './wire.ts';

const FLOW = 1;
const EVENTS: ReadonlySet<number> = new Set([2, 3]);
const UNREAD = Symbol('unread');

/** For reading only: what is true of it is true of the decoded response, as far as filters look. */
export class LazyResponse {
  readonly flow: Flow | undefined;
  private readonly view: LazyFlow;

  constructor() {
    this.view = new LazyFlow();
    this.flow = undefined;
  }

  /** Looks at other bytes from now on. Throws `hubble/malformed` when their outline is no message. */
  read(bytes: Buffer): this {
    const reader = new WireReader(bytes);
    const end = bytes.length;
    let start = -1;
    let stop = -1;
    let plain = true;
    while (reader.pos < end) {
      const tag = reader.tag(end);
      const number = tag >>> 3;
      if (number === FLOW && (tag & 7) === WIRE_BYTES) {
        const size = reader.length(end);
        if (start >= 0) plain = false;
        start = reader.pos;
        stop = reader.pos + size;
        reader.pos = stop;
      } else {
        if (EVENTS.has(number)) plain = false;
        reader.skip(tag, end);
      }
    }
    this.show(plain ? this.view.read(bytes, start, stop) : decode(GetFlowsResponse, bytes).flow);
    return this;
  }

  private show(flow: Flow | undefined): void {
    (this as { flow: Flow | undefined }).flow = flow;
  }
}

/** Where each field of a flow stands, and what was read of it so far; the fields themselves are getters. */
class LazyFlow {
  private bytes: Buffer = Buffer.alloc(0);
  private readonly firsts = new Int32Array(Flow.fields.length);
  private readonly ends = new Int32Array(Flow.fields.length);
  private readonly values: unknown[] = Flow.fields.map(() => undefined);

  /** Undefined when `start` is negative: the response has no flow. */
  read(bytes: Buffer, start: number, end: number): Flow | undefined {
    if (start < 0) return undefined;
    this.bytes = bytes;
    this.firsts.fill(-1);
    this.values.fill(UNREAD);
    const reader = new WireReader(bytes);
    reader.pos = start;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag(end);
      reader.skip(tag, end);
      const index = INDEX.get(tag >>> 3);
      if (index === undefined) continue;
      if (this.firsts[index] === -1) this.firsts[index] = at;
      this.ends[index] = reader.pos;
    }
    return this as unknown as Flow; // its getters are defined below, one for each field
  }

  get(index: number, { name }: Field): unknown {
    const known = this.values[index];
    if (known !== UNREAD) return known;
    const first = this.firsts[index] as number;
    // From its first occurrence to its last: between them may be others, which are not looked at.
    const part = first < 0 ? undefined : this.bytes.subarray(first, this.ends[index]);
    const value = part && (decode(Flow, part) as Readonly<Record<string, unknown>>)[name];
    this.values[index] = value;
    return value;
  }
}

const INDEX: ReadonlyMap<number, number> = new Map(
  Flow.fields.map(({ number }, index) => [number, index]),
);

for (const [index, field] of Flow.fields.entries())
  Object.defineProperty(LazyFlow.prototype, field.name, {
    get(this: LazyFlow) {
      return this.get(index, field);
    },
  });
