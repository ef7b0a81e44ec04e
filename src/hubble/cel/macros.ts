// What looks like a call but is a form of its own: presence tests and walks over lists and maps.
import type { Expr, FoldName } from './ast.ts';
import type { Source } from './issues.ts';

/** `has(a.b)`; undefined when the call is no macro. */
export function globalMacro(name: string, args: readonly Expr[], source: Source): Expr | undefined {
  const [arg] = args;
  if (name !== 'has' || args.length !== 1 || arg === undefined) return undefined;
  if (arg.kind === 'select') return { ...arg, test: true };
  if (arg.kind !== 'error') source.report(arg.at, 'invalid argument to has() macro');
  return { kind: 'error', at: arg.at };
}

const FOLDS: Readonly<
  Record<string, { readonly name: FoldName; readonly args: readonly number[] }>
> = {
  all: { name: 'all', args: [2] },
  exists: { name: 'exists', args: [2] },
  exists_one: { name: 'exists_one', args: [2] },
  existsOne: { name: 'exists_one', args: [2] },
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
  if (variable.kind === 'error') return variable;
  if (variable.kind !== 'ident') {
    const isBuilder = name === 'map' || name === 'filter';
    source.report(
      variable.at,
      isBuilder ? 'argument is not an identifier' : 'argument must be a simple name',
    );
    return { kind: 'error', at };
  }
  const common = { kind: 'fold' as const, name, range, variable: variable.name, at };
  if (name !== 'map') return { ...common, condition: second };
  return third === undefined
    ? { ...common, transform: second }
    : { ...common, condition: second, transform: third };
}
