// A GetFlowsResponse whose fields are decoded when a filter reads them. One object is reused: its content holds
// until the next `read`.
import { decode } from './codec.ts';
import { Endpoint, Flow, GetFlowsResponse } from './schema.gen.ts';
import type { MessageType } from './schema.ts';
import { WIRE_BYTES, WireReader } from './wire.ts';

const FLOW = 1;
const OTHERS: ReadonlySet<number> = new Set([2, 3]);

/** For filters to look at: what is true of it is true of the decoded response. Fields not known are left out. */
export class LazyResponse {
  flow: Flow | undefined;
  private readonly view = new View(Flow);

  /** Looks at other bytes from now on. Throws `hubble/malformed` when their outline is no message. */
  read(bytes: Buffer): this {
    const reader = new WireReader(bytes);
    let start = -1;
    let stop = -1;
    let plain = true;
    while (reader.pos < reader.limit) {
      const tag = reader.tag();
      const number = tag >>> 3;
      if (number === FLOW && (tag & 7) === WIRE_BYTES) {
        stop = reader.end();
        if (start >= 0) plain = false;
        start = reader.pos;
        reader.pos = stop;
      } else {
        if (OTHERS.has(number)) plain = false;
        reader.skip(tag);
      }
    }
    if (!plain) this.flow = decode(GetFlowsResponse, bytes).flow;
    else this.flow = start < 0 ? undefined : this.view.read(reader, start, stop);
    return this;
  }
}

const UNREAD = Symbol('unread');

/** Where each field of a message stands and what was read of it so far. For types that have no oneof of their own. */
class View<T extends object> {
  private readonly type: MessageType<T>;
  /** The message, with a getter a field. */
  private readonly shown: T;
  private readonly index: ReadonlyMap<number, number>;
  private readonly firsts: Int32Array;
  private readonly ends: Int32Array;
  /** Occurrences of each field. */
  private readonly times: Uint8Array;
  private readonly values: unknown[];
  private readonly inner: ReadonlyMap<number, View<Endpoint>>;
  private bytes: Buffer = Buffer.alloc(0);

  constructor(type: MessageType<T>) {
    const { fields } = type;
    this.type = type;
    this.index = new Map(fields.map(({ number }, index) => [number, index]));
    this.firsts = new Int32Array(fields.length);
    this.ends = new Int32Array(fields.length);
    this.times = new Uint8Array(fields.length);
    this.values = fields.map(() => undefined);
    this.inner = new Map(
      [...fields.entries()]
        .filter(([, field]) => field.kind === 'message' && field.type === Endpoint)
        .map(([index]) => [index, new View(Endpoint)]),
    );
    this.shown = type.create();
    for (const [index, { name }] of fields.entries())
      Object.defineProperty(this.shown, name, { get: () => this.get(index), enumerable: true });
  }

  read(reader: WireReader, start: number, end: number): T {
    this.bytes = reader.bytes;
    this.times.fill(0);
    this.values.fill(UNREAD);
    reader.pos = start;
    reader.limit = end;
    while (reader.pos < end) {
      const at = reader.pos;
      const tag = reader.tag();
      reader.skip(tag);
      const index = this.index.get(tag >>> 3);
      if (index === undefined) continue;
      const times = this.times[index] as number; // index < fields
      if (times === 0) this.firsts[index] = at;
      if (times < 2) this.times[index] = times + 1;
      this.ends[index] = reader.pos;
    }
    return this.shown;
  }

  private get(index: number): unknown {
    if (this.values[index] === UNREAD) this.values[index] = this.valueOf(index);
    return this.values[index];
  }

  private valueOf(index: number): unknown {
    const times = this.times[index] as number; // as above
    if (times === 0) return undefined;
    const first = this.firsts[index] as number; // index < fields
    const end = this.ends[index] as number; // index < fields
    const inner = times === 1 ? this.inner.get(index) : undefined;
    if (inner !== undefined) {
      const reader = new WireReader(this.bytes);
      reader.pos = first;
      reader.limit = end;
      if ((reader.tag() & 7) !== WIRE_BYTES) return undefined;
      const stop = reader.end();
      return inner.read(reader, reader.pos, stop);
    }
    // From the first occurrence to the last: between them may be other fields, which are not looked at.
    const part = decode(this.type, this.bytes.subarray(first, end));
    // An object of its fields.
    return (part as Readonly<Record<string, unknown>>)[this.type.fields[index]?.name ?? ''];
  }
}
