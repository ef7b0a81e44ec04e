// Encodes and decodes messages by the tables of schema.gen.ts. Complete rather than fast: unknown fields are kept and
// written back.
import type { Field, MessageType, Scalar } from './schema.ts';
import { wrapperType } from './wellknown.ts';
import {
  MAX_DEPTH,
  WIRE_BYTES,
  WIRE_FIXED32,
  WIRE_FIXED64,
  WIRE_VARINT,
  WireReader,
} from './wire.ts';
import { WireWriter } from './wire-writer.ts';

type Fields = Record<string, unknown>;

/**
 * Reads a message. Fields with their default value and without explicit presence are absent; fields the table does
 * not know, or that come with another wire type, are kept in `$unknown`. Text that is no UTF-8 is read with U+FFFD
 * (see isUtf8 of node:buffer).
 * Throws `hubble/malformed` naming the byte.
 */
export function decode<T extends object>(type: MessageType<T>, bytes: Uint8Array): T {
  const message = type.create();
  const reader = new WireReader(bytes);
  readMessage(reader, type, message as Fields, 0); // typed by its table
  return message;
}

/** Writes a message: fields in order of declaration, then its unknown fields as they came. */
export function encode<T extends object>(type: MessageType<T>, message: NoInfer<T>): Buffer {
  const writer = new WireWriter();
  writeMessage(writer, type, message as Fields); // typed by its table
  return writer.finish();
}

function readMessage(reader: WireReader, type: MessageType, message: Fields, depth: number): void {
  if (depth > MAX_DEPTH) throw reader.malformed('too-deep', `nested deeper than ${MAX_DEPTH}`);
  let unknown: Uint8Array[] | undefined;
  while (reader.pos < reader.limit) {
    const start = reader.pos;
    const tag = reader.tag();
    const field = type.byNumber.get(tag >>> 3);
    if (field !== undefined && readField(reader, field, tag & 7, message, depth)) continue;
    reader.skip(tag);
    unknown ??= [];
    unknown.push(reader.bytes.subarray(start, reader.pos));
  }
  if (unknown !== undefined) {
    const earlier = message.$unknown as Uint8Array | undefined; // bytes that no field took
    const all = Buffer.concat(earlier === undefined ? unknown : [earlier, ...unknown]);
    message.$unknown = new Uint8Array(all.buffer, all.byteOffset, all.length);
  }
}

/** False when the value does not come in the field's wire type: it is an unknown field then. */
function readField(
  reader: WireReader,
  field: Field,
  wire: number,
  message: Fields,
  depth: number,
): boolean {
  const { name } = field;
  if (field.kind === 'message' || field.kind === 'wrapper') {
    if (wire !== WIRE_BYTES) return false;
    const outer = reader.enter();
    if (field.kind === 'wrapper') {
      // A repeated occurrence of a singular message is merged into the earlier one.
      const box: Fields = { value: message[name] };
      readMessage(reader, wrapperType(field.scalar), box, depth + 1);
      reader.leave(outer);
      message[name] = box.value ?? zeroOf(field.scalar);
      return true;
    }
    // Typed by its table.
    const earlier = field.repeated ? undefined : (message[name] as Fields | undefined);
    const inner = earlier ?? (field.type.create() as Fields); // typed by its table
    readMessage(reader, field.type, inner, depth + 1);
    reader.leave(outer);
    if (field.repeated) append(message, name, inner);
    else {
      for (const other of field.excludes) if (message[other] !== undefined) delete message[other];
      message[name] = inner;
    }
    return true;
  }
  const scalar = field.kind === 'enum' ? 'int32' : field.scalar;
  const expected = wireOf(scalar);
  if (field.repeated) {
    if (wire === expected) append(message, name, readScalar(reader, scalar));
    else if (wire === WIRE_BYTES) {
      const outer = reader.enter();
      while (reader.pos < reader.limit) append(message, name, readScalar(reader, scalar));
      reader.leave(outer);
    } else return false;
    return true;
  }
  if (wire !== expected) return false;
  const value = readScalar(reader, scalar);
  // A member of a oneof is there even when it is the default.
  if (field.excludes.length > 0) {
    for (const other of field.excludes) if (message[other] !== undefined) delete message[other];
    message[name] = value;
  } else if (message[name] !== undefined || !isZero(value)) message[name] = value;
  return true;
}

function append(message: Fields, name: string, value: unknown): void {
  const list = message[name];
  if (Array.isArray(list)) list.push(value);
  else message[name] = [value];
}

