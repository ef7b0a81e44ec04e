// Protobuf JSON to messages, strict: takes the texts that Go's protojson takes, with its errors for the others.
// json-read.ts is the lenient reader, for input that Hubble itself does not read.
import { quoted } from '../print/text.ts';
import { hasValueJson, resolveAny } from '../proto/any.ts';
import { encode } from '../proto/codec.ts';
import type { Field, MessageType, Scalar } from '../proto/schema.ts';
import { formatTimestamp, fromNanos } from '../proto/timestamp.ts';
import { Any, type FieldMask, Timestamp, WRAPPED_SCALARS } from '../proto/wellknown.ts';
import { goRfc3339 } from './go-time.ts';
import { bytesOfJson, doubleOf, integerOf, startsWithNumber } from './protojson-scalars.ts';
import { type ProtojsonError, type Token, Tokens, tooDeep } from './protojson-tokens.ts';

export { ProtojsonError } from './protojson-tokens.ts';

export interface ProtojsonOptions {
  /** Pass over unknown fields and unknown names of enums. */
  readonly discardUnknown: boolean;
}

type Fields = Record<string, unknown>;

/** The message of a text. Throws ProtojsonError. */
export function readProtojson<T extends object>(
  type: MessageType<T>,
  text: string,
  { discardUnknown }: ProtojsonOptions,
): T {
  // The reader follows the fields of the type.
  return new Reader(new Tokens(text), discardUnknown).whole(type) as T;
}

/** As deep as protojson lets brackets stand in each other. */
const MAX_DEPTH = 10_000;
/** Messages nested deeper are refused: no stack of calls would hold as many as protojson takes. */
const MAX_MESSAGES = 1_000;

class Reader {
  private readonly tokens: Tokens;
  private readonly discard: boolean;
  private depth = 0;

  constructor(tokens: Tokens, discardUnknown: boolean) {
    this.tokens = tokens;
    this.discard = discardUnknown;
  }

  whole(type: MessageType): object {
    const message = this.message(type);
    const rest = this.tokens.read();
    if (rest.kind !== 'end') throw this.tokens.unexpected(rest);
    return message;
  }

  private message(type: MessageType): object {
    if (++this.depth > MAX_MESSAGES) throw tooDeep();
    const message = type.fullName.startsWith('google.protobuf.')
      ? this.wellKnown(type)
      : this.fields(type, false);
    this.depth--;
    return message;
  }

  private fields(type: MessageType, passType: boolean): object {
    const { tokens } = this;
    const open = tokens.read();
    if (open.kind !== '{') throw tokens.unexpected(open);
    // A message made by its type is a bag of its fields.
    const message = type.create() as Fields;
    const seen = new Set<string>();
    for (let name = tokens.read(); name.kind !== '}'; name = tokens.read()) {
      if (name.kind !== 'name') throw tokens.unexpected(name);
      const key = tokens.value(name);
      if (passType && key === '@type') {
        tokens.read();
        continue;
      }
      const field = type.byName.get(key);
      if (field === undefined) this.unknown(name);
      else this.field(type, field, name, seen, message);
    }
    return message;
  }

  private unknown(name: Token): void {
    const { tokens } = this;
    if (!this.discard) throw tokens.error(name.start, `unknown field ${tokens.raw(name)}`);
    tokens.skip(this.limit());
  }

  private limit(): number {
    return MAX_DEPTH - this.depth;
  }

  private field(
    type: MessageType,
    field: Field,
    name: Token,
    seen: Set<string>,
    message: Fields,
  ): void {
    const { tokens } = this;
    if (seen.has(field.name)) throw tokens.error(name.start, `duplicate field ${tokens.raw(name)}`);
    seen.add(field.name);
    if (tokens.peek().kind === 'null') {
      tokens.read();
      return;
    }
    if (field.repeated) {
      message[field.name] = this.list(field);
      return;
    }
    const oneof = field.oneof === undefined ? undefined : `oneof ${type.fullName}.${field.oneof}`;
    if (oneof !== undefined && seen.has(oneof))
      throw tokens.error(name.start, `error parsing ${tokens.raw(name)}, ${oneof} is already set`);
    if (oneof !== undefined) seen.add(oneof);
    const value = this.element(field);
    if (value !== undefined) message[field.name] = value;
  }

  private list(field: Field): unknown[] {
    const { tokens } = this;
    const open = tokens.read();
    if (open.kind !== '[') throw tokens.unexpected(open);
    const list: unknown[] = [];
    while (tokens.peek().kind !== ']') {
      const value = this.element(field);
      if (value !== undefined) list.push(value);
    }
    tokens.read();
    return list;
  }

  /** Undefined for an unknown name of an enum that is passed over. */
  private element(field: Field): unknown {
    switch (field.kind) {
      case 'message':
        return this.message(field.type);
      case 'enum': {
        const { tokens } = this;
        const token = tokens.read();
        if (token.kind === 'string') {
          const name = tokens.value(token);
          // Own names only.
          if (Object.hasOwn(field.type.numbers, name)) return field.type.numbers[name];
          if (this.discard) return undefined;
        }
        const number = token.kind === 'number' ? integerOf(tokens.raw(token), 'int32') : undefined;
        if (number === undefined) throw this.invalid('enum', field.jsonName, token);
        return Number(number);
      }
      case 'scalar':
        return this.scalar(field.scalar, field.jsonName);
      case 'wrapper':
        return this.scalar(field.scalar, 'value');
      default:
        return field satisfies never;
    }
  }

  private scalar(scalar: Scalar, name: string): unknown {
    const token = this.tokens.read();
    const value = this.scalarValue(scalar, token);
    if (value === undefined) throw this.invalid(scalar, name, token);
    return value;
  }

