// + - * / % and negation within CEL's ranges; overflow is a failure, never a wrapped number.
import { SECOND_NS } from '../../runtime/time.ts';
import { type Budget, TOO_COSTLY } from './budget.ts';
import { Failure, Moment, NO_OVERLOAD, type Result, Span, Uint, type Value } from './values.ts';

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;
/** The years 1 to 9999, in nanoseconds. */
const MOMENT_MIN = -62_135_596_800_000_000_000n;
const MOMENT_MAX = 253_402_300_799_999_999_999n;

export function toInt(value: bigint): Result {
  return value < INT_MIN || value > INT_MAX ? new Failure('integer overflow') : value;
}

export function toUint(value: bigint): Result {
  return value < 0n || value > UINT_MAX
    ? new Failure('unsigned integer overflow')
    : new Uint(value);
}

export function toSpan(nanos: bigint): Result {
  return nanos < INT_MIN || nanos > INT_MAX ? new Failure('integer overflow') : new Span(nanos);
}

export function toMoment(nanos: bigint): Result {
  return nanos < MOMENT_MIN || nanos > MOMENT_MAX
    ? new Failure('timestamp overflow')
    : new Moment(nanos);
}

export type Operator = '+' | '-' | '*' | '/' | '%';

export function calculate(operator: Operator, a: Value, b: Value, budget: Budget): Result {
  if (typeof a === 'bigint' && typeof b === 'bigint') return whole(operator, a, b, toInt);
  if (a instanceof Uint && b instanceof Uint) return whole(operator, a.value, b.value, toUint);
  if (typeof a === 'number' && typeof b === 'number') return double(operator, a, b);
  if (operator === '+') return sum(a, b, budget);
  return operator === '-' ? difference(a, b) : NO_OVERLOAD;
}

function whole(
  operator: Operator,
  a: bigint,
  b: bigint,
  checked: (value: bigint) => Result,
): Result {
  switch (operator) {
    case '+':
      return checked(a + b);
    case '-':
      return checked(a - b);
    case '*':
      return checked(a * b);
    case '/':
      return b === 0n ? new Failure('division by zero') : checked(a / b);
    case '%':
      if (b === 0n) return new Failure('modulus by zero');
      // The quotient of these two is no int, and cel-go takes the remainder for none either.
      return a === INT_MIN && b === -1n ? new Failure('integer overflow') : checked(a % b);
  }
}

function double(operator: Operator, a: number, b: number): Result {
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return a / b;
    case '%':
      return NO_OVERLOAD;
  }
}

function sum(a: Value, b: Value, budget: Budget): Result {
  if (typeof a === 'string' && typeof b === 'string')
    return budget.spendText(a.length + b.length) ? a + b : TOO_COSTLY;
  if (Array.isArray(a) && Array.isArray(b))
    return budget.spend(a.length + b.length) ? [...a, ...b] : TOO_COSTLY;
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return budget.spendText(a.length + b.length) ? Buffer.concat([a, b]) : TOO_COSTLY;
  if (a instanceof Span && b instanceof Span) return toSpan(a.nanos + b.nanos);
  if (a instanceof Moment && b instanceof Span) return toMoment(a.nanos + b.nanos);
  if (a instanceof Span && b instanceof Moment) return toMoment(a.nanos + b.nanos);
  return NO_OVERLOAD;
}

function difference(a: Value, b: Value): Result {
  if (a instanceof Span && b instanceof Span) return toSpan(a.nanos - b.nanos);
  if (a instanceof Moment && b instanceof Span) return toMoment(a.nanos - b.nanos);
  if (a instanceof Moment && b instanceof Moment) return between(a, b);
  return NO_OVERLOAD;
}

// The whole seconds alone must fit already, as in cel-go.
function between(a: Moment, b: Moment): Result {
  const whole = ({ nanos }: Moment) => nanos - (((nanos % SECOND_NS) + SECOND_NS) % SECOND_NS);
  const seconds = toSpan(whole(a) - whole(b));
  return seconds instanceof Failure ? seconds : toSpan(a.nanos - b.nanos);
}

export function negated(value: Value): Result {
  if (typeof value === 'bigint') return toInt(-value);
  if (value instanceof Span) return toSpan(-value.nanos);
  return typeof value === 'number' ? -value : NO_OVERLOAD;
}
