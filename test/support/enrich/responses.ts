// Responses for tests of the projection: made of Hubble's own tables, every field of every message among them.
import fc from 'fast-check';
import {
  decodeFlowBatch,
  type FlowBatch,
  FlowBatchBuilder,
} from '../../../src/hubble/proto/batch.ts';
import { encode } from '../../../src/hubble/proto/codec.ts';
import { Flow, GetFlowsResponse, Layer4 } from '../../../src/hubble/proto/schema.gen.ts';
import type { Field, MessageType } from '../../../src/hubble/proto/schema.ts';
import { messageOf } from '../hubble/messages.ts';

type Fields = Record<string, unknown>;

/** Each protocol as often as the others. */
const LAYER4 = fc.oneof(
  ...Layer4.fields.map((field) => {
    if (field.kind !== 'message') throw new TypeError(`${field.name} is no protocol`);
    return messageOf(field.type).map((protocol) => ({ [field.name]: protocol }));
  }),
);

/** Any responses: most hold something that columns cannot. */
export function wildResponses(count: number, seed: number): GetFlowsResponse[] {
  return fc.sample(messageOf(GetFlowsResponse), { numRuns: count, seed }) as GetFlowsResponse[];
}

/** Flows that columns can hold wholly. */
export function tameResponses(count: number, seed: number): GetFlowsResponse[] {
  const flows = fc.sample(
    fc.record({
      flow: messageOf(Flow),
      l4: fc.option(LAYER4),
      outer: messageOf(GetFlowsResponse),
      same: fc.boolean(),
    }),
    { numRuns: count, seed },
  );
  return flows.map(({ flow, l4, outer, same }) => {
    const tamed = tame(Flow, { ...flow, ...(l4 ? { l4 } : {}) }) as Flow;
    const { node_name, time } = tame(GetFlowsResponse, outer as Fields) as GetFlowsResponse;
    const envelope = same ? { node_name: tamed.node_name, time: tamed.time } : { node_name, time };
    return withoutUndefined({ flow: tamed, ...envelope });
  });
}

/** The batch of some encoded responses. */
export function batchOf(
  responses: readonly Uint8Array[],
  header: Partial<FlowBatch['header']> = {},
): FlowBatch {
  const builder = new FlowBatchBuilder();
  for (const response of responses) builder.add(response);
  const sealed = builder.seal({
    cluster: 'kind-lab',
    relay: 'lab',
    collector: 'c1',
    sequence: 1,
    receivedAt: 1_773_500_000_123_456_789n,
    replay: false,
    ...header,
  });
  return decodeFlowBatch(sealed);
}

export function encodeResponse(response: GetFlowsResponse): Buffer {
  return encode(GetFlowsResponse, response);
}

function withoutUndefined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}

/** The same message with each value brought into what its column holds. */
function tame(type: MessageType, message: Fields): Fields {
  if (type.fullName === 'google.protobuf.Timestamp') {
    return { seconds: BigInt.asIntN(33, message.seconds as bigint) / 2n, nanos: message.nanos };
  }
  if (type.fullName === 'google.protobuf.Any') return message;
  const out: Fields = {};
  for (const field of type.fields) {
    const value = message[field.name];
    if (value === undefined) continue;
    out[field.name] = Array.isArray(value)
      ? value.map((each) => tameValue(field, each))
      : tameValue(field, value);
  }
  if (type.fullName === 'flow.Workload' && out.name === undefined) out.name = 'w';
  return out;
}

function tameValue(field: Field, value: unknown): unknown {
  switch (field.kind) {
    case 'message':
      return tame(field.type, value as Fields);
    case 'enum':
      return (value as number) & 0x7f || 1;
    default:
      if (typeof value === 'string') return value.replaceAll(/[\n/\ufffd]/g, '_') || '_';
      if (/^(source|destination)_port$/.test(field.name)) return (value as number) & 0xffff || 1;
      return value;
  }
}
