// Message types known inside google.protobuf.Any, and whether their JSON form is a plain value.
import * as schema from './schema.gen.ts';
import type { MessageType } from './schema.ts';
import { Any, FieldMask, Timestamp, WRAPPED_SCALARS, wrapperType } from './wellknown.ts';

/** Types whose JSON is no object of their fields: in an Any it stands under `value`. */
export function hasValueJson(type: MessageType): boolean {
  return type.fullName.startsWith('google.protobuf.');
}

/** The type a type URL names, when it is known here. */
export function resolveAny(typeUrl: string): MessageType | undefined {
  return KNOWN.get(typeUrl.slice(typeUrl.lastIndexOf('/') + 1));
}

const KNOWN: ReadonlyMap<string, MessageType> = new Map(
  [
    Any,
    FieldMask,
    Timestamp,
    ...[...WRAPPED_SCALARS.values()].map(wrapperType),
    ...Object.values(schema).filter((each) => each.kind === 'message'),
  ].map((type): [string, MessageType] => [type.fullName, type]),
);
