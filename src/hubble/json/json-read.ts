// Protobuf JSON to messages, lenient: field names of the .proto or camelCase, enums by name or number, 64-bit
// integers as text or number, null as absent. Reports when the message could not hold everything. protojson.ts is
// the strict reader.
import { ParallaxError } from '../../runtime/errors.ts';
import { hasValueJson, resolveAny } from '../proto/any.ts';
import { encode } from '../proto/codec.ts';
import type { EnumType, Field, MessageType, Scalar } from '../proto/schema.ts';
import { parseTimestamp } from '../proto/timestamp.ts';
import { Any, FieldMask, Timestamp, WRAPPED_SCALARS } from '../proto/wellknown.ts';
import { MAX_DEPTH } from '../proto/wire.ts';
import { EXACT_NUMBER } from './json-text.ts';

type Fields = Record<string, unknown>;

export interface FromJsonOptions {
  /** Refuse what the message cannot hold (unknown fields, unknown enum names) instead of leaving it out. */
  readonly strict?: boolean;
}

/** Reads a parsed JSON value. Throws `hubble/malformed` with the path of what is wrong. */
export function fromJson<T extends object>(
  type: MessageType<T>,
  value: unknown,
  options: FromJsonOptions = {},
): T {
  // A message of its type.
  return new JsonReader(options.strict ?? false).message(type, value, '') as T;
}

/** One reading: `lossy` says whether something of the JSON is not in the message. */
export class JsonReader {
  lossy = false;
  private readonly strict: boolean;
  private depth = 0;

  constructor(strict: boolean) {
    this.strict = strict;
  }

  message(type: MessageType, value: unknown, path: string): object {
    if (type.fullName.startsWith('google.protobuf.')) return this.wellKnown(type, value, path);
    if (!isObject(value)) throw wrong(path, 'an object', value);
    return this.fields(type, value, path);
  }

  private fields(type: MessageType, value: Fields, path: string, skipped?: string): object {
    const message = type.create() as Fields; // a message of its type
    for (const key in value) {
      if (key === skipped) continue;
      const field = type.byName.get(key);
      const item = value[key];
      if (field === undefined) {
        this.left(path, `unknown field ${shown(key)}`);
      } else if (item !== null) {
        // Both names of one field: only one of them can win.
        if (key !== field.name && (value[field.name] ?? null) !== null) {
          this.left(path, `field ${field.name} is there twice`);
        }
        for (const other of field.excludes) {
          if (message[other] === undefined) continue;
          this.left(path, `${field.name} and ${other} exclude each other`);
          delete message[other];
        }
        this.field(field, item, message, path === '' ? field.name : `${path}.${field.name}`);
      }
    }
    return message;
  }

