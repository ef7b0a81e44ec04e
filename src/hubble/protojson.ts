// What Go's protojson refuses in the JSON of a message, and in which words. Only judges: json-read.ts reads.
import { hasValueJson, resolveAny } from './any.ts';
import { ProtojsonError, type Token, Tokens } from './protojson-tokens.ts';
import type { Field, MessageType, Scalar } from './schema.ts';
import { Any, FieldMask, Timestamp, WRAPPED_SCALARS } from './wellknown.ts';

export interface ProtojsonOptions {
  /** Pass over unknown fields and unknown names of enums. */
  readonly discardUnknown: boolean;
}

/** A refusal: its words, and whether passing over what is unknown would avoid it. */
export interface ProtojsonProblem {
  readonly message: string;
  readonly unknown: boolean;
}

/** Why protojson would not take `text` as a message of the type; undefined when it would. */
export function protojsonProblem(
  type: MessageType,
  text: string,
  options: ProtojsonOptions,
): ProtojsonProblem | undefined {
  try {
    new Judge(new Tokens(text), options.discardUnknown).whole(type);
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtojsonError)) throw error;
    return { message: error.message, unknown: error instanceof UnknownField };
  }
}

class UnknownField extends ProtojsonError {}

class Judge {
  private readonly tokens: Tokens;
  private readonly discard: boolean;

  constructor(tokens: Tokens, discardUnknown: boolean) {
    this.tokens = tokens;
    this.discard = discardUnknown;
  }

  whole(type: MessageType): void {
    this.message(type);
    const rest = this.tokens.read();
    if (rest.kind !== 'end') throw this.tokens.unexpected(rest);
  }

  private message(type: MessageType): void {
    if (type.fullName.startsWith('google.protobuf.')) this.wellKnown(type);
    else this.fields(type, false);
  }

  private fields(type: MessageType, passType: boolean): void {
    const { tokens } = this;
    const open = tokens.read();
    if (open.kind !== '{') throw tokens.unexpected(open);
    const seen = new Set<string>();
    for (let name = tokens.read(); name.kind !== '}'; name = tokens.read()) {
      if (name.kind !== 'name') throw tokens.unexpected(name);
      const key = tokens.value(name);
      if (passType && key === '@type') {
        tokens.skip();
        continue;
      }
      const field = type.byName.get(key);
      if (field === undefined) this.unknown(name);
      else this.field(field, name, seen);
    }
  }

  private unknown(name: Token): void {
    const { tokens } = this;
    if (!this.discard)
      throw new UnknownField(tokens.error(name.start, `unknown field ${tokens.raw(name)}`).message);
    tokens.skip();
  }

  private field(field: Field, name: Token, seen: Set<string>): void {
    const { tokens } = this;
    if (seen.has(field.name)) throw tokens.error(name.start, `duplicate field ${tokens.raw(name)}`);
    seen.add(field.name);
    if (tokens.peek().kind === 'null') {
      tokens.read();
      return;
    }
    if (!field.repeated) {
      if (field.rivals.some((rival) => seen.has(`oneof ${rival}`)))
        throw tokens.error(name.start, `error parsing ${tokens.raw(name)}, oneof is already set`);
      seen.add(`oneof ${field.name}`);
      this.element(field);
      return;
    }
    const open = tokens.read();
    if (open.kind !== '[') throw tokens.unexpected(open);
    while (tokens.peek().kind !== ']') this.element(field);
    tokens.read();
  }

  private element(field: Field): void {
    switch (field.kind) {
      case 'message':
        this.message(field.type);
        return;
      case 'enum': {
        const token = this.tokens.read();
        const named =
          token.kind === 'string' &&
          (this.discard || Object.hasOwn(field.type.numbers, this.tokens.value(token)));
        if (!named && !(token.kind === 'number' && isInteger(this.tokens.raw(token), 32, true)))
          throw this.invalid('enum', field.jsonName, token);
        return;
      }
      case 'scalar':
        this.scalar(field.scalar, field.jsonName);
        return;
      case 'wrapper':
        this.scalar(field.scalar, 'value');
        return;
      default:
        field satisfies never;
    }
  }

  private scalar(scalar: Scalar, name: string): void {
    const token = this.tokens.read();
    if (!this.fits(scalar, token)) throw this.invalid(scalar, name, token);
  }

