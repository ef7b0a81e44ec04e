// Literals of google's well-known messages, which are plain values as soon as they are made: a wrapper what it wraps, a
// Struct a map, a Value whatever it holds.
import { SECOND_NS } from '../../runtime/time.ts';
import { quoted } from '../print/text.ts';
import { type MessageType, message } from '../proto/schema.ts';
import { textOf } from './convert.ts';
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DURATION,
  DYN,
  INT,
  listOf,
  mapOf,
  nullable,
  STRING,
  structOf,
  TIMESTAMP,
  UINT,
} from './types.ts';
import {
  Failure,
  keyOf,
  MapValue,
  Message,
  Moment,
  type Result,
  Span,
  Uint,
  type Value,
} from './values.ts';

const JSON_MAP = mapOf(STRING, DYN);
const JSON_LIST = listOf(DYN);
const EMPTY: MessageType = message('google.protobuf.Empty', [], () => ({}));

type Fields = Readonly<Record<string, CelType>>;
type Given = ReadonlyMap<string, Value>;

interface WellKnown {
  /** What a literal of it is. */
  readonly type: CelType;
  readonly fields: Fields;
  readonly make: (given: Given) => Result;
  /** Whether its name alone stands for a type, as it does for few in cel-go. */
  readonly named: boolean;
}

function wrapperOf(type: CelType, empty: Value, made: (value: Value) => Result): WellKnown {
  return {
    type: nullable(type),
    fields: { value: type },
    named: false,
    make: (given) => made(given.get('value') ?? empty),
  };
}

const asIs = (value: Value): Result => value;
const TIME_FIELDS: Fields = { seconds: INT, nanos: INT };

const MESSAGES: Readonly<Record<string, WellKnown>> = {
  BoolValue: wrapperOf(BOOL, false, asIs),
  BytesValue: wrapperOf(BYTES, new Uint8Array(0), asIs),
  DoubleValue: wrapperOf(DOUBLE, 0, asIs),
  FloatValue: wrapperOf(DOUBLE, 0, (value) =>
    typeof value === 'number' ? Math.fround(value) : value,
  ),
  Int64Value: wrapperOf(INT, 0n, asIs),
  Int32Value: wrapperOf(INT, 0n, (value) => narrowed('Int32Value.value', value)),
  StringValue: wrapperOf(STRING, '', asIs),
  UInt64Value: wrapperOf(UINT, new Uint(0n), asIs),
  UInt32Value: wrapperOf(UINT, new Uint(0n), (value) => narrowed('UInt32Value.value', value)),
  Timestamp: {
    type: TIMESTAMP,
    fields: TIME_FIELDS,
    named: true,
    make: (given) => ofTime('Timestamp', given, (nanos) => new Moment(nanos)),
  },
  Duration: {
    type: DURATION,
    fields: TIME_FIELDS,
    named: true,
    make: (given) => ofTime('Duration', given, (nanos) => new Span(BigInt.asIntN(64, nanos))),
  },
  Any: {
    type: { ...DYN, kind: 'any', name: 'any' },
    fields: { type_url: STRING, value: BYTES },
    named: false,
    make: (given) => {
      const url = given.get('type_url');
      const shown = typeof url === 'string' && url !== '' ? `type_url:${quoted(url)}` : '';
      return new Failure(`unsupported conversion to ref.Val: (*dynamicpb.Message)${shown}`);
    },
  },
  Empty: {
    type: structOf(EMPTY.fullName),
    fields: {},
    named: true,
    make: () => new Message(EMPTY, {}),
  },
  ListValue: {
    type: JSON_LIST,
    fields: { values: JSON_LIST },
    named: false,
    make: (given) => jsonOf(given.get('values') ?? []),
  },
  Struct: {
    type: JSON_MAP,
    fields: { fields: JSON_MAP },
    named: false,
    make: (given) => jsonOf(given.get('fields') ?? new MapValue()),
  },
  Value: {
    type: DYN,
    named: false,
    fields: {
      null_value: INT,
      number_value: DOUBLE,
      string_value: STRING,
      bool_value: BOOL,
      struct_value: JSON_MAP,
      list_value: JSON_LIST,
    },
    make: (given) => {
      const [name, value = null] = [...given].at(-1) ?? [];
      return name === 'null_value' ? null : jsonOf(value);
    },
  },
};

const PREFIX = 'google.protobuf.';

export function wellKnown(name: string): WellKnown | undefined {
  const short = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : '';
  return Object.hasOwn(MESSAGES, short) ? MESSAGES[short] : undefined;
}

/** A number for a field of 32 bits. */
export function narrowed(field: string, value: Value): Result {
  const name = field.includes(PREFIX) || field.startsWith('flow.') ? field : PREFIX + field;
  const refuse = (why: string) =>
    new Failure(`field type conversion error for ${name} value type: ${why}`);
  if (value instanceof Uint)
    return value.value >= 1n << 32n ? refuse('unsigned integer overflow') : value;
  if (typeof value === 'bigint' && BigInt.asIntN(32, value) !== value)
    return refuse('integer overflow');
  return value;
}

function ofTime(name: string, given: Given, make: (nanos: bigint) => Value): Result {
  const nanos = narrowed(`${name}.nanos`, given.get('nanos') ?? 0n);
  if (nanos instanceof Failure) return nanos;
  const seconds = given.get('seconds') ?? 0n;
  if (typeof seconds !== 'bigint' || typeof nanos !== 'bigint') return make(0n);
  return make(seconds * SECOND_NS + nanos);
}

/** The value as JSON would have it: whole numbers are doubles, bytes and moments text. */
function jsonOf(value: Value): Result {
  if (Array.isArray(value)) {
    // An array of values is a list.
    const list: readonly Value[] = value;
    const elements: Value[] = [];
    for (const each of list) {
      const element = jsonOf(each);
      if (element instanceof Failure) return element;
      elements.push(element);
    }
    return elements;
  }
  if (value instanceof MapValue) {
    const map = new MapValue();
    for (const [, [key, each]] of value.pairs()) {
      const name = textOf(key);
      const element = jsonOf(each);
      if (name instanceof Failure) return name;
      if (element instanceof Failure) return element;
      map.add(name, keyOf(name) ?? '', element);
    }
    return map;
  }
  if (value instanceof Uint) return jsonNumber(value.value);
  if (typeof value === 'bigint') return jsonNumber(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Moment || value instanceof Span) return textOf(value);
  return value;
}

/** Numbers that a double would round are text. */
function jsonNumber(value: bigint): Value {
  const size = value < 0n ? -value : value;
  return size < 1n << 53n ? Number(value) : String(value);
}