function readScalar(reader: WireReader, scalar: Scalar): unknown {
  switch (scalar) {
    case 'double':
      return reader.double();
    case 'float':
      return reader.float();
    case 'int32':
      return reader.varint() | 0;
    case 'uint32':
      return reader.varint();
    case 'int64':
      return BigInt.asIntN(64, reader.varint64());
    case 'uint64':
      return reader.varint64();
    case 'bool':
      return reader.bool() === 1;
    case 'string': {
      const end = reader.end();
      const text = reader.bytes.toString('utf8', reader.pos, end);
      reader.pos = end;
      return text;
    }
    case 'bytes': {
      const end = reader.end();
      // A copy: the message must not keep the whole stream buffer alive.
      const bytes = new Uint8Array(reader.bytes.subarray(reader.pos, end));
      reader.pos = end;
      return bytes;
    }
    default:
      return scalar satisfies never;
  }
}

function wireOf(scalar: Scalar): number {
  if (scalar === 'string' || scalar === 'bytes') return WIRE_BYTES;
  if (scalar === 'double') return WIRE_FIXED64;
  return scalar === 'float' ? WIRE_FIXED32 : WIRE_VARINT;
}

/** The value a scalar without presence has when it is not on the wire. */
export function zeroOf(scalar: Scalar): unknown {
  if (scalar === 'string') return '';
  if (scalar === 'bool') return false;
  if (scalar === 'bytes') return new Uint8Array(0);
  return scalar === 'int64' || scalar === 'uint64' ? 0n : 0;
}

/** Whether a singular scalar is not encoded: it is the default, and not a member of a oneof. */
export function isLeftOut(field: Field, value: unknown): boolean {
  return isZero(value) && field.excludes.length === 0;
}

/** Whether a value is the default of its scalar. -0 is not: its bits differ from 0. */
function isZero(value: unknown): boolean {
  if (typeof value === 'number') return Object.is(value, 0);
  return value === '' || value === false || value === 0n || bytesAreEmpty(value);
}

function bytesAreEmpty(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 0;
}

function writeMessage(writer: WireWriter, type: MessageType, message: Fields): void {
  for (const field of type.fields) {
    const value = message[field.name];
    if (value !== undefined && value !== null) writeField(writer, field, value);
  }
  if (message.$unknown instanceof Uint8Array) writer.raw(message.$unknown);
}

function writeField(writer: WireWriter, field: Field, value: unknown): void {
  if (field.kind === 'message') {
    const list = field.repeated ? (value as Fields[]) : [value as Fields]; // typed by its table
    for (const each of list) {
      writer.tag(field.number, WIRE_BYTES);
      const start = writer.begin();
      writeMessage(writer, field.type, each);
      writer.end(start);
    }
    return;
  }
  if (field.kind === 'wrapper') {
    writer.tag(field.number, WIRE_BYTES);
    const start = writer.begin();
    writeMessage(writer, wrapperType(field.scalar), { value });
    writer.end(start);
    return;
  }
  const scalar = field.kind === 'enum' ? 'int32' : field.scalar;
  const wire = wireOf(scalar);
  if (!field.repeated) {
    if (isLeftOut(field, value)) return;
    writer.tag(field.number, wire);
    writeScalar(writer, scalar, value);
    return;
  }
  const list = value as unknown[]; // typed by its table
  if (list.length === 0) return;
  if (wire === WIRE_BYTES) {
    for (const each of list) {
      writer.tag(field.number, wire);
      writeScalar(writer, scalar, each);
    }
    return;
  }
  writer.tag(field.number, WIRE_BYTES);
  const start = writer.begin();
  for (const each of list) writeScalar(writer, scalar, each);
  writer.end(start);
}

interface ScalarValues {
  readonly double: number;
  readonly float: number;
  readonly int32: number;
  readonly uint32: number;
  readonly int64: bigint;
  readonly uint64: bigint;
  readonly bool: boolean;
  readonly string: string;
  readonly bytes: Uint8Array;
}

const WRITE: { readonly [S in Scalar]: (writer: WireWriter, value: ScalarValues[S]) => void } = {
  double: (writer, value) => writer.double(value),
  float: (writer, value) => writer.float(value),
  int32: (writer, value) => writer.int32(value),
  uint32: (writer, value) => writer.varint32(value),
  int64: (writer, value) => writer.varint64(value),
  uint64: (writer, value) => writer.varint64(value),
  bool: (writer, value) => writer.varint32(value ? 1 : 0),
  string: (writer, value) => writer.text(value),
  bytes: (writer, value) => {
    const start = writer.begin();
    writer.raw(value);
    writer.end(start);
  },
};

function writeScalar(writer: WireWriter, scalar: Scalar, value: unknown): void {
  // Messages are typed by the interfaces generated beside their tables.
  (WRITE[scalar] as (writer: WireWriter, value: unknown) => void)(writer, value);
}
