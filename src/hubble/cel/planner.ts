// Compiles a checked tree to a function. Everything that does not depend on the flow is computed once.
import type { Field } from '../proto/schema.ts';
import type { Call, Expr, Logic, Select, StructExpr } from './ast.ts';
import { Budget, TOO_COSTLY } from './budget.ts';
import type { Checked } from './checker.ts';
import { fieldOf, type Meaning, messageNamed } from './environment.ts';
import { planFold } from './folds.ts';
import { equality, implementationOf } from './functions.ts';
import { fieldContent, fieldValue, isSet } from './messages.ts';
import { declaredName } from './types.ts';
import {
  Failure,
  goTypeOf,
  keyOf,
  MapValue,
  Message,
  NO_OVERLOAD,
  type Result,
  TypeValue,
  Uint,
  type Value,
} from './values.ts';

/** State of an evaluation: the flow, the variables of folds, the steps left. */
export interface Context {
  flow: Message;
  readonly locals: Value[];
  readonly budget: Budget;
}

/** The expression is right, and cel-go makes no program of it all the same. */
export class Unplannable extends Error {}

export type Step = (context: Context) => Result;

/** A step, and whether it needs flow or variables. */
export interface Plan {
  readonly step: Step;
  readonly constant: boolean;
  /** Steps of the budget that one run of it is worth. */
  readonly cost: number;
}

/** The plan of a part outside of any fold. */
export function planPart(checked: Checked, expr: Expr): Plan {
  return new Planner(checked).plan(expr);
}

/** The value of a part that does not depend on the flow; undefined for others and for failures. */
export function constantOf(plan: Plan): Value | undefined {
  if (!plan.constant) return undefined;
  const result = plan.step(emptyContext());
  return result instanceof Failure ? undefined : result;
}

function emptyContext(): Context {
  const type = messageNamed('flow.Flow');
  if (type === undefined) throw new TypeError('the schema has no flow.Flow');
  return { flow: new Message(type, {}), locals: [], budget: new Budget() };
}

export class Planner {
  private readonly checked: Checked;
  /** Names of the folds' variables; their places are the places in `Context.locals`. */
  private readonly scopes: string[] = [];

  constructor(checked: Checked) {
    this.checked = checked;
  }

  plan(expr: Expr): Plan {
    const plan = this.planned(expr);
    if (!plan.constant || expr.kind === 'literal') return plan;
    const context = emptyContext();
    const result = plan.step(context);
    // Too costly to fold: it fails when it is evaluated.
    return result === TOO_COSTLY ? plan : { step: () => result, constant: true, cost: 1 };
  }

  /** The plan of a fold's body, in which the variable has a place of its own. */
  within(variable: string, expr: Expr): { readonly plan: Plan; readonly place: number } {
    const place = this.scopes.push(variable) - 1;
    const plan = this.plan(expr);
    this.scopes.pop();
    return { plan, place };
  }

  private planned(expr: Expr): Plan {
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr;
        return { step: () => value, constant: true, cost: 1 };
      }
      case 'ident':
        return this.named(this.checked.meanings.get(expr));
      case 'select': {
        const meaning = this.checked.meanings.get(expr);
        return meaning === undefined ? this.select(expr) : this.named(meaning);
      }
      case 'call':
        return this.call(expr);
      case 'logic':
        return this.logic(expr);
      case 'fold':
        return planFold(expr, this);
      case 'list': {
        const elements = expr.elements.map((element) => this.plan(element));
        return combined(elements, (values) => values);
      }
      case 'map': {
        const parts = expr.entries.flatMap(({ key, value }) => [this.plan(key), this.plan(value)]);
        return combined(parts, mapValue);
      }
      case 'struct':
        return this.struct(expr);
      case 'error':
        throw new TypeError('an expression with problems has no plan');
    }
  }

  private named(meaning: Meaning | undefined): Plan {
    switch (meaning?.kind) {
      case 'flow':
        return { step: ({ flow }) => flow, constant: false, cost: 1 };
      case 'local': {
        const place = this.scopes.lastIndexOf(meaning.name);
        return { step: ({ locals }) => locals[place] ?? null, constant: false, cost: 1 };
      }
      case 'enum': {
        const { value } = meaning;
        return { step: () => value, constant: true, cost: 1 };
      }
      case 'type': {
        const [type] = meaning.type.params;
        const value = new TypeValue(
          type === undefined || type.kind === 'list' || type.kind === 'map'
            ? meaning.name
            : declaredName(type),
        );
        return { step: () => value, constant: true, cost: 1 };
      }
      case undefined:
        throw new TypeError('a checked name has a meaning');
    }
  }

  private select(expr: Select): Plan {
    const operand = this.plan(expr.operand);
    const { field: name, test } = expr;
    const type = this.checked.typeOf(expr.operand);
    const known = type.kind === 'struct' ? fieldOf(type.name, name) : undefined;
    const step: Step = (context) => {
      const value = operand.step(context);
      if (value instanceof Message) {
        const field = known ?? fieldOf(value.type.fullName, name);
        if (field === undefined) return new Failure(`no such field '${name}'`);
        const raw = value.fields[name];
        return test ? isSet(field, raw) : fieldValue(field, raw);
      }
      if (value instanceof Failure) return value;
      if (Array.isArray(value)) return new Failure("unsupported index type 'string' in list");
      if (!(value instanceof MapValue)) return test ? false : noSuchKey(name);
      const found = value.get(`s${name}`);
      if (test) return found !== undefined;
      return found === undefined ? noSuchKey(name) : found;
    };
    return { step, constant: operand.constant, cost: operand.cost + 1 };
  }

  private call(expr: Call): Plan {
    const name = expr.name.replace(/^\./, '');
    const args = (expr.target === undefined ? expr.args : [expr.target, ...expr.args]).map((arg) =>
      this.plan(arg),
    );
    const [first, second, third] = args;
    if (name === '_?_:_' && first && second && third) return conditional(first, second, third);
    if (name === '_==_' && first && second) return equals(first, second);
    if (name === '_[_]')
      refuseIndex(expr.args[1], expr.args[1] && this.checked.meanings.get(expr.args[1]));
    const apply = implementationOf(name);
    return combined(args, (values, { budget }) => apply(values, budget));
  }

  private logic(expr: Logic): Plan {
    const terms = expr.terms.map((term) => this.plan(term));
    const decisive = expr.name === '_||_';
    const steps = terms.map(({ step }) => step);
    // A term that decides does so even beside one that fails, before or after it.
    const step: Step = (context) => {
      let failure: Failure | undefined;
      for (const each of steps) {
        const value = each(context);
        if (value === decisive) return decisive;
        if (value instanceof Failure) failure ??= value;
        else if (typeof value !== 'boolean') failure ??= NO_OVERLOAD;
      }
      return failure ?? !decisive;
    };
    return { step, ...summary(terms) };
  }

  private struct(expr: StructExpr): Plan {
    const values = expr.fields.map(({ value }) => this.plan(value));
    const names = expr.fields.map(({ name }) => name);
    const type = messageNamed(declaredName(this.checked.typeOf(expr)));
    if (type === undefined) throw new TypeError('a checked message has a type');
    return combined(values, (given) => {
      const fields: Record<string, unknown> = {};
      for (const [index, name] of names.entries()) {
        const field = fieldOf(type.fullName, name);
        if (field === undefined) continue;
        const fit = fitting(type.fullName, field, given[index] ?? null);
        if (fit instanceof Failure) return fit;
        const content = fieldContent(field, fit);
        if (content !== undefined) fields[name] = content;
      }
      return new Message(type, fields);
    });
  }
}