  private scalarValue(scalar: Scalar, token: Token): unknown {
    const { tokens } = this;
    switch (scalar) {
      case 'bool':
        return token.kind === 'bool' ? tokens.raw(token) === 'true' : undefined;
      case 'string':
        return token.kind === 'string' ? tokens.value(token) : undefined;
      case 'bytes':
        return token.kind === 'string' ? bytesOfJson(tokens.value(token)) : undefined;
      case 'double':
      case 'float': {
        const text = token.kind === 'string' ? tokens.value(token) : undefined;
        if (text !== undefined && /^(NaN|-?Infinity)$/.test(text)) return Number(text);
        const digits = this.numberText(token);
        return digits === undefined ? undefined : doubleOf(digits, scalar);
      }
      case 'int32':
      case 'uint32': {
        const digits = this.numberText(token);
        const number = digits === undefined ? undefined : integerOf(digits, scalar);
        return number === undefined ? undefined : Number(number);
      }
      case 'int64':
      case 'uint64': {
        const digits = this.numberText(token);
        return digits === undefined ? undefined : integerOf(digits, scalar);
      }
      default:
        return scalar satisfies never;
    }
  }

  /** The number a token is, or that the text it stands for begins with. */
  private numberText(token: Token): string | undefined {
    if (token.kind === 'number') return this.tokens.raw(token);
    return token.kind === 'string' ? startsWithNumber(this.tokens.value(token)) : undefined;
  }

  private invalid(kind: string, name: string, token: Token): ProtojsonError {
    const { tokens } = this;
    return tokens.error(
      token.start,
      `invalid value for ${kind} field ${name}: ${tokens.raw(token)}`,
    );
  }

  private wellKnown(type: MessageType): object {
    const { tokens } = this;
    if (type === Any) return this.any();
    const scalar = WRAPPED_SCALARS.get(type.fullName);
    if (scalar !== undefined) return { value: this.scalar(scalar, 'value') };
    const token = tokens.read();
    if (token.kind !== 'string') throw tokens.unexpected(token);
    const value = tokens.value(token);
    const refuse = (what: string) => tokens.error(token.start, `${type.fullName}.paths ${what}`);
    return type === Timestamp
      ? this.timestamp(value, token)
      : maskOf(value, (path) => refuse(`contains invalid path: ${quoted(path)}`));
  }

  private timestamp(value: string, token: Token): Timestamp {
    const { tokens } = this;
    const nanos = goRfc3339(value);
    const { fullName } = Timestamp;
    const time = nanos === undefined ? undefined : fromNanos(nanos);
    if (time !== undefined && formatTimestamp(time) === undefined)
      throw tokens.error(token.start, `${fullName} value out of range: ${tokens.raw(token)}`);
    if (time === undefined || /\.\d{10}/.test(value))
      throw tokens.error(token.start, `invalid ${fullName} value ${tokens.raw(token)}`);
    return time;
  }

  private any(): Any {
    const { tokens } = this;
    const open = tokens.peek();
    if (open.kind !== '{') throw tokens.unexpected(open);
    const named = typeUrlOf(tokens.clone(), this.limit());
    if (named === 'none' && !this.discard) throw tokens.error(open.start, 'missing "@type" field');
    if (named === 'none' || named === 'empty') {
      tokens.skip(this.limit());
      return Any.create();
    }
    const url = tokens.value(named);
    const type = resolveAny(url);
    if (type === undefined)
      throw tokens.error(named.start, `unable to resolve ${tokens.raw(named)}: "not found"`);
    const inner = hasValueJson(type) ? this.anyValue(type) : this.embedded(type);
    return { type_url: url, value: new Uint8Array(encode(type, inner)) };
  }

  /** A message whose fields stand beside `@type`. */
  private embedded(type: MessageType): object {
    if (++this.depth > MAX_MESSAGES) throw tooDeep();
    const message = this.fields(type, true);
    this.depth--;
    return message;
  }

  private anyValue(type: MessageType): object {
    const { tokens } = this;
    tokens.read();
    let inner: object | undefined;
    for (let name = tokens.read(); ; name = tokens.read()) {
      if (name.kind === '}') {
        if (inner === undefined) throw tokens.error(name.start, 'missing "value" field');
        return inner;
      }
      const key = tokens.value(name);
      if (key === '@type') tokens.read();
      else if (key !== 'value') this.unknown(name);
      else if (inner !== undefined) throw tokens.error(name.start, 'duplicate "value" field');
      else inner = this.wellKnown(type);
    }
  }
}

/** The value of `@type` of the object that comes next. */
function typeUrlOf(tokens: Tokens, limit: number): Token | 'empty' | 'none' {
  tokens.read();
  let found: Token | undefined;
  let names = 0;
  for (let name = tokens.read(); name.kind !== '}'; name = tokens.read()) {
    names++;
    if (tokens.value(name) !== '@type') {
      tokens.skip(limit);
      continue;
    }
    if (found !== undefined) throw tokens.error(name.start, 'duplicate "@type" field');
    const url = tokens.read();
    if (url.kind !== 'string')
      throw tokens.error(url.start, `@type field value is not a string: ${tokens.raw(url)}`);
    if (tokens.value(url) === '') throw tokens.error(url.start, '@type field contains empty value');
    found = url;
  }
  return found ?? (names === 0 ? 'empty' : 'none');
}

/** Paths in camelCase, joined by commas. */
function maskOf(text: string, refuse: (path: string) => ProtojsonError): FieldMask {
  const trimmed = text.trim();
  if (trimmed === '') return { paths: [] };
  const paths = trimmed.split(',').map((camel) => {
    const path = camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (camel.includes('_') || !/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(path)) throw refuse(camel);
    return path;
  });
  return { paths };
}
