// Syntax tree of an expression, macros expanded: `has` is a selection that tests, the others are folds.
import type { Value } from './values.ts';

interface Placed {
  /** Where cel-go points when it speaks of this node, in code points. */
  readonly at: number;
}

export type FoldName = 'all' | 'exists' | 'exists_one' | 'map' | 'filter';

export interface Entry extends Placed {
  readonly key: Expr;
  readonly value: Expr;
}

export interface FieldInit extends Placed {
  readonly name: string;
  readonly value: Expr;
}

export type Literal = Placed & { readonly kind: 'literal'; readonly value: Value };
export type Ident = Placed & { readonly kind: 'ident'; readonly name: string };
export type Select = Placed & {
  readonly kind: 'select';
  readonly operand: Expr;
  readonly field: string;
  /** `has(operand.field)`. */
  readonly test: boolean;
};
export type Call = Placed & {
  readonly kind: 'call';
  readonly name: string;
  readonly target?: Expr | undefined;
  readonly args: readonly Expr[];
};
export type Logic = Placed & {
  readonly kind: 'logic';
  readonly name: '_&&_' | '_||_';
  readonly terms: readonly Expr[];
};
export type Fold = Placed & {
  readonly kind: 'fold';
  readonly name: FoldName;
  readonly range: Expr;
  readonly variable: string;
  /** Where its name stands, which `filter` reads as what it keeps. */
  readonly variableAt: number;
  /** Absent for a `map` without condition. */
  readonly condition?: Expr | undefined;
  /** Result of `map` for an element. */
  readonly transform?: Expr | undefined;
};
export type ListExpr = Placed & { readonly kind: 'list'; readonly elements: readonly Expr[] };
export type MapExpr = Placed & { readonly kind: 'map'; readonly entries: readonly Entry[] };
export type StructExpr = Placed & {
  readonly kind: 'struct';
  readonly type: string;
  readonly fields: readonly FieldInit[];
};

export type Expr =
  | Literal
  | Ident
  | Select
  | Call
  | Logic
  | Fold
  | ListExpr
  | MapExpr
  | StructExpr
  /** Stands where the text could not be understood; the expression is refused. */
  | (Placed & { readonly kind: 'error' });

/** `a.b.c` as one name, when the tree is nothing but that. */
export function qualifiedName(expr: Expr): string | undefined {
  const parts: string[] = [];
  let node = expr;
  while (node.kind === 'select' && !node.test) {
    parts.push(node.field);
    node = node.operand;
  }
  if (node.kind !== 'ident') return undefined;
  parts.push(node.name);
  return parts.reverse().join('.');
}
