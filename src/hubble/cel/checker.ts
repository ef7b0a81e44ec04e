// Type checker: finds the type of every node before anything is evaluated. Errors in cel-go's words.
import type { Call, Expr, Fold, Ident, Select, StructExpr } from './ast.ts';
import { qualifiedName } from './ast.ts';
import {
  CONTAINER,
  candidates,
  FLOW_VARIABLE,
  fieldOf,
  fieldType,
  globalMeaning,
  type Meaning,
} from './environment.ts';
import type { Source } from './issues.ts';
import { overloadsOf } from './standard.ts';
import {
  Bindings,
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  declaredName,
  ERROR,
  format,
  INT,
  listOf,
  mapOf,
  mostGeneral,
  NULL,
  STRING,
  sameType,
  UINT,
} from './types.ts';
import { Uint, type Value } from './values.ts';

/** A tree with what its names mean and the type of each node. */
export interface Checked {
  readonly expr: Expr;
  readonly meanings: ReadonlyMap<Expr, Meaning>;
  typeOf(expr: Expr): CelType;
}

/** Checks; whether that went well, the source knows. */
export function check(expr: Expr, source: Source): Checked {
  return new Checker(source).run(expr);
}

class Checker {
  private readonly source: Source;
  private readonly bindings = new Bindings();
  private readonly types = new Map<Expr, CelType>();
  private readonly meanings = new Map<Expr, Meaning>();
  /** Variables of the folds around, innermost last. */
  private readonly scopes: { readonly name: string; readonly type: CelType }[] = [];

  /** Once inside of a fold, and from there on, numbers of different types have an order. */
  private walked = false;

  constructor(source: Source) {
    this.source = source;
  }

  run(expr: Expr): Checked {
    this.check(expr);
    return {
      expr,
      meanings: this.meanings,
      typeOf: (node) => this.bindings.resolve(this.types.get(node) ?? ERROR, true),
    };
  }

  private check(expr: Expr): CelType {
    const type = this.typeOf(expr);
    this.types.set(expr, type);
    return type;
  }

  private typeOf(expr: Expr): CelType {
    switch (expr.kind) {
      case 'literal':
        return literalType(expr.value);
      case 'ident':
        return this.ident(expr);
      case 'select':
        return this.select(expr);
      case 'call':
        return this.call(expr);
      case 'logic': {
        const types = expr.terms.map((term) => this.check(term));
        const fine = expr.terms.map((term, index) => this.mustBeBool(term, types[index] ?? ERROR));
        return fine.every(Boolean) ? BOOL : ERROR;
      }
      case 'fold':
        return this.fold(expr);
      case 'list':
        return listOf(
          expr.elements.reduce<CelType | undefined>(
            (type, element) => this.joined(type, element),
            undefined,
          ) ?? this.bindings.fresh(),
        );
      case 'map': {
        let key: CelType | undefined;
        let value: CelType | undefined;
        for (const entry of expr.entries) {
          key = this.joined(key, entry.key);
          value = this.joined(value, entry.value);
        }
        return mapOf(key ?? this.bindings.fresh(), value ?? this.bindings.fresh());
      }
      case 'struct':
        return this.struct(expr);
      case 'error':
        return ERROR;
    }
  }

  private ident(expr: Ident): CelType {
    const meaning = this.meaningOf(expr.name);
    if (meaning === undefined) return this.undeclared(expr.at, expr.name);
    this.meanings.set(expr, meaning);
    return meaning.type;
  }

  private meaningOf(name: string): Meaning | undefined {
    for (const candidate of candidates(name)) {
      const local = this.scopes.findLast((scope) => scope.name === candidate);
      if (local !== undefined) return { kind: 'local', ...local };
      const meaning = globalMeaning(candidate);
      if (meaning !== undefined) return meaning;
    }
    return undefined;
  }

  private undeclared(at: number, name: string): CelType {
    return this.problem(at, `undeclared reference to '${name}' (in container '${CONTAINER}')`);
  }

  private problem(at: number, message: string): CelType {
    this.source.report(at, message);
    return ERROR;
  }

  private select(expr: Select): CelType {
    const name = qualifiedName(expr);
    const meaning = name === undefined ? undefined : this.meaningOf(name);
    if (meaning !== undefined) {
      this.meanings.set(expr, meaning);
      return meaning.type;
    }
    const type = this.bindings.resolve(this.check(expr.operand));
    const selected = this.selected(expr, type);
    return expr.test ? BOOL : this.bindings.resolve(selected);
  }

  private selected(expr: Select, type: CelType): CelType {
    switch (type.kind) {
      case 'map':
        return type.params[1] ?? DYN;
      case 'struct': {
        const field = fieldOf(type.name, expr.field);
        if (field === undefined) return this.problem(expr.at, `undefined field '${expr.field}'`);
        return fieldType(field);
      }
      case 'param':
        this.bindings.assignable([DYN], [type]);
        return DYN;
      case 'dyn':
      case 'any':
      case 'error':
        return DYN;
      default:
        this.problem(expr.at, `type '${format(type)}' does not support field selection`);
        return DYN;
    }
  }

  private call(expr: Call): CelType {
    const args = expr.args.map((arg) => this.check(arg));
    const types = expr.target === undefined ? args : [this.check(expr.target), ...args];
    // No function has a qualified name, so a target is always a receiver.
    const name = expr.name.replace(/^\./, '');
    if (overloadsOf(name) === undefined) return this.undeclared(expr.at, expr.name);
    return this.applied(name, types, expr.target !== undefined, expr.at);
  }

