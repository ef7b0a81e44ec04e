// What expressions compute with. Plain JavaScript values where they are unmistakable: boolean, string, null, bigint for
// int, number for double, Uint8Array for bytes, arrays for lists; classes for the rest.
import type { MessageType } from '../schema.ts';

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

/** Keys are int, uint, bool or string; numerically equal ones are the same key. */
export class MapValue {
  private readonly entries = new Map<string, readonly [Value, Value]>();

  get size(): number {
    return this.entries.size;
  }

  /** False when the key is there already. */
  add(key: Value, id: string, value: Value): boolean {
    if (this.entries.has(id)) return false;
    this.entries.set(id, [key, value]);
    return true;
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

/** What a map knows a key by; undefined for values that can be no key. A whole double finds the key of its number. */
export function keyOf(value: Value): string | undefined {
  switch (typeof value) {
    case 'string':
      return `s${value}`;
    case 'bigint':
      return `n${value}`;
    case 'boolean':
      return `b${value}`;
    case 'number':
      return Number.isInteger(value) ? `n${BigInt(value)}` : undefined;
    default:
      return value instanceof Uint ? `n${value.value}` : undefined;
  }
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
