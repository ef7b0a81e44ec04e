// A flow encoded once, with the offsets of what differs from one flow to the next: times, uuid, the client's port.
// Writing a flow is then a copy and some 70 bytes set, well below a microsecond.
import { encode } from '../hubble/proto/codec.ts';
import { type Flow, GetFlowsResponse } from '../hubble/proto/schema.gen.ts';
import { frame } from './framing.ts';

/** Ports of clients; all of these take three bytes as varints, so a template's length never changes. */
export const FIRST_PORT = 32_768;
export const PORTS = 28_232;

/** Nanoseconds from here on take five bytes as a varint, below four. */
const FIVE_BYTES = 2 ** 28;
/** Nanoseconds below would take three bytes; a moment's flows are moved up to it (2 ms in a second). */
export const SMALLEST_NANOS = 2 ** 21;

/** One encoding; offsets count from its start. */
interface Form {
  readonly bytes: Uint8Array;
  readonly uuidAt: number;
  /** Where the varints of the seconds start, five bytes each; the nanoseconds follow a byte behind. */
  readonly timesAt: readonly number[];
  readonly portsAt: readonly number[];
}

export interface FlowTemplate {
  /** For nanoseconds of four bytes. */
  readonly short: Form;
  /** For nanoseconds of five bytes. */
  readonly long: Form;
}

const UUID = '01234567-89ab-4cde-8f01-23456789abcd';
const SECONDS = 0x2d5a5a5a;
const SHORT_NANOS = 0x0a5a5a5a;
const LONG_NANOS = 0x2a5a5a5a;

/** The client's port of a flow that becomes a template: where it stands, each flow's own port is written. */
export const TEMPLATE_PORT = 0xabcd;

/** Time and uuid are set here; the flow must have been made for `TEMPLATE_PORT`. */
export function flowTemplate(flow: Flow, nodeName: string): FlowTemplate {
  return { short: form(flow, nodeName, SHORT_NANOS), long: form(flow, nodeName, LONG_NANOS) };
}

function form(flow: Flow, nodeName: string, nanos: number): Form {
  const time = { seconds: BigInt(SECONDS), nanos };
  const response = { flow: { ...flow, time, uuid: UUID }, node_name: nodeName, time };
  const bytes = frame(encode(GetFlowsResponse, response));
  // Tag and varint of a port: field 1 is the source's, field 2 the destination's.
  const port = Buffer.alloc(3);
  writeVarint(port, 0, TEMPLATE_PORT, 3);
  const ports = [8, 16].flatMap((tag) => positions(bytes, Buffer.of(tag, ...port)));
  const seconds = Buffer.alloc(6, 8);
  writeVarint(seconds, 1, SECONDS, 5);
  return {
    bytes,
    uuidAt: bytes.indexOf(UUID),
    timesAt: positions(bytes, seconds).map((at) => at + 1),
    portsAt: ports.map((at) => at + 1),
  };
}

function positions(bytes: Buffer, pattern: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1))
    found.push(at);
  return found;
}

/** The form for these nanoseconds. */
export function formOf(template: FlowTemplate, nanos: number): Form {
  return nanos >= FIVE_BYTES ? template.long : template.short;
}

/** Writes a flow to `target` at `at`. The uuid is four words of 32 random bits, made a version 4 one. */
export function writeFlow(
  form: Form,
  target: Buffer,
  at: number,
  seconds: number,
  nanos: number,
  port: number,
  words: Uint32Array,
): void {
  target.set(form.bytes, at);
  const nanosLength = nanos >= FIVE_BYTES ? 5 : 4;
  const { timesAt, portsAt } = form;
  for (let i = 0; i < timesAt.length; i++) {
    const to = at + (timesAt[i] as number); // within bounds
    writeVarint(target, to, seconds, 5);
    writeVarint(target, to + 6, nanos, nanosLength);
  }
  for (let i = 0; i < portsAt.length; i++) {
    writeVarint(target, at + (portsAt[i] as number), port, 3); // within bounds
  }
  // The indices exist: words is four long, and this runs for every flow.
  const a = words[0] as number;
  const b = words[1] as number; // within bounds
  const c = words[2] as number; // within bounds
  const d = words[3] as number; // within bounds
  const to = at + form.uuidAt;
  hex16(target, to, a >>> 16);
  hex16(target, to + 4, a & 0xffff);
  hex16(target, to + 9, b >>> 16);
  hex16(target, to + 14, 0x4000 | (b & 0xfff));
  hex16(target, to + 19, 0x8000 | (c >>> 18));
  hex16(target, to + 24, c & 0xffff);
  hex16(target, to + 28, d >>> 16);
  hex16(target, to + 32, d & 0xffff);
}

function writeVarint(target: Buffer, at: number, value: number, length: number): void {
  let rest = value;
  for (let i = 0; i < length - 1; i++) {
    target[at + i] = (rest & 127) | 128;
    rest >>>= 7;
  }
  target[at + length - 1] = rest;
}

const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

function hex16(target: Buffer, at: number, value: number): void {
  target[at] = DIGITS[value >>> 12] as number; // within bounds
  target[at + 1] = DIGITS[(value >>> 8) & 15] as number; // within bounds
  target[at + 2] = DIGITS[(value >>> 4) & 15] as number; // within bounds
  target[at + 3] = DIGITS[value & 15] as number; // within bounds
}