/** Of indexes that are written out, those that can be none are found before anything runs. */
function refuseIndex(index: Expr | undefined, meaning: Meaning | undefined): void {
  const value = index?.kind === 'literal' ? index.value : undefined;
  const wrong = value === null || value instanceof Uint8Array ? goTypeOf(value) : undefined;
  const why = meaning?.kind === 'type' ? '*types.Type' : wrong;
  if (why !== undefined) throw new Unplannable(`invalid qualifier type: ${why}`);
}

/** A number of 32 bits must be one. */
function fitting(message: string, field: Field, value: Value): Result {
  const narrow =
    !field.repeated &&
    (field.kind === 'enum' || (field.kind === 'scalar' && field.scalar.endsWith('32')));
  const refuse = (why: string) =>
    new Failure(`field type conversion error for ${message}.${field.name} value type: ${why}`);
  if (!narrow) return value;
  if (value instanceof Uint && value.value >= 1n << 32n) return refuse('unsigned integer overflow');
  if (typeof value === 'bigint' && BigInt.asIntN(32, value) !== value)
    return refuse('integer overflow');
  return value;
}

function summary(plans: readonly Plan[]): { readonly constant: boolean; readonly cost: number } {
  return {
    constant: plans.every(({ constant }) => constant),
    cost: plans.reduce((sum, { cost }) => sum + cost, 1),
  };
}

/** All parts first; the first that fails is the failure of the whole. */
function combined(
  parts: readonly Plan[],
  apply: (values: readonly Value[], context: Context) => Result,
): Plan {
  const steps = parts.map(({ step }) => step);
  const step: Step = (context) => {
    const values: Value[] = [];
    for (const each of steps) {
      const value = each(context);
      if (value instanceof Failure) return value;
      values.push(value);
    }
    return apply(values, context);
  };
  return { step, ...summary(parts) };
}

// The commonest call by far, without a list of arguments.
function equals(a: Plan, b: Plan): Plan {
  const first = a.step;
  const second = b.step;
  const step: Step = (context) => {
    const left = first(context);
    if (left instanceof Failure) return left;
    const right = second(context);
    if (right instanceof Failure) return right;
    if (typeof left === 'bigint' && typeof right === 'bigint') return left === right;
    if (left instanceof Uint && right instanceof Uint) return left.value === right.value;
    return equality(left, right, context.budget);
  };
  return { step, ...summary([a, b]) };
}

function conditional(condition: Plan, yes: Plan, no: Plan): Plan {
  const step: Step = (context) => {
    const holds = condition.step(context);
    if (holds instanceof Failure) return holds;
    if (typeof holds !== 'boolean') return NO_OVERLOAD;
    return holds ? yes.step(context) : no.step(context);
  };
  return { step, ...summary([condition, yes, no]) };
}

function noSuchKey(name: string): Failure {
  return new Failure(`no such key: ${name}`);
}

function mapValue(parts: readonly Value[]): Result {
  const map = new MapValue();
  for (let index = 0; index < parts.length; index += 2) {
    const key = parts[index] ?? null;
    const id = keyOf(key);
    if (id === undefined)
      return new Failure('internal error: runtime error: hash of unhashable type types.Bytes');
    map.add(key, id, parts[index + 1] ?? null);
  }
  return map;
}
