// Runtime values. Plain JavaScript where unambiguous: boolean, string, null, bigint for int, number for double,
// Uint8Array for bytes, arrays for lists; classes for the rest.
import type { MessageType } from '../proto/schema.ts';

export class Uint {
  readonly value: bigint;
  constructor(value: bigint) {
    this.value = value;
  }
}

/** Nanoseconds since 1970. */
export class Moment {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** Nanoseconds. */
export class Span {
  readonly nanos: bigint;
  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A protobuf message; fields that are not set read as their defaults. */
export class Message {
  readonly type: MessageType;
  readonly fields: Readonly<Record<string, unknown>>;
  constructor(type: MessageType, fields: Readonly<Record<string, unknown>>) {
    this.type = type;
    this.fields = fields;
  }
}

/** The type of a value, as `type(x)` gives it. */
export class TypeValue {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Literals take keys of nearly every type; what `keyOf` gives is what makes them differ. */
export class MapValue {
  private readonly entries = new Map<string, readonly [Value, Value]>();

  get size(): number {
    return this.entries.size;
  }

  /** In place of what had the key before. */
  add(key: Value, id: string, value: Value): void {
    this.entries.set(id, [key, value]);
  }

  get(id: string): Value | undefined {
    return this.entries.get(id)?.[1];
  }

  keys(): readonly Value[] {
    return [...this.entries.values()].map(([key]) => key);
  }

  pairs(): Iterable<readonly [string, readonly [Value, Value]]> {
    return this.entries;
  }
}

export type Value =
  | boolean
  | bigint
  | number
  | string
  | null
  | Uint8Array
  | Uint
  | Moment
  | Span
  | Message
  | TypeValue
  | MapValue
  | readonly Value[];

/** An evaluation that failed. A value, not an exception: `||` and `&&` may yet do without it. */
export class Failure {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export type Result = Value | Failure;

export const NO_OVERLOAD = new Failure('no such overload');

/** Of values that no two are the same, each counts. */
const identities = new WeakMap<object, number>();
let lastIdentity = 0;

/** Identity of a map key; undefined for bytes, which cannot be keys. */
export function keyOf(value: Value): string | undefined {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'bigint':
      return `i${value}`;
    case 'boolean':
      return `b${value}`;
    case 'number':
      return `d${value}`;
    default:
      if (value === null) return 'null';
      if (value instanceof Uint) return `u${value.value}`;
      if (value instanceof Moment) return `m${value.nanos}`;
      if (value instanceof Span) return `p${value.nanos}`;
      if (value instanceof TypeValue) return `t${value.name}`;
      return value instanceof Uint8Array ? undefined : identityOf(value);
  }
}

function identityOf(value: object): string {
  const known = identities.get(value) ?? ++lastIdentity;
  identities.set(value, known);
  return `o${known}`;
}

/** How the same number would be written as a key of another type. */
export function otherKeysOf(key: Value): readonly string[] {
  if (typeof key === 'number')
    return Number.isInteger(key) ? [`i${BigInt(key)}`, `u${BigInt(key)}`] : [];
  if (typeof key === 'bigint') return [`u${key}`];
  return key instanceof Uint ? [`i${key.value}`] : [];
}

/** The name `type(value)` goes by. */
export function typeNameOf(value: Value): string {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    default:
      return objectTypeName(value);
  }
}

function objectTypeName(value: Exclude<Value, boolean | bigint | number | string>): string {
  if (value === null) return 'null_type';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Moment) return 'google.protobuf.Timestamp';
  if (value instanceof Span) return 'google.protobuf.Duration';
  if (value instanceof Message) return value.type.fullName;
  if (value instanceof TypeValue) return 'type';
  return value instanceof MapValue ? 'map' : 'list';
}

/** cel-go's Go type of a value, for messages that name it. */
export function goTypeOf(value: Value): string {
  if (value instanceof Message) return '*types.protoObj';
  if (value instanceof TypeValue) return '*types.Type';
  if (value === null) return 'types.Null';
  if (Array.isArray(value)) return '*types.baseList';
  if (value instanceof MapValue) return '*types.baseMap';
  const name = typeNameOf(value).split('.').at(-1) ?? '';
  return `types.${name.replace(/^./, (first) => first.toUpperCase())}`;
}
