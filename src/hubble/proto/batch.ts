// FlowBatch, the record of the bus: many relay responses sealed together as they came, by the layout of
// proto/parallax/v1/flow_batch.proto. The responses are not decoded.
import { WIRE_BYTES, WIRE_VARINT, WireReader } from './wire.ts';
import { WireWriter } from './wire-writer.ts';

/** In place of the relay's name in batches that an import made. */
export const IMPORT_RELAY = 'import';

export interface FlowBatchHeader {
  /** The key of the observing cluster; empty when an import left it to the node names. */
  readonly cluster: string;
  /** The relay's name in the configuration, or IMPORT_RELAY. */
  readonly relay: string;
  /** Random id of the collector run; a restart has another. */
  readonly collector: string;
  /** Number of the batch within the collector run, from 0. */
  readonly sequence: number;
  /** When the first response arrived, nanoseconds since 1970. */
  readonly receivedAt: bigint;
  /** True when flows of this batch may have been published before; the writer then drops what is stored. */
  readonly replay: boolean;
  readonly count: number;
}

export interface FlowBatch {
  readonly header: FlowBatchHeader;
  /** The encoded batch; response i is `bytes.subarray(starts[i], ends[i])`. */
  readonly bytes: Buffer;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** Encoded CoverageFacts; none in a batch of responses. */
  readonly facts: readonly Buffer[];
}

const RESPONSE_TAG = (15 << 3) | 2;
const FACT = 8;
const HEADER_ROOM = 256;
/** Bytes before a response that `append` writes over: those of gRPC's head of a message. */
export const RESPONSE_HEAD = 5;
const NONE = Buffer.alloc(0);

/** Collects responses into one growing buffer and seals them as a FlowBatch without copying them again. */
export class FlowBatchBuilder {
  /** Empty until the first response. */
  private buffer: Buffer<ArrayBuffer> = NONE;
  private capacity: number;
  private end = HEADER_ROOM;
  /** Responses that lie side by side and are not copied yet: `run[runStart, runEnd)`, heads included. */
  private run: Buffer = NONE;
  private runStart = 0;
  private runEnd = 0;
  private readonly allocate: (bytes: number) => Buffer<ArrayBuffer>;
  count = 0;

  constructor(capacity = 1 << 20, allocate = (bytes: number) => Buffer.allocUnsafeSlow(bytes)) {
    this.allocate = allocate;
    this.capacity = Math.max(capacity, HEADER_ROOM * 2);
  }

  /** Bytes of the responses so far. */
  get size(): number {
    return this.end - HEADER_ROOM + this.runEnd - this.runStart;
  }

  /**
   * Takes the response `bytes[start, end)` and writes over the five bytes before it. A stream's messages become a
   * batch where they lie, and all that follow on each other are copied at once: call `flush` before the bytes change.
   * The length is written as four bytes, with zeroes at its end, which every protobuf reader takes.
   */
  append(bytes: Buffer, start: number, end: number): void {
    const length = end - start;
    const head = start - RESPONSE_HEAD;
    bytes[head] = RESPONSE_TAG;
    bytes[head + 1] = (length & 127) | 128;
    bytes[head + 2] = ((length >>> 7) & 127) | 128;
    bytes[head + 3] = ((length >>> 14) & 127) | 128;
    bytes[head + 4] = length >>> 21;
    this.count++;
    if (this.runEnd === head && this.run === bytes) {
      this.runEnd = end;
      return;
    }
    this.flush();
    this.run = bytes;
    this.runStart = head;
    this.runEnd = end;
  }

  /** Copies what `append` has taken and still lies where it was. */
  flush(): void {
    const { run, runStart, runEnd } = this;
    const length = runEnd - runStart;
    if (length === 0) return;
    this.run = NONE;
    this.runStart = this.runEnd = 0;
    this.reserve(length);
    run.copy(this.buffer, this.end, runStart, runEnd);
    this.end += length;
  }

