// Protobuf fields as CEL values: enums are int, absent fields read as their defaults, absent wrappers as null.
import { SECOND_NS } from '../../runtime/time.ts';
import { resolveAny } from '../proto/any.ts';
import { decode } from '../proto/codec.ts';
import type { Field, Scalar } from '../proto/schema.ts';
import { toNanos } from '../proto/timestamp.ts';
import type { Any, Timestamp } from '../proto/wellknown.ts';
import { Failure, Message, Moment, type Result, Span, Uint, type Value } from './values.ts';

const ZERO = 0n;
const UINT_ZERO = new Uint(0n);
const NO_ELEMENTS: readonly Value[] = [];
const EPOCH = new Moment(0n);

/** The value of a field as the decoder left it, undefined when it is not set. */
export function fieldValue(field: Field, raw: unknown): Result {
  if (field.repeated) {
    if (!Array.isArray(raw) || raw.length === 0) return NO_ELEMENTS;
    // Texts are values as they are, and labels are what most expressions walk over.
    if (field.kind === 'scalar' && field.scalar === 'string') return raw;
    const elements: Value[] = [];
    for (const each of raw) {
      const element = singleValue(field, each);
      if (element instanceof Failure) return element;
      elements.push(element);
    }
    return elements;
  }
  return singleValue(field, raw);
}

function singleValue(field: Field, raw: unknown): Result {
  switch (field.kind) {
    case 'scalar':
      return scalarValue(field.scalar, raw);
    case 'enum':
      return raw === undefined ? ZERO : BigInt(Number(raw));
    case 'wrapper':
      return raw === undefined || raw === null ? null : scalarValue(field.scalar, raw);
    case 'message':
      return messageValue(field, raw);
  }
}

function scalarValue(scalar: Scalar, raw: unknown): Value {
  switch (scalar) {
    case 'bool':
      return raw === true;
    case 'string':
      return typeof raw === 'string' ? raw : '';
    case 'bytes':
      return raw instanceof Uint8Array ? raw : new Uint8Array(0);
    case 'int32':
    case 'int64':
      return typeof raw === 'bigint' ? raw : raw === undefined ? ZERO : BigInt(Number(raw));
    case 'uint32':
    case 'uint64':
      if (raw === undefined) return UINT_ZERO;
      return new Uint(typeof raw === 'bigint' ? raw : BigInt(Number(raw)));
    case 'float':
    case 'double':
      return raw === undefined ? 0 : Number(raw);
  }
}

function messageValue(field: Field & { readonly kind: 'message' }, raw: unknown): Result {
  switch (field.type.fullName) {
    case 'google.protobuf.Timestamp':
      // The decoder gives this field's own message.
      return raw === undefined ? EPOCH : new Moment(toNanos(raw as Timestamp));
    case 'google.protobuf.Any':
      return anyValue(raw as Any | undefined); // the decoder gives the field's message
    default:
      // The decoder gives the field's message.
      return new Message(field.type, (raw as Record<string, unknown> | undefined) ?? {});
  }
}

function anyValue(any: Any | undefined): Result {
  if (any === undefined || any.type_url === '')
    return new Failure('conversion error: got empty Any value');
  const type = resolveAny(any.type_url);
  if (type === undefined)
    return new Failure(`unknown type: '${any.type_url.slice(any.type_url.lastIndexOf('/') + 1)}'`);
  try {
    // A decoded message is an object of its fields.
    return new Message(type, decode(type, any.value) as Record<string, unknown>);
  } catch (error) {
    return new Failure(error instanceof Error ? error.message : String(error));
  }
}

/** `has(message.field)`: set at all for messages and wrappers, and not the default for everything else. */
export function isSet(field: Field, raw: unknown): boolean {
  if (raw === undefined || raw === null) return false;
  if (field.repeated) return Array.isArray(raw) && raw.length > 0;
  if (field.kind === 'message' || field.kind === 'wrapper') return true;
  if (raw instanceof Uint8Array) return raw.length > 0;
  return raw !== 0 && raw !== 0n && raw !== '' && raw !== false;
}

/** The value as a field holds it; the inverse of `fieldValue`. */
export function fieldContent(field: Field, value: Value): unknown {
  if (field.repeated)
    return Array.isArray(value) ? value.map((each) => singleContent(field, each)) : undefined;
  return singleContent(field, value);
}

function singleContent(field: Field, value: Value): unknown {
  if (value === null) return undefined;
  if (value instanceof Message) return value.fields;
  if (value instanceof Moment) {
    const nanos = ((value.nanos % SECOND_NS) + SECOND_NS) % SECOND_NS;
    return { seconds: (value.nanos - nanos) / SECOND_NS, nanos: Number(nanos) };
  }
  if (value instanceof Span) return undefined;
  const plain = value instanceof Uint ? value.value : value;
  if (typeof plain !== 'bigint') return plain;
  const wide = field.kind !== 'message' && field.kind !== 'enum' && field.scalar.endsWith('64');
  return wide ? plain : Number(plain);
}
