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
import { type Bounds, both, either, exactly, isExact, not } from './bounds.ts';
import { fieldSql, presenceSql, type SqlField } from './cel-fields.ts';
import type { Params } from './params.ts';
import { patternCondition, quoteRegex } from './regex.ts';

interface Truth {
  readonly yes: Bounds;
  readonly no: Bounds;
}

const ANYTHING: Bounds = { upper: '1', lower: '0' };
const UNKNOWN: Truth = { yes: ANYTHING, no: ANYTHING };

/** A condition that never fails. */
function plain(sql: string): Truth {
  return certain(exactly(sql));
}

function certain(condition: Bounds): Truth {
  return { yes: condition, no: not(condition) };
}

function opposite({ yes, no }: Truth): Truth {
  return { yes: no, no: yes };
}

/** Any of the expressions; one that fails is the end of it, so those after it only count where it is false. */
export function celCondition(texts: readonly string[], params: Params): Bounds {
  const truths = texts.map((text) => {
    const checked = checkCel(text);
    return new Translator(checked, params).truth(checked.expr);
  });
  // The last may fail: nothing comes after it.
  if (truths.slice(0, -1).every(neverFails)) return either(truths.map(({ yes }) => yes));
  return truths.reduceRight<Bounds>(
    (rest, { yes, no }) => either([yes, both([no, rest])]),
    exactly('0'),
  );
}

/** False where the condition does not show it: rows may be neither. */
function neverFails({ yes, no }: Truth): boolean {
  const opposed = no.upper === not(yes).upper || yes.upper === not(no).upper;
  return opposed && isExact(yes) && isExact(no);
}

const ORDERS: Readonly<Record<string, { readonly sql: string; readonly turned: string }>> = {
  '_==_': { sql: '=', turned: '=' },
  '_!=_': { sql: '!=', turned: '!=' },
  '_<_': { sql: '<', turned: '>' },
  '_<=_': { sql: '<=', turned: '>=' },
  '_>_': { sql: '>', turned: '<' },
  '_>=_': { sql: '>=', turned: '<=' },
};

class Translator {
  private readonly checked: Checked;
  private readonly params: Params;

  constructor(checked: Checked, params: Params) {
    this.checked = checked;
    this.params = params;
  }

  truth(expr: Expr): Truth {
    switch (expr.kind) {
      case 'literal':
        return typeof expr.value === 'boolean' ? plain(expr.value ? '1' : '0') : UNKNOWN;
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
      const sql = path === undefined ? undefined : presenceSql(path);
      return sql === undefined ? UNKNOWN : plain(sql);
    }
    const field = this.field(expr);
    if (field?.kind === 'bool') return plain(field.sql);
    // Unknown is neither: as an operand it fails.
    if (field?.kind === 'reply')
      return { yes: exactly(`${field.sql} = 2`), no: exactly(`${field.sql} = 1`) };
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

  private onText(name: string, sql: string, value: string): Truth {
    switch (name) {
      case 'startsWith':
        return plain(`startsWith(${sql}, ${this.params.text(value)})`);
      case 'endsWith':
        return plain(`endsWith(${sql}, ${this.params.text(value)})`);
      case 'contains':
        return plain(`position(${sql}, ${this.params.text(value)}) > 0`);
      case 'matches':
        return isRegex(value) ? certain(patternCondition(value, sql, this.params)) : UNKNOWN;
      default:
        return UNKNOWN;
    }
  }

  private comparison(a: Expr, b: Expr, { sql, turned }: (typeof ORDERS)[string]): Truth {
    const left = this.field(a);
    const right = this.field(b);
    if (left !== undefined && right !== undefined)
      return left.kind === right.kind && ['number', 'text'].includes(left.kind)
        ? plain(`${left.sql} ${sql} ${right.sql}`)
        : UNKNOWN;
    const value = this.constant(left === undefined ? a : b);
    if (value === undefined) return UNKNOWN;
    if (left !== undefined) return this.compared(left, sql, value);
    return right === undefined ? UNKNOWN : this.compared(right, turned, value);
  }

  private compared(field: SqlField, operator: string, value: Value): Truth {
    const equality = operator === '=' || operator === '!=';
    switch (field.kind) {
      case 'number': {
        const number = this.number(value);
        return number === undefined ? UNKNOWN : plain(`${field.sql} ${operator} ${number}`);
      }
      case 'text':
        return typeof value === 'string'
          ? plain(`${field.sql} ${operator} ${this.params.text(value)}`)
          : UNKNOWN;
      case 'bool': {
        if (typeof value !== 'boolean' || !equality) return UNKNOWN;
        const truth = plain(field.sql);
        return value === (operator === '=') ? truth : opposite(truth);
      }
      case 'reply': {
        if ((typeof value !== 'boolean' && value !== null) || !equality) return UNKNOWN;
        return plain(`${field.sql} ${operator} ${value === null ? 0 : value ? 2 : 1}`);
      }
      case 'lines':
        return UNKNOWN;
    }
  }

  private number(value: Value): string | undefined {
    if (value instanceof Uint) return this.params.add(value.value, 'UInt64');
    return typeof value === 'bigint' ? this.params.add(value, 'Int64') : undefined;
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
  private onLines(name: string, sql: string, value: string): Truth {
    if (value === '' || value.includes('\n')) return UNKNOWN;
    const match = (pattern: string) => plain(`match(${sql}, ${this.params.text(pattern)})`);
    switch (name) {
      case '_==_':
        return plain(`has(splitByChar('\\n', ${sql}), ${this.params.text(value)})`);
      case 'startsWith':
        return match(`(?:^|\\n)${quoteRegex(value)}`);
      case 'endsWith':
        return match(`${quoteRegex(value)}(?:\\n|$)`);
      case 'contains':
        return plain(`position(${sql}, ${this.params.text(value)}) > 0`);
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
