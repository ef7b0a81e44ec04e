// CEL expressions as bounds. Whatever SQL can say of an expression narrows the rows; the predicate judges the rest.
// An expression is true, false or fails, so what makes it true and what makes it false are kept apart: the opposite of
// `true` is not `false`.
import type { Call, Expr, Fold, Select } from '../../hubble/cel/ast.ts';
import type { Checked } from '../../hubble/cel/checker.ts';
import { checkCel } from '../../hubble/cel/compile.ts';
import { FLOW_VARIABLE } from '../../hubble/cel/environment.ts';
import { constantOf, planPart } from '../../hubble/cel/planner.ts';
import { Uint, type Value } from '../../hubble/cel/values.ts';
import { compileRegex } from '../../hubble/filter/re2.ts';
import { keyword, param, type Sql, sameSql, sql } from '../../store/sql.ts';
import {
  ANYTHING,
  type Bounds,
  both,
  either,
  exactly,
  FALSE,
  isExact,
  not,
  TRUE,
} from './bounds.ts';
import { fieldSql, presenceSql, type SqlField } from './cel-fields.ts';
import { patternCondition, quoteRegex } from './regex.ts';
import { string } from './values.ts';

interface Truth {
  readonly yes: Bounds;
  readonly no: Bounds;
}

const UNKNOWN: Truth = { yes: ANYTHING, no: ANYTHING };

/** A condition that never fails. */
function plain(condition: Sql): Truth {
  return certain(exactly(condition));
}

function certain(condition: Bounds): Truth {
  return { yes: condition, no: not(condition) };
}

function opposite({ yes, no }: Truth): Truth {
  return { yes: no, no: yes };
}

/** Any of the expressions; one that fails is the end of it, so those after it only count where it is false. */
export function celCondition(texts: readonly string[]): Bounds {
  const truths = texts.map((text) => {
    const checked = checkCel(text);
    return new Translator(checked).truth(checked.expr);
  });
  // The last may fail: nothing comes after it.
  if (truths.slice(0, -1).every(neverFails)) return either(truths.map(({ yes }) => yes));
  return truths.reduceRight<Bounds>((rest, { yes, no }) => either([yes, both([no, rest])]), FALSE);
}

/** False where the condition does not show it: rows may be neither. */
function neverFails({ yes, no }: Truth): boolean {
  const opposed = sameSql(no.upper, not(yes).upper) || sameSql(yes.upper, not(no).upper);
  return opposed && isExact(yes) && isExact(no);
}

const ORDERS: Readonly<Record<string, { readonly operator: string; readonly turned: string }>> = {
  '_==_': { operator: '=', turned: '=' },
  '_!=_': { operator: '!=', turned: '!=' },
  '_<_': { operator: '<', turned: '>' },
  '_<=_': { operator: '<=', turned: '>=' },
  '_>_': { operator: '>', turned: '<' },
  '_>=_': { operator: '>=', turned: '<=' },
};

class Translator {
  private readonly checked: Checked;

  constructor(checked: Checked) {
    this.checked = checked;
  }

  truth(expr: Expr): Truth {
    switch (expr.kind) {
      case 'literal':
        return typeof expr.value === 'boolean' ? certain(expr.value ? TRUE : FALSE) : UNKNOWN;
      case 'logic': {
        const terms = expr.terms.map((term) => this.truth(term));
        const yes = terms.map((term) => term.yes);
        const no = terms.map((term) => term.no);
        return expr.name === '_&&_'
          ? { yes: both(yes), no: either(no) }
          : { yes: either(yes), no: both(no) };
      }
      case 'select':
        return this.select(expr);
      case 'call':
        return this.call(expr);
      case 'fold':
        return this.fold(expr);
      default:
        return UNKNOWN;
    }
  }

  private select(expr: Select): Truth {
    if (expr.test) {
      const path = pathOf({ ...expr, test: false });
      const there = path === undefined ? undefined : presenceSql(path);
      return there === undefined ? UNKNOWN : plain(there);
    }
    const field = this.field(expr);
    if (field?.kind === 'bool') return plain(field.sql);
    // Unknown is neither: as an operand it fails.
    if (field?.kind === 'reply')
      return { yes: exactly(sql`${field.sql} = 2`), no: exactly(sql`${field.sql} = 1`) };
    return UNKNOWN;
  }

  private call(expr: Call): Truth {
    const [first, second] = expr.target === undefined ? expr.args : [expr.target, ...expr.args];
    if (first === undefined) return UNKNOWN;
    if (expr.name === '!_') return opposite(this.truth(first));
    if (second === undefined) return UNKNOWN;
    const order = Object.hasOwn(ORDERS, expr.name) ? ORDERS[expr.name] : undefined;
    if (order !== undefined) return this.comparison(first, second, order);
    if (expr.name === '@in') return this.membership(first, second);
    const field = this.field(first);
    const value = this.constant(second);
    if (field?.kind !== 'text' || typeof value !== 'string') return UNKNOWN;
    return this.onText(expr.name, field.sql, value);
  }

