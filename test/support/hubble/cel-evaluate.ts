// Expressions of any type, evaluated over a flow.
import { Budget } from '../../../src/hubble/cel/budget.ts';
import { check } from '../../../src/hubble/cel/checker.ts';
import { Source } from '../../../src/hubble/cel/issues.ts';
import { parse } from '../../../src/hubble/cel/parser.ts';
import { planPart } from '../../../src/hubble/cel/planner.ts';
import { format } from '../../../src/hubble/cel/types.ts';
import { Failure, Message, type Value } from '../../../src/hubble/cel/values.ts';
import { Flow } from '../../../src/hubble/proto/schema.gen.ts';

/** The value, or `!` and why there is none. */
export function evaluate(text: string, flow: Flow = {}): Value | `!${string}` {
  const { checked, problems } = checkedOf(text);
  if (problems !== '') throw new Error(problems);
  const result = planPart(checked, checked.expr).step({
    flow: new Message(Flow, flow as Record<string, unknown>),
    locals: [],
    budget: new Budget(),
  });
  return result instanceof Failure ? `!${result.message}` : result;
}

/** The type as messages write it. */
export function typeOf(text: string): string {
  const { checked, problems } = checkedOf(text);
  if (problems !== '') throw new Error(problems);
  return format(checked.typeOf(checked.expr));
}

/** What is wrong with it; empty for nothing. */
export function problemsOf(text: string): string {
  return checkedOf(text).problems;
}

function checkedOf(text: string) {
  const source = new Source(text);
  const expr = parse(source, text);
  const checked = check(source.failed ? { kind: 'literal', value: true, at: 0 } : expr, source);
  return { checked, problems: source.failed ? source.describe() : '' };
}
