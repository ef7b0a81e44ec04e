// google's well-known messages used by Hubble's. Their fields are always present once decoded.
import { field, type MessageType, message, type Scalar } from './schema.ts';

/** A moment: seconds since 1970 (negative before) and 0 to 999,999,999 nanoseconds after them. */
export interface Timestamp {
  seconds: bigint;
  nanos: number;
  readonly $unknown?: Uint8Array | undefined;
}
export const Timestamp: MessageType<Timestamp> = message(
  'google.protobuf.Timestamp',
  [field('seconds', 1, 'int64'), field('nanos', 2, 'int32')],
  () => ({ seconds: 0n, nanos: 0 }),
);

/** Paths of fields, in the .proto's names: `source.pod_name`. */
export interface FieldMask {
  paths: string[];
  readonly $unknown?: Uint8Array | undefined;
}
export const FieldMask: MessageType<FieldMask> = message(
  'google.protobuf.FieldMask',
  [field('paths', 1, 'string', { repeated: true })],
  () => ({ paths: [] }),
);

/** A message of a type named in `type_url`, still encoded. */
export interface Any {
  type_url: string;
  value: Uint8Array;
  readonly $unknown?: Uint8Array | undefined;
}
export const Any: MessageType<Any> = message(
  'google.protobuf.Any',
  [field('type_url', 1, 'string'), field('value', 2, 'bytes')],
  () => ({ type_url: '', value: new Uint8Array(0) }),
);

/** The wrappers by full name, with what they wrap. */
export const WRAPPED_SCALARS: ReadonlyMap<string, Scalar> = new Map([
  ['google.protobuf.DoubleValue', 'double'],
  ['google.protobuf.FloatValue', 'float'],
  ['google.protobuf.Int64Value', 'int64'],
  ['google.protobuf.UInt64Value', 'uint64'],
  ['google.protobuf.Int32Value', 'int32'],
  ['google.protobuf.UInt32Value', 'uint32'],
  ['google.protobuf.BoolValue', 'bool'],
  ['google.protobuf.StringValue', 'string'],
  ['google.protobuf.BytesValue', 'bytes'],
]);

/** A wrapper as a message of one optional `value`, as it is on the wire. */
export function wrapperType(scalar: Scalar): MessageType<{ value?: unknown }> {
  const known = WRAPPER_TYPES.get(scalar);
  if (known === undefined) throw new TypeError(`no wrapper of ${scalar}`);
  return known;
}

const WRAPPER_TYPES: ReadonlyMap<Scalar, MessageType<{ value?: unknown }>> = new Map(
  [...WRAPPED_SCALARS].map(([name, scalar]) => [
    scalar,
    message<{ value?: unknown }>(name, [field('value', 1, scalar)], () => ({})),
  ]),
);
