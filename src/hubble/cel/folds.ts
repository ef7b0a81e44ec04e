// Evaluates macros over lists and the keys of maps. Each iteration is charged by the size of its body.
import type { Fold } from './ast.ts';
import { TOO_COSTLY } from './budget.ts';
import type { Context, Plan, Planner, Step } from './planner.ts';
import { Failure, goTypeOf, MapValue, NO_OVERLOAD, type Result, type Value } from './values.ts';

const ALWAYS: Plan = { step: () => true, constant: true, cost: 0 };

export function planFold(expr: Fold, planner: Planner): Plan {
  const range = planner.plan(expr.range);
  const condition =
    expr.condition === undefined
      ? { plan: ALWAYS, place: -1 }
      : planner.within(expr.variable, expr.condition);
  const transform =
    expr.transform === undefined ? undefined : planner.within(expr.variable, expr.transform);
  const place = transform?.place ?? condition.place;
  const perElement = 1 + condition.plan.cost + (transform?.plan.cost ?? 0);
  const test = condition.plan.step;
  const walk = walker(expr.name, test, transform?.plan.step);
  const step: Step = (context) => {
    const over = range.step(context);
    if (over instanceof Failure) return over;
    const elements = over instanceof MapValue ? over.keys() : over;
    if (!Array.isArray(elements))
      return new Failure(`got '${goTypeOf(over)}', expected iterable type`);
    // An array of values is a list.
    const list: readonly Value[] = elements;
    const next = (value: Value): boolean => {
      context.locals[place] = value;
      return context.budget.spend(perElement);
    };
    return walk(list, next, context);
  };
  return { step, constant: false, cost: range.cost + perElement };
}

/** Sets the variable; false when the budget is spent. */
type Next = (value: Value) => boolean;
type Walk = (list: readonly Value[], next: Next, context: Context) => Result;

function walker(name: Fold['name'], test: Step, make: Step | undefined): Walk {
  switch (name) {
    case 'all':
      return quantified(test, false);
    case 'exists':
      return quantified(test, true);
    case 'exists_one':
      return (list, next, context) => {
        const kept = selected(list, next, context, test);
        return kept instanceof Failure ? kept : kept.length === 1;
      };
    case 'filter':
      return (list, next, context) => selected(list, next, context, test);
    case 'map':
      return (list, next, context) => selected(list, next, context, test, make);
  }
}

// An element that decides does so even after one that failed.
function quantified(test: Step, decisive: boolean): Walk {
  return (list, next, context) => {
    let failure: Failure | undefined;
    for (const element of list) {
      if (!next(element)) return TOO_COSTLY;
      const value = test(context);
      if (value === decisive) return decisive;
      if (value instanceof Failure) failure ??= value;
      else if (typeof value !== 'boolean') failure ??= NO_OVERLOAD;
    }
    return failure ?? !decisive;
  };
}

// As in the loop that cel-go writes a macro out to: it runs to its end, a later condition that fails takes the place of
// an earlier failure, and what is made of an element after a failure is not looked at.
function selected(
  list: readonly Value[],
  next: Next,
  context: Context,
  test: Step,
  make?: Step,
): readonly Value[] | Failure {
  const kept: Value[] = [];
  let failure: Failure | undefined;
  for (const element of list) {
    if (!next(element)) return TOO_COSTLY;
    const wanted = test(context);
    if (typeof wanted !== 'boolean') failure = wanted instanceof Failure ? wanted : NO_OVERLOAD;
    if (wanted !== true || failure !== undefined) continue;
    const value = make === undefined ? element : make(context);
    if (value instanceof Failure) failure = value;
    else kept.push(value);
  }
  return failure ?? kept;
}