  private onText(name: string, field: Sql, value: string): Truth {
    switch (name) {
      case 'startsWith':
        return plain(sql`startsWith(${field}, ${string(value)})`);
      case 'endsWith':
        return plain(sql`endsWith(${field}, ${string(value)})`);
      case 'contains':
        return plain(sql`position(${field}, ${string(value)}) > 0`);
      case 'matches':
        return isRegex(value) ? certain(patternCondition(value, field)) : UNKNOWN;
      default:
        return UNKNOWN;
    }
  }

  private comparison(a: Expr, b: Expr, { operator, turned }: (typeof ORDERS)[string]): Truth {
    const left = this.field(a);
    const right = this.field(b);
    if (left !== undefined && right !== undefined)
      return left.kind === right.kind && ['number', 'text'].includes(left.kind)
        ? plain(sql`${left.sql} ${keyword(operator)} ${right.sql}`)
        : UNKNOWN;
    const value = this.constant(left === undefined ? a : b);
    if (value === undefined) return UNKNOWN;
    if (left !== undefined) return this.compared(left, operator, value);
    return right === undefined ? UNKNOWN : this.compared(right, turned, value);
  }

  private compared(field: SqlField, operator: string, value: Value): Truth {
    const equality = operator === '=' || operator === '!=';
    const sign = keyword(operator);
    switch (field.kind) {
      case 'number': {
        const number = this.number(value);
        return number === undefined ? UNKNOWN : plain(sql`${field.sql} ${sign} ${number}`);
      }
      case 'text':
        return typeof value === 'string'
          ? plain(sql`${field.sql} ${sign} ${string(value)}`)
          : UNKNOWN;
      case 'bool': {
        if (typeof value !== 'boolean' || !equality) return UNKNOWN;
        const truth = plain(field.sql);
        return value === (operator === '=') ? truth : opposite(truth);
      }
      case 'reply': {
        if ((typeof value !== 'boolean' && value !== null) || !equality) return UNKNOWN;
        return plain(sql`${field.sql} ${sign} ${value === null ? 0 : value ? 2 : 1}`);
      }
      case 'lines':
        return UNKNOWN;
    }
  }

  private number(value: Value): Sql | undefined {
    if (value instanceof Uint) return param(value.value, 'UInt64');
    return typeof value === 'bigint' ? param(value, 'Int64') : undefined;
  }

  private membership(value: Expr, list: Expr): Truth {
    if (list.kind === 'list') {
      const equals = ORDERS['_==_'];
      if (equals === undefined) return UNKNOWN;
      const parts = list.elements.map((element) => this.comparison(value, element, equals));
      return { yes: either(parts.map(({ yes }) => yes)), no: both(parts.map(({ no }) => no)) };
    }
    const field = this.field(list);
    const text = this.constant(value);
    return field?.kind === 'lines' && typeof text === 'string'
      ? this.onLines('_==_', field.sql, text)
      : UNKNOWN;
  }

  /** `labels.exists(l, l.startsWith('k8s:app='))` and its like. */
  private fold({ name, range, variable, condition }: Fold): Truth {
    const field = this.field(range);
    if (name !== 'exists' || field?.kind !== 'lines' || condition?.kind !== 'call') return UNKNOWN;
    const operands =
      condition.target === undefined ? condition.args : [condition.target, ...condition.args];
    const [first, second] = operands;
    if (first?.kind !== 'ident' || first.name !== variable || second === undefined) return UNKNOWN;
    const value = this.constant(second);
    return typeof value === 'string' ? this.onLines(condition.name, field.sql, value) : UNKNOWN;
  }

  /** Some line of the column; a list whose elements are no lines is judged by the predicate anyway. */
  private onLines(name: string, field: Sql, value: string): Truth {
    if (value === '' || value.includes('\n')) return UNKNOWN;
    const match = (pattern: string) => plain(sql`match(${field}, ${string(pattern)})`);
    switch (name) {
      case '_==_':
        return plain(sql`has(splitByChar('\\n', ${field}), ${string(value)})`);
      case 'startsWith':
        return match(`(?:^|\\n)${quoteRegex(value)}`);
      case 'endsWith':
        return match(`${quoteRegex(value)}(?:\\n|$)`);
      case 'contains':
        return plain(sql`position(${field}, ${string(value)}) > 0`);
      default:
        return UNKNOWN;
    }
  }

  private field(expr: Expr): SqlField | undefined {
    const path = expr.kind === 'select' && !expr.test ? pathOf(expr) : undefined;
    return path === undefined ? undefined : fieldSql(path);
  }

  private constant(expr: Expr): Value | undefined {
    if (expr.kind === 'fold') return undefined;
    return constantOf(planPart(this.checked, expr));
  }
}

/** `source.pod_name` of `_flow.source.pod_name`; a variable of a fold may hide `_flow`, but never begins with it. */
function pathOf(expr: Expr): string | undefined {
  const fields: string[] = [];
  let node = expr;
  while (node.kind === 'select' && !node.test) {
    fields.push(node.field);
    node = node.operand;
  }
  if (node.kind !== 'ident' || node.name !== FLOW_VARIABLE || fields.length === 0) return undefined;
  return fields.reverse().join('.');
}

function isRegex(pattern: string): boolean {
  try {
    compileRegex(pattern);
    return true;
  } catch {
    return false;
  }
}
