// CEL expressions over flows (Hubble's experimental filter): compiled once, checked against the schema, evaluated for
// each flow.
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { Flow } from '../proto/schema.gen.ts';
import { Budget } from './budget.ts';
import { type Checked, check } from './checker.ts';
import { Source } from './issues.ts';
import { MAX_EXPRESSIONS } from './limits.ts';
import { parse } from './parser.ts';
import { type Context, planPart, Unplannable } from './planner.ts';
import { BOOL, declaredName } from './types.ts';
import { Failure, Message, typeNameOf, type Value } from './values.ts';

/** Called with the reason when an expression fails for a flow, and the message under which Hubble logs it. */
export type Failed = (why: string, message: string) => void;

/** Whether the expressions match a flow; a failure does not match. */
export type CelTest = (flow: Flow | undefined, failed: Failed) => boolean;

/** Parses and checks. Throws `input/invalid` with cel-go's words, and for what yields no bool. */
export function checkCel(text: string): Checked {
  const source = new Source(text);
  const expr = parse(source, text);
  const checked = source.failed ? undefined : check(expr, source);
  if (checked === undefined || source.failed) throw refused(source.describe());
  const type = checked.typeOf(expr);
  if (type.kind !== BOOL.kind || type.nullable)
    throw refused(`got "${declaredName(type)}", wanted "bool" result type`);
  return checked;
}

function refused(why: string): ParallaxError {
  return inputError(`error compiling CEL expression: ${why}`);
}

function noBool(value: Value): string {
  return `type conversion error from '${typeNameOf(value)}' to 'bool'`;
}

/** Compiles alternatives. One that fails ends the evaluation; those after it are not evaluated. */
export function compileCel(texts: readonly string[]): CelTest {
  if (texts.length > MAX_EXPRESSIONS)
    throw inputError(
      `${texts.length} CEL expressions in one filter are more than the ${MAX_EXPRESSIONS} allowed; join them with ||`,
    );
  const steps = texts.map((text) => {
    const checked = checkCel(text);
    try {
      return planPart(checked, checked.expr).step;
    } catch (error) {
      if (!(error instanceof Unplannable)) throw error;
      throw inputError(`error building CEL program: ${error.message}`);
    }
  });
  const budget = new Budget();
  return (flow, failed) => {
    budget.reset();
    // A message is an object of its fields.
    const fields = (flow ?? {}) as Record<string, unknown>;
    const context: Context = { flow: new Message(Flow, fields), locals: [], budget };
    for (const step of steps) {
      const result = step(context);
      if (result === true) return true;
      if (result === false) continue;
      if (result instanceof Failure) failed(result.message, 'error running CEL program');
      // A bool that may be null is one for the checker in some places.
      else failed(noBool(result), 'invalid conversion in CEL program');
      return false;
    }
    return false;
  };
}