  private fits(scalar: Scalar, token: Token): boolean {
    const { tokens } = this;
    const text = token.kind === 'string' ? tokens.value(token) : tokens.raw(token);
    const number = token.kind === 'number' || token.kind === 'string';
    switch (scalar) {
      case 'bool':
        return token.kind === 'bool';
      case 'string':
        return token.kind === 'string';
      case 'bytes':
        return token.kind === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(text);
      case 'double':
      case 'float':
        return (
          (token.kind === 'string' && /^(NaN|-?Infinity)$/.test(text)) ||
          (number && isNumber(text) && Number.isFinite(Number(text)))
        );
      case 'int32':
      case 'int64':
        return number && isInteger(text, scalar === 'int32' ? 32 : 64, true);
      case 'uint32':
      case 'uint64':
        return number && isInteger(text, scalar === 'uint32' ? 32 : 64, false);
      default:
        return scalar satisfies never;
    }
  }

  private invalid(kind: string, name: string, token: Token): ProtojsonError {
    const { tokens } = this;
    return tokens.error(
      token.start,
      `invalid value for ${kind} field ${name}: ${tokens.raw(token)}`,
    );
  }

  private wellKnown(type: MessageType): void {
    const { tokens } = this;
    if (type === Any) {
      this.any();
      return;
    }
    const scalar = WRAPPED_SCALARS.get(type.fullName);
    if (scalar !== undefined) {
      this.scalar(scalar, 'value');
      return;
    }
    const token = tokens.read();
    if (token.kind !== 'string') throw tokens.unexpected(token);
    if (type === Timestamp && !isTime(tokens.value(token)))
      throw tokens.error(token.start, `invalid ${type.fullName} value ${tokens.raw(token)}`);
    if (type === FieldMask && tokens.value(token).includes('_'))
      throw tokens.error(
        token.start,
        `${type.fullName} contains invalid path: ${tokens.raw(token)}`,
      );
  }

  private any(): void {
    const { tokens } = this;
    const open = tokens.peek();
    if (open.kind !== '{') throw tokens.unexpected(open);
    const named = typeUrlOf(tokens.text, open.start);
    if (named === undefined || named.kind === '}') {
      if (named === undefined && !this.discard)
        throw tokens.error(open.start, 'missing "@type" field');
      tokens.skip();
      return;
    }
    if (named.kind !== 'string')
      throw tokens.error(named.start, '@type field value is not a string');
    const type = resolveAny(tokens.value(named));
    if (type === undefined)
      throw tokens.error(named.start, `unable to resolve ${tokens.raw(named)}: "not found"`);
    if (!hasValueJson(type)) {
      this.fields(type, true);
      return;
    }
    tokens.read();
    for (let name = tokens.read(); name.kind !== '}'; name = tokens.read()) {
      const key = tokens.value(name);
      if (key === '@type') tokens.skip();
      else if (key === 'value') this.message(type);
      else this.unknown(name);
    }
  }
}

/** The value of `@type` of the object at `start`; its closing brace when it is empty, undefined when it has none. */
function typeUrlOf(text: string, start: number): Token | undefined {
  const tokens = new Tokens(text, start);
  tokens.read();
  let name = tokens.read();
  if (name.kind === '}') return name;
  for (; name.kind === 'name'; name = tokens.read()) {
    if (tokens.value(name) === '@type') return tokens.read();
    tokens.skip();
  }
  return undefined;
}

function isNumber(text: string): boolean {
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text);
}

/** Whether a JSON number is an integer of so many bits; `1.0` and `1e3` are. */
function isInteger(text: string, bits: number, signed: boolean): boolean {
  if (!isNumber(text) || text.length > 400) return false;
  const plain = /^-?\d+$/.test(text);
  if (!plain && !Number.isInteger(Number(text))) return false;
  const value = plain ? BigInt(text) : BigInt(Number(text));
  const limit = 1n << BigInt(signed ? bits - 1 : bits);
  return value < limit && value >= (signed ? -limit : 0n);
}

const TIME =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,]\d{1,9})?(?:Z|[-+](\d{2}):(\d{2}))$/;

function isTime(text: string): boolean {
  const match = TIME.exec(text);
  if (match === null) return false;
  const [, year, month, day, hour, minute, second, hours = '0', minutes = '0'] = match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return (
    Number(year) > 0 &&
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    Number(hour) < 24 &&
    Number(minute) < 60 &&
    Number(second) < 60 &&
    Number(hours) <= 24 &&
    Number(minutes) <= 60
  );
}
