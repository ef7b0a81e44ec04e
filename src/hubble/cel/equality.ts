// Equality and order of values. Numbers compare by value whatever their types; values of different kinds are unequal
// and have no order.
import type { Budget } from './budget.ts';
import { fieldValue } from './messages.ts';
import {
  Failure,
  keyOf,
  MapValue,
  Message,
  Moment,
  NO_OVERLOAD,
  otherKeysOf,
  Span,
  TypeValue,
  Uint,
  type Value,
} from './values.ts';

/** A spent budget makes the answer worthless; the caller looks at it. */
export function equal(a: Value, b: Value, budget: Budget): boolean {
  if (!budget.spend(1)) return false;
  if (a === b) return true;
  if (typeof a === 'string' || typeof b === 'string') return false;
  const order = compareNumbers(a, b);
  if (order !== undefined) return order === 0;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  return objectsEqual(a, b, budget);
}

function objectsEqual(a: Value & object, b: Value & object, budget: Budget): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && listsEqual(a, b, budget);
  if (a instanceof MapValue) return b instanceof MapValue && mapsEqual(a, b, budget);
  if (a instanceof Message) return b instanceof Message && messagesEqual(a, b, budget);
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Moment) return b instanceof Moment && a.nanos === b.nanos;
  if (a instanceof Span) return b instanceof Span && a.nanos === b.nanos;
  return a instanceof TypeValue && b instanceof TypeValue && a.name === b.name;
}

function listsEqual(a: readonly Value[], b: readonly Value[], budget: Budget): boolean {
  return a.length === b.length && a.every((each, index) => equal(each, b[index] ?? null, budget));
}

function mapsEqual(a: MapValue, b: MapValue, budget: Budget): boolean {
  if (a.size !== b.size) return false;
  for (const [, [key, value]] of a.pairs()) {
    const other = lookUp(b, key);
    if (other === undefined || !equal(value, other, budget)) return false;
  }
  return true;
}

function messagesEqual(a: Message, b: Message, budget: Budget): boolean {
  return (
    a.type === b.type &&
    a.type.fields.every((field) => {
      const left = a.fields[field.name];
      const right = b.fields[field.name];
      if (left === undefined && right === undefined) return true;
      // A message or wrapper that is there differs from none, even if empty.
      const singular = !field.repeated && (field.kind === 'message' || field.kind === 'wrapper');
      if (singular && (left === undefined || right === undefined)) return false;
      const first = fieldValue(field, left);
      const second = fieldValue(field, right);
      if (first instanceof Failure || second instanceof Failure) return false;
      return equal(first, second, budget);
    })
  );
}

/** Undefined unless both are numbers; NaN for what has no order. */
function compareNumbers(a: Value, b: Value): number | undefined {
  let left = a instanceof Uint ? a.value : a;
  let right = b instanceof Uint ? b.value : b;
  if (typeof left !== 'bigint' && typeof left !== 'number') return undefined;
  if (typeof right !== 'bigint' && typeof right !== 'number') return undefined;
  // Beside a double the other is taken as one, as cel-go does, though that may round it.
  if (typeof left === 'number') right = Number(right);
  if (typeof right === 'number') left = Number(left);
  if (left < right) return -1;
  if (left > right) return 1;
  return Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 0;
}

const UNORDERED = new Failure('NaN values cannot be ordered');

/** Negative, zero or positive. */
export function compare(a: Value, b: Value): number | Failure {
  if (typeof a === 'string') return typeof b === 'string' ? compareTexts(a, b) : NO_OVERLOAD;
  if (typeof a === 'boolean') return typeof b === 'boolean' ? Number(a) - Number(b) : NO_OVERLOAD;
  if (a instanceof Uint8Array) return b instanceof Uint8Array ? Buffer.compare(a, b) : NO_OVERLOAD;
  if (a instanceof Moment)
    return b instanceof Moment ? Number(sign(a.nanos - b.nanos)) : NO_OVERLOAD;
  if (a instanceof Span) return b instanceof Span ? Number(sign(a.nanos - b.nanos)) : NO_OVERLOAD;
  if (Number.isNaN(a)) return UNORDERED;
  const order = compareNumbers(a, b);
  if (order === undefined) return NO_OVERLOAD;
  return Number.isNaN(order) ? UNORDERED : order;
}

function sign(value: bigint): bigint {
  return value < 0n ? -1n : value > 0n ? 1n : 0n;
}

// By code points, which is how UTF-8 sorts. UTF-16 puts those beyond the first plane before U+E000.
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const left = a.charCodeAt(index);
    const right = b.charCodeAt(index);
    if (left === right) continue;
    const leftHigh = left >= 0xd800 && left < 0xe000;
    const rightHigh = right >= 0xd800 && right < 0xe000;
    return leftHigh === rightHigh ? left - right : leftHigh ? 1 : -1;
  }
  return a.length - b.length;
}

/** The value that `key in map` and `map[key]` find. */
export function lookUp(map: MapValue, key: Value): Value | undefined {
  const id = keyOf(key);
  if (id === undefined) return undefined;
  for (const each of [id, ...otherKeysOf(key)]) {
    const found = map.get(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
