// What looks like a call but is a form of its own: presence tests and walks over lists and maps.
import type { Expr, FoldName } from './ast.ts';
import type { Source } from './issues.ts';

/** `has(a.b)`; undefined when the call is no macro. What a macro makes is where its call is. */
export function globalMacro(
  name: string,
  args: readonly Expr[],
  at: number,
  source: Source,
): Expr | undefined {
  const [arg] = args;
  if (name !== 'has' || args.length !== 1 || arg === undefined) return undefined;
  if (arg.kind === 'select' && !arg.test) return { ...arg, test: true, at };
  return refused(arg, 'invalid argument to has() macro', source);
}

function refused({ at }: Expr, why: string, source: Source): Expr {
  source.report(at, why);
  return { kind: 'error', at };
}

const FOLDS: Readonly<
  Record<string, { readonly name: FoldName; readonly args: readonly number[] }>
> = {
  all: { name: 'all', args: [2] },
  exists: { name: 'exists', args: [2] },
  exists_one: { name: 'exists_one', args: [2] },
  map: { name: 'map', args: [2, 3] },
  filter: { name: 'filter', args: [2] },
};

/** `list.all(x, …)` and its like; undefined when the call is no macro. */
export function memberMacro(
  call: string,
  range: Expr,
  args: readonly Expr[],
  at: number,
  source: Source,
): Expr | undefined {
  const fold = Object.hasOwn(FOLDS, call) ? FOLDS[call] : undefined;
  if (fold === undefined || !fold.args.includes(args.length)) return undefined;
  const { name } = fold;
  const [variable, second, third] = args;
  if (variable === undefined || second === undefined) return undefined;
  const isBuilder = name === 'map' || name === 'filter';
  if (variable.kind !== 'ident')
    return refused(
      variable,
      isBuilder ? 'argument is not an identifier' : 'argument must be a simple name',
      source,
    );
  if (variable.name === '__result__')
    return refused(variable, 'iteration variable overwrites accumulator variable', source);
  const common = {
    kind: 'fold' as const,
    name,
    range,
    variable: variable.name,
    variableAt: variable.at,
    at,
  };
  if (name !== 'map') return { ...common, condition: second };
  return third === undefined
    ? { ...common, transform: second }
    : { ...common, condition: second, transform: third };
}
