// GetFlowsResponses made by hand for the tests and benchmarks of ingest: only what a collector looks at, and padding.
import { SECOND_NS } from '../../../src/runtime/time.ts';

export interface ResponseOptions {
  /** Nanoseconds since 1970; left out of the message when undefined. */
  readonly timeNs?: bigint;
  readonly node?: string;
  readonly uuid?: string;
  /** Bytes of padding in the flow's summary. */
  readonly pad?: number;
}

export function varint(value: bigint | number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export function numberField(field: number, value: bigint | number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

export function bytesField(field: number, value: Buffer | string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

export function timestamp(ns: bigint): Buffer {
  return Buffer.concat([numberField(1, ns / SECOND_NS), numberField(2, ns % SECOND_NS)]);
}

function outer({ timeNs, node }: ResponseOptions): Buffer {
  return Buffer.concat([
    node === undefined ? Buffer.alloc(0) : bytesField(1000, node),
    timeNs === undefined ? Buffer.alloc(0) : bytesField(1001, timestamp(timeNs)),
  ]);
}

export function flowResponse(options: ResponseOptions): Buffer {
  const { timeNs, node = '', uuid = '', pad = 0 } = options;
  const flow = Buffer.concat([
    timeNs === undefined ? Buffer.alloc(0) : bytesField(1, timestamp(timeNs)),
    numberField(2, 1),
    bytesField(11, node),
    bytesField(34, uuid),
    bytesField(100000, Buffer.alloc(pad, 'x')),
  ]);
  return Buffer.concat([bytesField(1, flow), outer(options)]);
}

export function lostEventsResponse(
  options: ResponseOptions & { readonly source: number; readonly lost: bigint | number },
): Buffer {
  const event = Buffer.concat([numberField(1, options.source), numberField(2, options.lost)]);
  return Buffer.concat([bytesField(3, event), outer(options)]);
}

export function nodeStatusResponse(
  options: ResponseOptions & { readonly state: number; readonly nodes: readonly string[] },
): Buffer {
  const event = Buffer.concat([
    numberField(1, options.state),
    ...options.nodes.map((name) => bytesField(2, name)),
  ]);
  return Buffer.concat([bytesField(2, event), outer(options)]);
}

/** A gRPC message on the wire: not compressed. */
export function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** The text of field 34 of field 1: the uuid of a flow made by `flowResponse`. */
export function uuidOf(response: Buffer): string {
  const key = Buffer.concat([varint(34 * 8 + 2), varint(36)]);
  const at = response.indexOf(key);
  return at < 0 ? '' : response.toString('latin1', at + key.length, at + key.length + 36);
}
