// gRPC framing of messages, and timestamps from and to milliseconds.
import { encode } from '../hubble/proto/codec.ts';
import { type Flow, GetFlowsResponse } from '../hubble/proto/schema.gen.ts';
import type { MessageType } from '../hubble/proto/schema.ts';
import type { Timestamp } from '../hubble/proto/wellknown.ts';

/** One gRPC message: a byte for "not compressed", four of length, the bytes. */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

export function framed<T extends object>(type: MessageType<T>, message: NoInfer<T>): Buffer {
  return frame(encode(type, message));
}

/** Milliseconds since 1970 with a fraction; nanoseconds are kept only to a quarter microsecond. */
export function timestamp(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.min(Math.round((ms - seconds * 1000) * 1e6), 999_999_999);
  return { seconds: BigInt(seconds), nanos };
}

/** The one rounding of a timestamp to milliseconds: equal times stay equal, order stays order. */
export function milliseconds(time: Timestamp): number {
  return Number(time.seconds) * 1000 + time.nanos / 1e6;
}

/** A flow of a node as a framed response; `uuidAt` is where the text of its uuid starts. */
export function encodeObservation(flow: Flow, atMs: number, uuid: string) {
  const time = timestamp(atMs);
  const response = { flow: { ...flow, time, uuid }, node_name: flow.node_name, time };
  const bytes = framed(GetFlowsResponse, response);
  return { framed: bytes, uuidAt: bytes.indexOf(uuid) };
}
