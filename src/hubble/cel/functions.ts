// Implementations of CEL's functions. They check types again: `dyn` lets anything through the checker.
import { compileRegex, RegexError, type SafeRegex } from '../filter/re2.ts';
import { calculate, negated, type Operator } from './arithmetic.ts';
import { type Budget, TOO_COSTLY } from './budget.ts';
import { CLOCK_FUNCTIONS, partOf } from './clock.ts';
import { CONVERSIONS } from './convert.ts';
import { fieldOf } from './environment.ts';
import { compare, equal, lookUp } from './equality.ts';
import { KEPT_PATTERNS } from './limits.ts';
import { fieldValue } from './messages.ts';
import {
  Failure,
  goTypeOf,
  MapValue,
  Message,
  NO_OVERLOAD,
  type Result,
  TypeValue,
  typeNameOf,
  Uint,
  type Value,
} from './values.ts';

/** Takes the receiver, where there is one, as its first argument. */
export type Implementation = (args: readonly Value[], budget: Budget) => Result;

const unary =
  (apply: (value: Value, budget: Budget) => Result): Implementation =>
  ([value = null], budget) =>
    apply(value, budget);

const binary =
  (apply: (a: Value, b: Value, budget: Budget) => Result): Implementation =>
  ([a = null, b = null], budget) =>
    apply(a, b, budget);

/** Types whose values look for a function among their own, and say less when it is not there. */
const RECEIVERS: ReadonlySet<string> = new Set([
  'string',
  'google.protobuf.Timestamp',
  'google.protobuf.Duration',
]);

function noFunction(name: string, value: Value): Failure {
  return RECEIVERS.has(typeNameOf(value)) ? NO_OVERLOAD : new Failure(`no such overload: ${name}`);
}

/** The types that a function knows on its left; others do not get as far as to the right side. */
function lacks(types: string, name: string): (value: Value) => Failure | undefined {
  const known = new Set(types.split(' '));
  return (value) => (known.has(typeNameOf(value)) ? undefined : noFunction(name, value));
}

/** Functions with several overloads name the argument types that fit none. */
function guarded(name: string, apply: Implementation): Implementation {
  return (args, budget) => {
    const result = apply(args, budget);
    if (result !== NO_OVERLOAD) return result;
    return new Failure(`no such overload: ${name}(${args.map(typeNameOf).join(', ')})`);
  };
}

const TIMES = 'google.protobuf.Timestamp google.protobuf.Duration';

const lacksSign = lacks('int double bool google.protobuf.Duration', '-_');

function ordered(name: string, holds: (order: number) => boolean): Implementation {
  const missing = lacks(`bool int uint double string bytes ${TIMES}`, name);
  return binary((a, b) => {
    const order = missing(a) ?? compare(a, b);
    return order instanceof Failure ? order : holds(order);
  });
}

function arithmetic(operator: Operator, types: string): Implementation {
  const missing = lacks(types, `_${operator}_`);
  return binary((a, b, budget) => missing(a) ?? calculate(operator, a, b, budget));
}

const onTexts = (apply: (text: string, part: string) => Result): Implementation =>
  binary((a, b, budget) => {
    if (typeof a !== 'string' || typeof b !== 'string') return NO_OVERLOAD;
    return budget.spendText(a.length) ? apply(a, b) : TOO_COSTLY;
  });

export function equality(a: Value, b: Value, budget: Budget): Result {
  const result = equal(a, b, budget);
  return budget.spent ? TOO_COSTLY : result;
}

const FUNCTIONS: ReadonlyMap<string, Implementation> = new Map<string, Implementation>([
  ['_==_', binary(equality)],
  [
    '_!=_',
    binary((a, b, budget) => {
      const same = equality(a, b, budget);
      return typeof same === 'boolean' ? !same : same;
    }),
  ],
  ['_<_', ordered('_<_', (order) => order < 0)],
  ['_<=_', ordered('_<=_', (order) => order <= 0)],
  ['_>_', ordered('_>_', (order) => order > 0)],
  ['_>=_', ordered('_>=_', (order) => order >= 0)],
  ['_+_', arithmetic('+', `int uint double string bytes list ${TIMES}`)],
  ['_-_', arithmetic('-', `int uint double ${TIMES}`)],
  ['_*_', arithmetic('*', 'int uint double')],
  ['_/_', arithmetic('/', 'int uint double')],
  ['_%_', arithmetic('%', 'int uint')],
  ['!_', unary((value) => (typeof value === 'boolean' ? !value : NO_OVERLOAD))],
  ['-_', unary((value) => lacksSign(value) ?? negated(value))],
  ['_[_]', binary(element)],
  ['@in', binary(isIn)],
  ['size', unary(sizeOf)],
  ['contains', onTexts((text, part) => text.includes(part))],
  ['startsWith', onTexts((text, part) => text.startsWith(part))],
  ['endsWith', onTexts((text, part) => text.endsWith(part))],
  ['type', unary((value) => new TypeValue(typeNameOf(value)))],
  ['dyn', unary((value) => value)],
  ...Object.entries(CONVERSIONS).map(
    ([name, convert]) => [name, guarded(name, unary(convert))] as const,
  ),
  ...CLOCK_FUNCTIONS.map((name) => {
    const part = unary((value) => partOf(name, value));
    return [name, guarded(name, part)] as const;
  }),
]);

