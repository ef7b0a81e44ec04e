// A statement as a value. Its text is made of our own words alone: values, tables and columns are pieces of their own,
// so that a value can never become text, and what a statement reads is known without parsing it.
import { ParallaxError } from '../runtime/errors.ts';
import type { QueryParams } from './store.ts';

export type SqlParam = QueryParams[string];

type Piece =
  | string
  | { readonly kind: 'param'; readonly value: SqlParam; readonly type: string }
  | { readonly kind: 'table' | 'column' | 'reads'; readonly name: string };

/** Statement text with `{name:Type}` for each value, and the values. */
export interface RenderedSql {
  readonly text: string;
  readonly params: QueryParams;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/;
const KEYWORD = /^(?:[<>=!]{1,2}|[A-Z]+(?: [A-Z]+)*|[A-Za-z_][A-Za-z0-9_]*|\d+)$/;
/** What reads a table whose name stands in the text. */
const PLAIN_TABLE = /\b(?:FROM|(?<!ARRAY\s+)JOIN|IN)\s+[A-Za-z_`"]/i;
const NONE: ReadonlySet<string> = new Set();

export class Sql {
  private readonly pieces: readonly Piece[];
  /** Tables it reads, database included where it was given. */
  readonly tables: ReadonlySet<string>;
  /** Columns it names with `column`. */
  readonly columns: ReadonlySet<string>;

  /** Made by `sql` and the functions below, which take no text from outside. */
  constructor(pieces: readonly Piece[]) {
    this.pieces = Object.freeze(pieces);
    this.tables = namesOf(['table', 'reads'], pieces);
    this.columns = namesOf(['column'], pieces);
    Object.freeze(this);
  }

  /** Parameters get the names p1, p2, … in order of appearance; a param used twice has one name. */
  render(): RenderedSql {
    const names = new Map<Piece, string>();
    const params: Record<string, SqlParam> = {};
    let text = '';
    for (const piece of this.pieces) {
      if (typeof piece === 'string') text += piece;
      else if (piece.kind === 'reads') continue;
      else if (piece.kind !== 'param') text += piece.name;
      else {
        let name = names.get(piece);
        if (name === undefined) {
          name = `p${names.size + 1}`;
          names.set(piece, name);
          params[name] = piece.value;
        }
        text += `{${name}:${piece.type}}`;
      }
    }
    return { text, params };
  }

  /** A statement is no text: `${statement}` outside of `sql` is a defect. */
  toString(): never {
    throw new ParallaxError('internal', 'a statement is used as text');
  }

  /** Adds the pieces to `into`, joined where both are text. */
  appendTo(into: Piece[]): void {
    for (const piece of this.pieces) push(into, piece);
  }
}

/**
 * A statement or a part of one: sql`SELECT count() FROM ${table('flows')} WHERE time_slot >= ${param(slot, 'Int32')}`.
 * Whole numbers of ours stand in the text; what comes from outside goes by `param`. A table can only be named by `table`, so
 * that no statement reads one that it does not list.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly (Sql | number)[]): Sql {
  const pieces: Piece[] = [];
  strings.forEach((text, index) => {
    if (PLAIN_TABLE.test(text))
      throw new ParallaxError('internal', `a statement names a table as text: ${text}`);
    push(pieces, text);
    const value = values[index];
    if (typeof value === 'number') push(pieces, wholeNumber(value));
    else value?.appendTo(pieces);
  });
  return new Sql(pieces);
}

/** A value, as a parameter of a ClickHouse type such as `Array(String)`. */
export function param(value: SqlParam, type: string): Sql {
  return new Sql([{ kind: 'param', value, type }]);
}

/** A table to read. A scope knows by this which tables a statement reads. */
export function table(name: string): Sql {
  return named('table', name);
}

/** A column by a name of the catalogue. */
export function column(name: string): Sql {
  return named('column', name);
}

/** Parts with text between them, such as `sql\`, \``. */
export function join(parts: readonly Sql[], separator: Sql): Sql {
  const pieces: Piece[] = [];
  parts.forEach((part, index) => {
    if (index > 0) separator.appendTo(pieces);
    part.appendTo(pieces);
  });
  return new Sql(pieces);
}

/** Conditions joined by AND, each in brackets; `1` without any. */
export function allOf(conditions: readonly Sql[]): Sql {
  return joined(conditions, sql` AND `, ALWAYS);
}

/** Conditions joined by OR, each in brackets; `0` without any. */
export function anyOf(conditions: readonly Sql[]): Sql {
  return joined(conditions, sql` OR `, NEVER);
}

export const EMPTY: Sql = new Sql([]);
/** Conditions that always and never hold. */
export const ALWAYS: Sql = sql`1`;
export const NEVER: Sql = sql`0`;

/** Whether two have the same text and the same values. */
export function sameSql(a: Sql, b: Sql): boolean {
  if (a === b) return true;
  const [left, right] = [a.render(), b.render()];
  return (
    left.text === right.text &&
    Object.keys(left.params).every((name) => left.params[name] === right.params[name])
  );
}

/** An expression that a layer below the store keeps as text: a constant of the source, never a value. */
export function constant(text: string): Sql {
  return new Sql([text]);
}

/** Text of ours that is no template, such as an operator chosen from a table of constants. */
export function keyword(text: string): Sql {
  if (!KEYWORD.test(text))
    throw new ParallaxError('internal', `${JSON.stringify(text)} is no keyword of SQL`);
  return new Sql([text]);
}

function joined(conditions: readonly Sql[], separator: Sql, none: Sql): Sql {
  const [only] = conditions;
  if (only === undefined) return none;
  if (conditions.length === 1) return only;
  return join(
    conditions.map((each) => sql`(${each})`),
    separator,
  );
}

function named(kind: 'table' | 'column', name: string): Sql {
  if (!NAME.test(name))
    throw new ParallaxError('internal', `${JSON.stringify(name)} is no name of a ${kind}`);
  return new Sql([{ kind, name }]);
}

function wholeNumber(value: number): string {
  if (!Number.isSafeInteger(value))
    throw new ParallaxError('internal', `${value} is no whole number for a statement`);
  return String(value);
}

function push(pieces: Piece[], piece: Piece): void {
  if (piece === '') return;
  const last = pieces.at(-1);
  if (typeof piece === 'string' && typeof last === 'string')
    pieces[pieces.length - 1] = last + piece;
  else pieces.push(piece);
}

function namesOf(kinds: readonly string[], pieces: readonly Piece[]): ReadonlySet<string> {
  const names = pieces.flatMap((piece) =>
    typeof piece !== 'string' && 'name' in piece && kinds.includes(piece.kind) ? [piece.name] : [],
  );
  return names.length === 0 ? NONE : new Set(names);
}
