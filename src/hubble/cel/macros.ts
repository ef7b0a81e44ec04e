// Macros: calls that expand to presence tests and folds.
import type { Expr, FoldName } from './ast.ts';

/** Notes a problem; what stands in place of the node. */
type Refuse = (at: number, why: string) => Expr;

/** `has(a.b)`; undefined when the call is no macro. The result has the position of the call. */
export function globalMacro(
  name: string,
  args: readonly Expr[],
  at: number,
  refuse: Refuse,
): Expr | undefined {
  const [arg] = args;
  if (name !== 'has' || args.length !== 1 || arg === undefined) return undefined;
  if (arg.kind === 'select' && !arg.test) return { ...arg, test: true, at };
  return refuse(arg.at, 'invalid argument to has() macro');
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
  refuse: Refuse,
): Expr | undefined {
  const fold = Object.hasOwn(FOLDS, call) ? FOLDS[call] : undefined;
  if (fold === undefined || !fold.args.includes(args.length)) return undefined;
  const { name } = fold;
  const [variable, second, third] = args;
  if (variable === undefined || second === undefined) return undefined;
  const isBuilder = name === 'map' || name === 'filter';
  if (variable.kind !== 'ident')
    return refuse(
      variable.at,
      isBuilder ? 'argument is not an identifier' : 'argument must be a simple name',
    );
  if (variable.name === '__result__')
    return refuse(variable.at, 'iteration variable overwrites accumulator variable');
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
