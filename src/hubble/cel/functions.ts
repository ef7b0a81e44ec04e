// What each function does with values. Types are looked at again here: `dyn` lets anything through the checker.
import { compileRegex, RegexError, type SafeRegex } from '../filter/re2.ts';
import { calculate, negated, type Operator } from './arithmetic.ts';
import { type Budget, TOO_COSTLY } from './budget.ts';
import { CLOCK_FUNCTIONS, partOf } from './clock.ts';
import { CONVERSIONS } from './convert.ts';
import { compare, equal, lookUp } from './equality.ts';
import { KEPT_PATTERNS } from './limits.ts';
import {
  Failure,
  MapValue,
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

const ordered = (holds: (order: number) => boolean): Implementation =>
  binary((a, b) => {
    const order = compare(a, b);
    return order instanceof Failure ? order : holds(order);
  });

const arithmetic = (operator: Operator): Implementation =>
  binary((a, b, budget) => calculate(operator, a, b, budget));

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
  ['_<_', ordered((order) => order < 0)],
  ['_<=_', ordered((order) => order <= 0)],
  ['_>_', ordered((order) => order > 0)],
  ['_>=_', ordered((order) => order >= 0)],
  ['_+_', arithmetic('+')],
  ['_-_', arithmetic('-')],
  ['_*_', arithmetic('*')],
  ['_/_', arithmetic('/')],
  ['_%_', arithmetic('%')],
  ['!_', unary((value) => (typeof value === 'boolean' ? !value : NO_OVERLOAD))],
  ['-_', unary(negated)],
  ['_[_]', binary(element)],
  ['@in', binary(isIn)],
  ['size', unary(sizeOf)],
  ['contains', onTexts((text, part) => text.includes(part))],
  ['startsWith', onTexts((text, part) => text.startsWith(part))],
  ['endsWith', onTexts((text, part) => text.endsWith(part))],
  ['type', unary((value) => new TypeValue(typeNameOf(value)))],
  ['dyn', unary((value) => value)],
  ...Object.entries(CONVERSIONS).map(([name, convert]) => [name, unary(convert)] as const),
  ...CLOCK_FUNCTIONS.map(
    (name) =>
      [name, ([value = null, zone]: readonly Value[]) => partOf(name, value, zone)] as const,
  ),
]);

/** The implementation, with state of its own where it keeps any. */
export function implementationOf(name: string): Implementation {
  if (name === 'matches') return matcher();
  const found = FUNCTIONS.get(name);
  if (found === undefined) throw new TypeError(`no implementation of ${name}`);
  return found;
}

function element(container: Value, key: Value): Result {
  if (container instanceof MapValue)
    return lookUp(container, key) ?? new Failure(`no such key: ${shown(key)}`);
  if (!Array.isArray(container)) return NO_OVERLOAD;
  const index = indexOf(key);
  if (index instanceof Failure) return index;
  // An array of values holds no undefined.
  const list: readonly Value[] = container;
  const found = index < 0n || index >= BigInt(list.length) ? undefined : list[Number(index)];
  return found === undefined ? new Failure(`index out of bounds: ${index}`) : found;
}

function indexOf(key: Value): bigint | Failure {
  if (typeof key === 'bigint') return key;
  if (key instanceof Uint) return key.value;
  if (typeof key === 'number' && Number.isInteger(key)) return BigInt(key);
  return new Failure(`unsupported index type '${typeNameOf(key)}' in list`);
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
  return Array.isArray(value) ? BigInt(value.length) : NO_OVERLOAD;
}

function matcher(): Implementation {
  const kept = new Map<string, SafeRegex | Failure>();
  return binary((text, pattern, budget) => {
    if (typeof text !== 'string' || typeof pattern !== 'string') return NO_OVERLOAD;
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