  add(response: Uint8Array): void {
    this.flush();
    const length = response.length;
    this.reserve(length + 6);
    const { buffer } = this;
    let at = this.end;
    buffer[at++] = RESPONSE_TAG;
    let rest = length;
    while (rest > 127) {
      buffer[at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    buffer[at++] = rest;
    buffer.set(response, at);
    this.end = at + length;
    this.count++;
  }

  /** The sealed batch; the builder is empty afterwards and has given its buffer away. */
  seal(header: Omit<FlowBatchHeader, 'count'>): Buffer<ArrayBuffer> {
    this.flush();
    this.reserve(0);
    const head = encodeHeader({ ...header, count: this.count });
    // A header longer than its room (very long names) costs one copy.
    const sealed =
      head.length <= HEADER_ROOM
        ? this.buffer.subarray(HEADER_ROOM - head.length, this.end)
        : Buffer.concat([head, this.buffer.subarray(HEADER_ROOM, this.end)]);
    if (head.length <= HEADER_ROOM) sealed.set(head, 0);
    this.buffer = NONE;
    this.end = HEADER_ROOM;
    this.count = 0;
    return sealed;
  }

  private reserve(more: number): void {
    if (this.end + more <= this.buffer.length) return;
    const wanted = Math.max(this.capacity, this.buffer.length * 2, this.end + more);
    const larger = this.allocate(wanted);
    this.buffer.copy(larger, 0, 0, this.end);
    this.buffer = larger;
    this.capacity = larger.length;
  }
}

/** A record of coverage facts, without responses. */
export function sealFacts(
  header: Omit<FlowBatchHeader, 'count' | 'replay'>,
  facts: readonly Buffer[],
): Buffer {
  const writer = new WireWriter();
  writer.raw(encodeHeader({ ...header, count: 0, replay: false }));
  for (const fact of facts) {
    writer.tag(FACT, WIRE_BYTES);
    const start = writer.begin();
    writer.raw(fact);
    writer.end(start);
  }
  const written = writer.finish();
  // Not from the pool: the bus may move the memory to another thread.
  const sealed = Buffer.allocUnsafeSlow(written.length);
  written.copy(sealed);
  return sealed;
}

function encodeHeader(header: FlowBatchHeader): Buffer {
  const writer = new WireWriter(HEADER_ROOM);
  const number = (field: number, value: bigint) => {
    if (value === 0n) return;
    writer.tag(field, WIRE_VARINT);
    writer.varint64(value);
  };
  const text = (field: number, value: string) => {
    if (value === '') return;
    writer.tag(field, WIRE_BYTES);
    writer.text(value);
  };
  text(1, header.cluster);
  text(2, header.relay);
  text(3, header.collector);
  number(4, BigInt(header.sequence));
  number(5, header.receivedAt);
  number(6, header.replay ? 1n : 0n);
  number(7, BigInt(header.count));
  return writer.finish();
}

/** Reads a batch without looking into its responses. Throws `hubble/malformed` when the bytes are none. */
export function decodeFlowBatch(bytes: Buffer): FlowBatch {
  const strings = ['', '', '', ''];
  const numbers = [0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
  let starts = new Uint32Array(1024);
  let ends = new Uint32Array(1024);
  const facts: Buffer[] = [];
  let count = 0;
  const reader = new WireReader(bytes);
  while (reader.pos < reader.limit) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if (tag === RESPONSE_TAG) {
      const end = endOfResponse(reader);
      if (count === starts.length) {
        starts = grow(starts);
        ends = grow(ends);
      }
      starts[count] = reader.pos;
      ends[count++] = end;
      reader.pos = end;
    } else if ((tag & 7) === WIRE_VARINT) {
      const value = reader.varint64();
      if (field < numbers.length) numbers[field] = value;
    } else if ((tag & 7) === WIRE_BYTES) {
      const end = reader.end();
      if (field < strings.length) strings[field] = bytes.toString('utf8', reader.pos, end);
      else if (field === FACT) facts.push(bytes.subarray(reader.pos, end));
      reader.pos = end;
    } else {
      throw reader.malformed('bad-tag', `wire type ${tag & 7} (field ${field})`);
    }
  }
  if (Number(numbers[7]) !== count)
    throw reader.malformed('truncated', `${count} responses where ${numbers[7]} were sealed`);
  const [, cluster = '', relay = '', collector = ''] = strings;
  const [, , , , sequence, receivedAt = 0n, replay] = numbers;
  const header = {
    cluster,
    relay,
    collector,
    sequence: Number(sequence),
    receivedAt,
    replay: replay === 1n,
    count,
  };
  return { header, bytes, starts, ends, facts };
}

/** Where the response that begins here ends; `append` writes its length as four bytes. */
function endOfResponse(reader: WireReader): number {
  const { bytes, pos } = reader;
  const word = pos + 4 <= reader.limit ? bytes.readInt32LE(pos) : 0;
  if ((word & 0x80808080) !== 0x808080) return reader.end();
  const end =
    pos +
    4 +
    ((word & 0x7f) |
      ((word & 0x7f00) >>> 1) |
      ((word & 0x7f0000) >>> 2) |
      ((word & 0x7f000000) >>> 3));
  if (end > reader.limit) return reader.end();
  reader.pos = pos + 4;
  return end;
}

function grow(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}