/** The implementation, with state of its own where it keeps any. */
export function implementationOf(name: string): Implementation {
  if (name === 'matches') return matcher();
  const found = FUNCTIONS.get(name);
  if (found === undefined) throw new TypeError(`no implementation of ${name}`);
  return found;
}

function element(container: Value, key: Value): Result {
  const isQualifier =
    ['string', 'bigint', 'number', 'boolean'].includes(typeof key) || key instanceof Uint;
  if (!isQualifier) return new Failure(`invalid qualifier type: ${goTypeOf(key)}`);
  if (container instanceof MapValue) {
    const found = lookUp(container, key);
    return found === undefined ? new Failure(`no such key: ${shown(key)}`) : found;
  }
  if (container instanceof Message)
    return typeof key === 'string' ? selected(container, key) : NO_OVERLOAD;
  if (!Array.isArray(container)) return new Failure(`no such key: ${shown(key)}`);
  const index = indexOf(key);
  if (index instanceof Failure) return index;
  // An array of values holds no undefined.
  const list: readonly Value[] = container;
  const found = index < 0n || index >= BigInt(list.length) ? undefined : list[Number(index)];
  return found === undefined ? new Failure(`index out of bounds: ${shown(key)}`) : found;
}

/** A field by a name that is only known now. */
export function selected(message: Message, name: string): Result {
  const field = fieldOf(message.type.fullName, name);
  return field === undefined
    ? new Failure(`no such field '${name}'`)
    : fieldValue(field, message.fields[name]);
}

function indexOf(key: Value): bigint | Failure {
  const whole = key instanceof Uint ? key.value : key;
  if (typeof whole === 'bigint' && BigInt.asIntN(64, whole) === whole) return whole;
  if (typeof whole === 'number' && Number.isInteger(whole)) return BigInt(whole);
  return typeof whole === 'bigint' || typeof whole === 'number'
    ? new Failure(`unsupported index value ${shown(key)} in list`)
    : new Failure(`unsupported index type '${typeNameOf(key)}' in list`);
}

function shown(key: Value): string {
  const text = CONVERSIONS.string?.(key);
  return typeof text === 'string' ? text : typeNameOf(key);
}

function isIn(value: Value, container: Value, budget: Budget): Result {
  if (container instanceof MapValue) return lookUp(container, value) !== undefined;
  if (!Array.isArray(container)) return NO_OVERLOAD;
  // An array of values is a list.
  const list: readonly Value[] = container;
  const found = list.some((each) => equal(value, each, budget));
  return budget.spent ? TOO_COSTLY : found;
}

function sizeOf(value: Value, budget: Budget): Result {
  if (typeof value === 'string') {
    if (!budget.spendText(value.length)) return TOO_COSTLY;
    let count = value.length;
    // A pair of surrogates is one code point.
    for (let index = 0; index < value.length - 1; index++)
      if ((value.codePointAt(index) ?? 0) > 0xffff) {
        count--;
        index++;
      }
    return BigInt(count);
  }
  if (value instanceof MapValue) return BigInt(value.size);
  if (value instanceof Uint8Array) return BigInt(value.length);
  return Array.isArray(value) ? BigInt(value.length) : noFunction('size', value);
}

function matcher(): Implementation {
  const kept = new Map<string, SafeRegex | Failure>();
  return binary((text, pattern, budget) => {
    if (typeof text !== 'string') return noFunction('matches', text);
    if (typeof pattern !== 'string') return NO_OVERLOAD;
    const known = kept.get(pattern);
    // Compiling is charged too: patterns may come from the flow.
    if (known === undefined && !budget.spendText(pattern.length * 16)) return TOO_COSTLY;
    const regex = known ?? compiled(pattern);
    if (known === undefined) {
      if (kept.size >= KEPT_PATTERNS) kept.clear();
      kept.set(pattern, regex);
    }
    if (regex instanceof Failure) return regex;
    return budget.spendText(text.length * Math.max(pattern.length, 1))
      ? regex.test(text)
      : TOO_COSTLY;
  });
}

function compiled(pattern: string): SafeRegex | Failure {
  try {
    return compileRegex(pattern);
  } catch (error) {
    if (error instanceof RegexError) return new Failure(error.message);
    throw error;
  }
}
