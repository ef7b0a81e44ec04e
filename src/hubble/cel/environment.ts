// Names of an expression: Hubble's messages and enums, CEL's types, and the variable `_flow`. Names are looked up in
// the package `flow` first, so that `Verdict.DROPPED` means `flow.Verdict.DROPPED`.
import * as hubble from '../proto/schema.gen.ts';
import type { EnumType, Field, MessageType, Scalar } from '../proto/schema.ts';
import {
  ANY,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  INT,
  listOf,
  mapOf,
  NULL,
  nullable,
  paramOf,
  STRING,
  structOf,
  TIMESTAMP,
  TYPE,
  typeOf,
  UINT,
} from './types.ts';

export const CONTAINER = 'flow';
export const FLOW_VARIABLE = '_flow';

export type Meaning =
  | { readonly kind: 'flow'; readonly type: CelType }
  | { readonly kind: 'local'; readonly type: CelType; readonly name: string }
  | { readonly kind: 'enum'; readonly type: CelType; readonly value: bigint }
  /** The name of a type, as a value. */
  | { readonly kind: 'type'; readonly type: CelType; readonly name: string };

const messages = new Map<string, MessageType>();
const enums = new Map<string, EnumType>();
for (const each of Object.values(hubble)) {
  if (!each.fullName.startsWith(`${CONTAINER}.`)) continue;
  if (each.kind === 'enum') enums.set(each.fullName, each);
  else messages.set(each.fullName, each);
}

const TYPE_NAMES: ReadonlyMap<string, CelType> = new Map([
  ['bool', BOOL],
  ['bytes', BYTES],
  ['double', DOUBLE],
  ['int', INT],
  ['list', listOf(paramOf('A'))],
  ['map', mapOf(paramOf('A'), paramOf('B'))],
  ['null_type', NULL],
  ['string', STRING],
  ['type', TYPE],
  ['uint', UINT],
  ['google.protobuf.Duration', DURATION],
  ['google.protobuf.Timestamp', TIMESTAMP],
]);

/** The full names a name may have; one that begins with a dot is full already. */
export function candidates(name: string): readonly string[] {
  return name.startsWith('.') ? [name.slice(1)] : [`${CONTAINER}.${name}`, name];
}

/** Meaning of a full name outside of macros. */
export function globalMeaning(name: string): Meaning | undefined {
  if (name === FLOW_VARIABLE) return { kind: 'flow', type: structOf('flow.Flow') };
  const type = messages.has(name) ? structOf(name) : TYPE_NAMES.get(name);
  if (type !== undefined) return { kind: 'type', type: typeOf(type), name };
  const dot = name.lastIndexOf('.');
  const numbers = enums.get(name.slice(0, dot))?.numbers;
  const member = name.slice(dot + 1);
  const value = numbers && Object.hasOwn(numbers, member) ? numbers[member] : undefined;
  return value === undefined ? undefined : { kind: 'enum', type: INT, value: BigInt(value) };
}

export function messageNamed(name: string): MessageType | undefined {
  return messages.get(name);
}

/** A field by the name of the .proto; the forms of JSON are none here. */
export function fieldOf(message: string, name: string): Field | undefined {
  const field = messages.get(message)?.byName.get(name);
  return field?.name === name ? field : undefined;
}

const SCALARS: Readonly<Record<Scalar, CelType>> = {
  double: DOUBLE,
  float: DOUBLE,
  int32: INT,
  int64: INT,
  uint32: UINT,
  uint64: UINT,
  bool: BOOL,
  string: STRING,
  bytes: BYTES,
};

/** The type of a field: enums are int, wrappers may be null. */
export function fieldType(field: Field): CelType {
  const single = singleType(field);
  return field.repeated ? listOf(single) : single;
}

function singleType(field: Field): CelType {
  switch (field.kind) {
    case 'scalar':
      return SCALARS[field.scalar];
    case 'wrapper':
      return nullable(SCALARS[field.scalar]);
    case 'enum':
      return INT;
    case 'message':
      switch (field.type.fullName) {
        case 'google.protobuf.Timestamp':
          return TIMESTAMP;
        case 'google.protobuf.Any':
          return ANY;
        default:
          return structOf(field.type.fullName);
      }
  }
}
