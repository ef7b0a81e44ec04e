// Messages to protobuf JSON, exactly as `hubble observe -o jsonpb` prints them: names of the .proto in its order,
// defaults left out, 64-bit integers as strings.
import { hasValueJson, resolveAny } from '../proto/any.ts';
import { decode, isLeftOut } from '../proto/codec.ts';
import type { GetFlowsResponse } from '../proto/schema.gen.ts';
import type { EnumType, Field, MessageType, Scalar } from '../proto/schema.ts';
import { formatTimestamp } from '../proto/timestamp.ts';
import { Any, FieldMask, Timestamp, WRAPPED_SCALARS } from '../proto/wellknown.ts';
import { MAX_DEPTH } from '../proto/wire.ts';
import { isResponseType, jsonSource } from './json-source.ts';
import { escapeHtml } from './json-text.ts';

export { fromJson } from './json-read.ts';
export { responseFromJson } from './response-json.ts';

type Fields = Record<string, unknown>;

/**
 * A message as a JSON value. A response read from JSON that its message cannot hold wholly is what was read.
 * A timestamp outside the years 1 to 9999, which has no RFC 3339 form, is `{"seconds":"…","nanos":…}`.
 */
export function toJson<T extends object>(type: MessageType<T>, message: NoInfer<T>): object {
  // Typed by its table.
  return sourceOf(type, message)?.value ?? (jsonOf(type, message as Fields, 0) as object);
}

/** A message as one line of JSON, without the line's end. */
export function toJsonLine<T extends object>(type: MessageType<T>, message: NoInfer<T>): string {
  const source = sourceOf(type, message);
  // Typed by its table.
  return source?.text ?? escapeHtml(JSON.stringify(jsonOf(type, message as Fields, 0)));
}

/** The text a response carries, once it is known to be what it should: one line holding one JSON object. */
function sourceOf(type: MessageType, message: object): { text: string; value: object } | undefined {
  if (!isResponseType(type)) return undefined;
  const text = jsonSource(message as GetFlowsResponse); // typed by its table
  if (text === undefined || !text.startsWith('{') || /[\r\n]/.test(text)) return undefined;
  try {
    return { text, value: JSON.parse(text) };
  } catch {
    // A peer that uses our field number for something else.
    return undefined;
  }
}

function jsonOf(type: MessageType, message: Fields, depth: number): unknown {
  if (type.fullName.startsWith('google.protobuf.')) {
    const special = wellKnownJson(type, message, depth);
    if (special !== undefined) return special;
  }
  const out: Fields = {};
  for (const field of type.fields) {
    const value = message[field.name];
    if (value === undefined || value === null) continue;
    if (field.repeated) {
      const list = value as unknown[]; // typed by its table
      if (list.length > 0) out[field.name] = list.map((each) => elementJson(field, each, depth));
    } else if (field.kind === 'message' || field.kind === 'wrapper' || !isLeftOut(field, value)) {
      out[field.name] = elementJson(field, value, depth);
    }
  }
  return out;
}

function elementJson(field: Field, value: unknown, depth: number): unknown {
  switch (field.kind) {
    case 'message':
      return jsonOf(field.type, value as Fields, depth + 1); // typed by its table
    case 'enum':
      return enumJson(field.type, value as number); // typed by its table
    case 'scalar':
    case 'wrapper':
      return scalarJson(field.scalar, value);
    default:
      return field satisfies never;
  }
}

function enumJson(type: EnumType, value: number): string | number {
  return type.names.get(value) ?? value;
}

function scalarJson(scalar: Scalar, value: unknown): unknown {
  switch (scalar) {
    case 'int64':
    case 'uint64':
      return String(value);
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64'); // typed by its table
    case 'double':
    case 'float':
      // Typed by its table.
      return Number.isFinite(value) ? shortest(scalar, value as number) : String(value);
    case 'int32':
    case 'uint32':
    case 'bool':
    case 'string':
      return value;
    default:
      return scalar satisfies never;
  }
}

/** A float is printed with the fewest digits that identify it as a float. */
function shortest(scalar: Scalar, value: number): number {
  if (scalar === 'double') return value;
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === Math.fround(value)) return shorter;
  }
  return value;
}

function wellKnownJson(type: MessageType, message: Fields, depth: number): unknown {
  switch (type) {
    case Timestamp:
      return formatTimestamp(message as unknown as Timestamp); // typed by its table
    case FieldMask:
      // Typed by its table.
      return (message as unknown as FieldMask).paths.map(maskPathJson).join(',');
    case Any:
      return anyJson(message as unknown as Any, depth); // typed by its table
    default: {
      const scalar = WRAPPED_SCALARS.get(type.fullName);
      const { value } = message;
      if (scalar === undefined) return undefined;
      return value === undefined ? zeroJson(scalar) : scalarJson(scalar, value);
    }
  }
}

function zeroJson(scalar: Scalar): unknown {
  if (scalar === 'string' || scalar === 'bytes') return '';
  if (scalar === 'bool') return false;
  return scalar === 'int64' || scalar === 'uint64' ? '0' : 0;
}

/** An Any of a type not known here keeps its bytes, as base64. */
function anyJson(any: Any, depth: number): object {
  const type = depth < MAX_DEPTH ? resolveAny(any.type_url) : undefined;
  if (type !== undefined) {
    try {
      // Typed by its table.
      const inner = jsonOf(type, decode(type, any.value) as Fields, depth + 1);
      return hasValueJson(type)
        ? { '@type': any.type_url, value: inner }
        : { '@type': any.type_url, ...(inner as object) }; // typed by its table
    } catch {
      // Bytes that are no such message: print them rather than nothing.
    }
  }
  const value = Buffer.from(any.value).toString('base64');
  return {
    ...(any.type_url === '' ? {} : { '@type': any.type_url }),
    ...(value === '' ? {} : { value }),
  };
}

/** Paths are camelCase in JSON; one that would not come back (`IP`) stays as it is. */
function maskPathJson(path: string): string {
  return /[A-Z]/.test(path)
    ? path
    : path.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