  private applied(name: string, types: CelType[], member: boolean, at: number): CelType {
    let result: CelType | undefined;
    for (const overload of overloadsOf(name) ?? []) {
      if (overload.member !== member || (overload.crossing && !this.walked)) continue;
      const open = new Map<string, CelType>();
      const wanted = overload.args.map((type) => this.instance(type, open));
      if (!this.bindings.assignable(types, wanted)) continue;
      const found = this.bindings.resolve(this.instance(overload.result, open));
      if (result === undefined) result = found;
      else if (result.kind !== 'dyn' && !sameType(found, result)) result = DYN;
    }
    if (result !== undefined) return result;
    const shown = types.map((type) => format(this.bindings.resolve(type, true)));
    const receiver = member ? `${shown.shift() ?? ''}.` : '';
    return this.problem(
      at,
      `found no matching overload for '${name}' applied to '${receiver}(${shown.join(', ')})'`,
    );
  }

  /** The type with parameters of its own. */
  private instance(type: CelType, open: Map<string, CelType>): CelType {
    if (type.kind === 'param') {
      const known = open.get(type.name) ?? this.bindings.fresh();
      open.set(type.name, known);
      return known;
    }
    return type.params.length === 0
      ? type
      : { ...type, params: type.params.map((param) => this.instance(param, open)) };
  }

  private mustBeBool(expr: Expr, type: CelType): boolean {
    if (this.bindings.assignable([type], [BOOL])) return true;
    this.problem(expr.at, `expected type 'bool' but found '${format(type)}'`);
    return false;
  }

  /** One type for all elements; mixed ones are dyn. */
  private joined(before: CelType | undefined, element: Expr): CelType {
    const type = this.check(element);
    if (before === undefined) return type;
    return this.bindings.assignable([before], [type]) ? mostGeneral(before, type) : DYN;
  }

  private fold(expr: Fold): CelType {
    const range = this.bindings.resolve(this.check(expr.range));
    const element = this.elementOf(range, expr.range.at);
    this.walked = true;
    this.scopes.push({ name: expr.variable, type: element });
    const result = this.folded(expr);
    this.scopes.pop();
    return this.bindings.resolve(result);
  }

  private elementOf(range: CelType, at: number): CelType {
    switch (range.kind) {
      case 'list':
      case 'map':
        return range.params[0] ?? DYN;
      case 'dyn':
      case 'any':
      case 'error':
      case 'param':
        this.bindings.assignable([DYN], [range]);
        return DYN;
      default:
        return this.problem(
          at,
          `expression of type '${format(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        );
    }
  }

  /**
   * The types and complaints of the loop that cel-go writes a macro out to: a condition chooses between what was
   * gathered before and that with one more.
   */
  private folded(expr: Fold): CelType {
    const { condition, at } = expr;
    switch (expr.name) {
      case 'all':
      case 'exists':
        if (condition !== undefined) this.mustBeBool(condition, this.check(condition));
        return BOOL;
      case 'exists_one': {
        const tested = condition === undefined ? BOOL : this.check(condition);
        const more = this.applied('_+_', [INT, INT], false, at);
        this.mustBe(INT, this.applied('_?_:_', [tested, more, INT], false, at), at);
        return this.applied('_==_', [INT, INT], false, at);
      }
      case 'filter':
      case 'map': {
        const gathered = listOf(this.bindings.fresh());
        const tested = condition === undefined ? undefined : this.check(condition);
        const { name, variable, variableAt, transform } = expr;
        // A name with a dot before it is no variable, and one of the schema's hides it.
        const kept: Ident = { kind: 'ident', name: variable, at: variableAt };
        const made = this.check(name === 'map' && transform !== undefined ? transform : kept);
        const more = this.applied('_+_', [gathered, listOf(made)], false, at);
        const step =
          tested === undefined ? more : this.applied('_?_:_', [tested, more, gathered], false, at);
        this.mustBe(gathered, step, at);
        return gathered;
      }
    }
  }

  private mustBe(wanted: CelType, given: CelType, at: number): void {
    if (this.bindings.assignable([wanted], [given])) return;
    this.problem(at, `expected type '${format(wanted)}' but found '${format(given)}'`);
  }

  private struct(expr: StructExpr): CelType {
    const meaning = this.meaningOf(expr.type);
    if (meaning === undefined) return this.undeclared(expr.at, expr.type);
    const type = this.structType(expr, meaning);
    this.meanings.set(expr, meaning);
    for (const { name, value, at } of expr.fields) {
      const given = this.check(value);
      const wanted = this.initialized(at, type, meaning, name);
      if (!this.bindings.assignable([wanted], [given]))
        this.problem(
          at,
          `expected type of field '${name}' is '${format(wanted)}' but provided type is '${format(given)}'`,
        );
    }
    return type;
  }

  private structType(expr: StructExpr, meaning: Meaning): CelType {
    const [type = ERROR] = meaning.type.params;
    if (meaning.kind !== 'type')
      return this.problem(expr.at, `'${declaredName(meaning.type)}' is not a type`);
    if (type.kind === 'struct') return type;
    return this.problem(expr.at, `'${declaredName(type)}' is not a message type`);
  }

  /** The type a field in a literal must have. */
  private initialized(at: number, type: CelType, meaning: Meaning, name: string): CelType {
    const full = 'name' in meaning ? meaning.name : FLOW_VARIABLE;
    if (type.kind !== 'struct')
      return this.problem(at, `unexpected failed resolution of '${full}'`);
    const field = fieldOf(type.name, name);
    return field === undefined ? this.problem(at, `undefined field '${name}'`) : fieldType(field);
  }
}

function literalType(value: Value): CelType {
  switch (typeof value) {
    case 'boolean':
      return BOOL;
    case 'bigint':
      return INT;
    case 'number':
      return DOUBLE;
    case 'string':
      return STRING;
    default:
      if (value === null) return NULL;
      return value instanceof Uint ? UINT : BYTES;
  }
}