  private field(field: Field, value: unknown, message: Fields, path: string): void {
    if (!field.repeated) {
      const read = this.element(field, value, path);
      if (read !== undefined) message[field.name] = read;
      return;
    }
    if (!Array.isArray(value)) throw wrong(path, 'a list', value);
    const list: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      const read = this.element(field, value[i], `${path}[${i}]`);
      if (read !== undefined) list.push(read);
    }
    message[field.name] = list;
  }

  private element(field: Field, value: unknown, path: string): unknown {
    switch (field.kind) {
      case 'message':
        return this.message(field.type, value, path);
      case 'enum':
        return this.enumNumber(field.type, value, path);
      case 'scalar':
      case 'wrapper':
        return this.scalar(field.scalar, value, path);
      default:
        return field satisfies never;
    }
  }

  private enumNumber(type: EnumType, value: unknown, path: string): number | undefined {
    if (typeof value === 'number') return integer(value, -(2 ** 31), 2 ** 31 - 1, path);
    if (typeof value !== 'string') throw wrong(path, `a name or number of ${type.fullName}`, value);
    if (Object.hasOwn(type.numbers, value)) return type.numbers[value];
    this.left(path, `unknown value ${shown(value)} of ${type.fullName}`);
    return undefined;
  }

  private scalar(scalar: Scalar, value: unknown, path: string): unknown {
    switch (scalar) {
      case 'int32':
        return integer(numberOf(value, path), -(2 ** 31), 2 ** 31 - 1, path);
      case 'uint32':
        return integer(numberOf(value, path), 0, 2 ** 32 - 1, path);
      case 'int64':
        return long(value, -(2n ** 63n), 2n ** 63n - 1n, path);
      case 'uint64':
        return long(value, 0n, 2n ** 64n - 1n, path);
      case 'double':
      case 'float':
        return numberOf(value, path, true);
      case 'bool':
        if (typeof value !== 'boolean') throw wrong(path, 'true or false', value);
        return value;
      case 'string':
        if (typeof value !== 'string') throw wrong(path, 'a string', value);
        // Half of a surrogate pair has no UTF-8.
        if (/\p{Cs}/u.test(value)) this.left(path, 'text with half a surrogate pair');
        return value;
      case 'bytes': {
        const bytes = typeof value === 'string' ? base64(value) : undefined;
        if (bytes === undefined) throw wrong(path, 'base64', value);
        return bytes;
      }
      default:
        return scalar satisfies never;
    }
  }

  private wellKnown(type: MessageType, value: unknown, path: string): object {
    if (type === Timestamp) return this.timestamp(value, path);
    if (type === FieldMask) {
      if (typeof value !== 'string') throw wrong(path, 'paths joined by commas', value);
      return { paths: value === '' ? [] : value.split(',').map(maskPath) };
    }
    if (type === Any) return this.any(value, path);
    const scalar = WRAPPED_SCALARS.get(type.fullName);
    if (scalar === undefined) throw wrong(path, type.fullName, value);
    return { value: this.scalar(scalar, value, path) };
  }

  private timestamp(value: unknown, path: string): Timestamp {
    // toJson prints times outside of RFC 3339's range as objects.
    if (isObject(value)) {
      return this.fields(Timestamp, value, path) as Timestamp; // a message of its type
    }
    const time = typeof value === 'string' ? parseTimestamp(value) : undefined;
    if (time === undefined) throw wrong(path, 'an RFC 3339 time', value);
    return time;
  }

  private any(value: unknown, path: string): Any {
    if (!isObject(value)) throw wrong(path, 'an object', value);
    const url = value['@type'];
    if (url !== undefined && typeof url !== 'string') throw wrong(`${path}.@type`, 'a string', url);
    const type = url === undefined ? undefined : resolveAny(url);
    if (url === undefined || type === undefined) return this.unknownAny(url ?? '', value, path);
    if (++this.depth > MAX_DEPTH) {
      throw new ParallaxError(
        'hubble/malformed',
        `no Hubble JSON: ${path}: nested deeper than ${MAX_DEPTH}`,
      );
    }
    const inner = hasValueJson(type)
      ? this.message(type, value.value, `${path}.value`)
      : this.fields(type, value, path, '@type');
    this.depth--;
    if (hasValueJson(type)) {
      for (const key in value) {
        if (key !== '@type' && key !== 'value') this.left(path, `unknown field ${shown(key)}`);
      }
    }
    return { type_url: url, value: new Uint8Array(encode(type, inner)) };
  }

  /** Of a type not known here only bytes can be held, as toJson prints them. */
  private unknownAny(url: string, value: Fields, path: string): Any {
    let bytes: Uint8Array = new Uint8Array(0);
    for (const key in value) {
      if (key === '@type') continue;
      const item = value[key];
      const read = key === 'value' && typeof item === 'string' ? base64(item) : undefined;
      const same = read !== undefined && Buffer.from(read).toString('base64') === item;
      if (same) bytes = read;
      else this.left(path, `type ${shown(url)} is not known`);
    }
    return { type_url: url, value: bytes };
  }

  private left(path: string, what: string): void {
    if (this.strict) {
      throw new ParallaxError('hubble/malformed', `no Hubble JSON: ${at(path)}${what}`);
    }
    this.lossy = true;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The digits of an integer that exactNumbers kept. */
function exactDigits(value: unknown): string | undefined {
  const digits = isObject(value) ? value[EXACT_NUMBER] : undefined;
  return typeof digits === 'string' ? digits : undefined;
}

const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const MAX_NUMBER_TEXT = 400;

function numberOf(value: unknown, path: string, float = false): number {
  const text = exactDigits(value) ?? value;
  if (typeof text === 'string') {
    if (float && (text === 'NaN' || text === 'Infinity' || text === '-Infinity')) {
      return Number(text);
    }
    if (text.length > MAX_NUMBER_TEXT || !NUMBER.test(text)) throw wrong(path, 'a number', value);
  } else if (typeof text !== 'number') throw wrong(path, 'a number', value);
  const number = Number(text);
  if (!Number.isFinite(number)) throw wrong(path, 'a number within range', value);
  return number;
}

function integer(value: number, min: number, max: number, path: string): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw wrong(path, `an integer from ${min} to ${max}`, value);
  }
  // Not -0, which is no integer on the wire.
  return value + 0;
}

function long(value: unknown, min: bigint, max: bigint, path: string): bigint {
  const text = exactDigits(value) ?? value;
  const short = typeof text === 'string' && /^-?(0|[1-9][0-9]{0,19})$/.test(text);
  let read: bigint;
  if (short) read = BigInt(text);
  else {
    const number = numberOf(value, path);
    if (!Number.isInteger(number)) throw wrong(path, 'an integer', value);
    read = BigInt(number);
  }
  if (read < min || read > max) throw wrong(path, `an integer from ${min} to ${max}`, value);
  return read;
}

function base64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function maskPath(path: string): string {
  return path.replace(/(?<=[a-z0-9])[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function wrong(path: string, expected: string, value: unknown): ParallaxError {
  return new ParallaxError(
    'hubble/malformed',
    `no Hubble JSON: ${at(path)}expected ${expected}, got ${shown(exactDigits(value) ?? value)}`,
  );
}

function at(path: string): string {
  return path === '' ? '' : `${path}: `;
}

/** A value for a message: short, and on one line. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 61)) : String(value);
  return text.length > 62 ? `${text.slice(0, 60)}…"` : text;
}
