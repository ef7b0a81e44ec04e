// CEL's grammar, by recursive descent. Chains of operators are loops, so only brackets nest the parser itself.
import type { Entry, Expr, FieldInit } from './ast.ts';
import { Cursor, GaveUp, PRODUCTS, RELATIONS, STARTERS, SUMS, type TokenSet } from './cursor.ts';
import { NOWHERE, type Source } from './issues.ts';
import { type Token, type TokenType, tokenize } from './lexer.ts';
import { MAX_EXPRESSION } from './limits.ts';
import { bytesLiteral, doubleLiteral, intLiteral, stringLiteral, uintLiteral } from './literals.ts';
import { globalMacro, memberMacro } from './macros.ts';
import { Uint, type Value } from './values.ts';

const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const NUMBERS: readonly TokenType[] = ['NUM_INT', 'NUM_FLOAT'];
const LITERALS: readonly TokenType[] = [
  ...NUMBERS,
  'NUM_UINT',
  'STRING',
  'BYTES',
  'true',
  'false',
  'null',
];

/** Parses; whether that went well, the source knows. */
export function parse(source: Source, text: string): Expr {
  const { length } = source.points;
  if (length > MAX_EXPRESSION) {
    source.report(
      NOWHERE,
      `expression code point size exceeds limit: size: ${length}, limit ${MAX_EXPRESSION}`,
    );
    return { kind: 'error', at: 0 };
  }
  try {
    return new Parser(source, text).start();
  } catch (error) {
    if (error instanceof GaveUp) return { kind: 'error', at: 0 };
    throw error;
  }
}

class Parser {
  private readonly source: Source;
  private readonly cursor: Cursor;

  constructor(source: Source, text: string) {
    this.source = source;
    this.cursor = new Cursor(source, tokenize(source, text));
  }

  start(): Expr {
    const expr = this.within('<EOF>');
    this.cursor.match('<EOF>', []);
    return expr;
  }

  private within(...awaited: readonly TokenType[]): Expr {
    return this.cursor.within(awaited, () => this.expr());
  }

  private expr(): Expr {
    const { cursor } = this;
    cursor.enter('expr');
    const condition = this.logic('_||_', '||', () =>
      this.logic('_&&_', '&&', () => this.relation()),
    );
    const result = cursor.is('?') ? this.conditional(condition) : condition;
    cursor.leave('expr');
    return result;
  }

  private conditional(condition: Expr): Expr {
    const { cursor } = this;
    const { at } = cursor.take();
    const yes = cursor.within([':'], () =>
      this.logic('_||_', '||', () => this.logic('_&&_', '&&', () => this.relation())),
    );
    if (cursor.match(':', STARTERS) === undefined) return { kind: 'error', at };
    return { kind: 'call', name: '_?_:_', args: [condition, yes, this.expr()], at };
  }

  private logic(name: '_&&_' | '_||_', token: '&&' | '||', operand: () => Expr): Expr {
    const terms = [operand()];
    const { at } = this.cursor.token;
    while (this.cursor.is(token)) {
      this.cursor.take();
      terms.push(operand());
    }
    const [only] = terms;
    return terms.length === 1 && only !== undefined ? only : { kind: 'logic', name, terms, at };
  }

  private relation(): Expr {
    return this.chain('relation', RELATIONS, 1, () =>
      this.chain('calc', SUMS, 1, () => this.chain('calc', PRODUCTS, 0, () => this.unary())),
    );
  }

  /** `base` is what the chain counts as before its first operator: sums and products are one rule. */
  private chain(rule: string, operators: TokenSet, base: 0 | 1, operand: () => Expr): Expr {
    const { cursor } = this;
    if (base === 1) cursor.enter(rule);
    let levels: number = base;
    let left = operand();
    while (cursor.isIn(operators)) {
      const { text, at } = cursor.take();
      // One for the operator, which stays until the chain ends, and one for its right side.
      cursor.enter(rule);
      cursor.enter(rule);
      levels++;
      const name = text === 'in' ? '@in' : `_${text}_`;
      left = { kind: 'call', name, args: [left, operand()], at };
      cursor.leave(rule);
    }
    cursor.leave(rule, levels);
    return left;
  }

  private unary(): Expr {
    const { cursor } = this;
    if (!cursor.choose(STARTERS)) {
      cursor.recover();
      return { kind: 'error', at: cursor.token.at };
    }
    const sign = cursor.token;
    if (!cursor.is('!', '-') || this.atNegativeNumber()) return this.member();
    const operand = sign.type === '!' ? STARTERS : STARTERS.filter((type) => type !== '!');
    let count = 0;
    while (cursor.is(sign.type) && !(count > 0 && this.atNegativeNumber())) {
      cursor.take();
      count++;
      if (!cursor.wants(operand)) return { kind: 'error', at: cursor.token.at };
    }
    const expr = this.member();
    if (count % 2 === 0) return expr;
    return { kind: 'call', name: `${sign.type}_`, args: [expr], at: sign.at };
  }

  private atNegativeNumber(): boolean {
    const { type } = this.cursor.ahead(1);
    return this.cursor.is('-') && (type === 'NUM_INT' || type === 'NUM_FLOAT');
  }

  private member(): Expr {
    const { cursor } = this;
    cursor.enter('member');
    let levels = 1;
    let expr = this.primary();
    while (cursor.is('.', '[')) {
      cursor.enter('member');
      levels++;
      expr = cursor.is('.') ? this.selection(expr) : this.index(expr);
    }
    cursor.leave('member', levels);
    return expr;
  }

  private selection(operand: Expr): Expr {
    const { cursor } = this;
    const dot = cursor.take();
    const optional = cursor.is('?') && cursor.ahead(1).type === 'IDENTIFIER';
    if (optional) {
      cursor.take();
      this.source.report(dot.at, "unsupported syntax '.?'");
    }
    if (!cursor.is('IDENTIFIER')) {
      cursor.noAlternative(dot);
      return { kind: 'error', at: dot.at };
    }
    const field = cursor.take().text;
    if (!cursor.is('(')) return { kind: 'select', operand, field, test: false, at: dot.at };
    const { at } = cursor.token;
    const args = this.args();
    return (
      memberMacro(field, operand, args, at, this.source) ?? {
        kind: 'call',
        name: field,
        target: operand,
        args,
        at,
      }
    );
  }

  private index(operand: Expr): Expr {
    const { cursor } = this;
    const { at } = cursor.take();
    if (cursor.is('?')) {
      cursor.take();
      this.source.report(at, "unsupported syntax '[?'");
    }
    const index = this.within(']');
    cursor.match(']', cursor.afterOperand());
    return { kind: 'call', name: '_[_]', args: [operand, index], at };
  }

  private args(): readonly Expr[] {
    const { cursor } = this;
    cursor.take();
    const args: Expr[] = [];
    if (!cursor.choose([...STARTERS, ')'])) {
      cursor.recover();
      return args;
    }
    if (!cursor.is(')')) {
      do args.push(this.within(',', ')'));
      while (cursor.is(',') && cursor.take());
    }
    cursor.match(')', cursor.afterOperand());
    return args;
  }

  private primary(): Expr {
    const { cursor } = this;
    const { token } = cursor;
    switch (token.type) {
      case '(': {
        cursor.take();
        const expr = this.within(')');
        cursor.match(')', cursor.afterOperand());
        return expr;
      }
      case '[':
        return this.list();
      case '{':
        return this.map();
      case '.':
      case 'IDENTIFIER':
        return this.named();
      default:
        return this.literal();
    }
  }

  private named(): Expr {
    const { cursor } = this;
    const first = cursor.token;
    const dot = cursor.is('.') ? cursor.take().text : '';
    if (!cursor.is('IDENTIFIER')) {
      cursor.noAlternative(first);
      return { kind: 'error', at: first.at };
    }
    const struct = this.structName();
    if (struct !== undefined) return this.struct(dot + struct);
    const token = cursor.take();
    if (RESERVED.has(token.text)) {
      this.source.report(first.at, `reserved identifier: ${token.text}`);
      if (cursor.is('(')) this.args();
      return { kind: 'error', at: first.at };
    }
    const name = dot + token.text;
    if (!cursor.is('(')) return { kind: 'ident', name, at: token.at };
    const { at } = cursor.token;
    const args = this.args();
    return globalMacro(name, args, this.source) ?? { kind: 'call', name, args, at };
  }

  /** Of `a.b.C {`, without taking anything. */
  private structName(): string | undefined {
    const { cursor } = this;
    let name = cursor.token.text;
    let count = 1;
    while (cursor.ahead(count).type === '.' && cursor.ahead(count + 1).type === 'IDENTIFIER') {
      name += `.${cursor.ahead(count + 1).text}`;
      count += 2;
    }
    if (cursor.ahead(count).type !== '{') return undefined;
    for (; count > 0; count--) cursor.take();
    return name;
  }

  private struct(type: string): Expr {
    const { cursor } = this;
    const { at } = cursor.take();
    const fields: FieldInit[] = [];
    while (cursor.is('IDENTIFIER', '?')) {
      const { token } = cursor;
      if (cursor.is('?')) {
        cursor.take();
        this.source.report(token.at, "unsupported syntax '?'");
      }
      const name = cursor.match('IDENTIFIER', [':']);
      const colon = cursor.match(':', STARTERS);
      if (name === undefined || colon === undefined) break;
      fields.push({ name: name.text, value: this.within(',', '}'), at: colon.at });
      if (cursor.is(',')) cursor.take();
      else break;
    }
    if (cursor.choose(['}', ',', ...(fields.length === 0 ? (['IDENTIFIER', '?'] as const) : [])]))
      cursor.match('}', cursor.afterOperand());
    else cursor.recover();
    return { kind: 'struct', type, fields, at };
  }

  private list(): Expr {
    const { cursor } = this;
    const { at } = cursor.take();
    const elements: Expr[] = [];
    this.sequence(']', () => elements.push(this.within(',', ']')));
    return { kind: 'list', elements, at };
  }

  private map(): Expr {
    const { cursor } = this;
    const { at } = cursor.take();
    const entries: Entry[] = [];
    this.sequence('}', () => {
      const key = this.within(':', ',', '}');
      const colon = cursor.match(':', STARTERS);
      if (colon !== undefined) entries.push({ key, value: this.within(',', '}'), at: colon.at });
    });
    return { kind: 'map', entries, at };
  }

  /** Comma-separated pieces, a last comma allowed, up to the closing bracket. */
  private sequence(close: ']' | '}', piece: () => void): void {
    const { cursor } = this;
    if (!cursor.choose([...STARTERS, '?', ',', close])) {
      cursor.recover();
      return;
    }
    if (!cursor.is(',', close)) {
      do {
        const { token } = cursor;
        if (cursor.is('?')) {
          cursor.take();
          this.source.report(token.at, "unsupported syntax '?'");
        }
        piece();
      } while (cursor.is(',') && cursor.ahead(1).type !== close && cursor.take());
    }
    if (!cursor.choose([close, ','])) {
      cursor.recover();
      return;
    }
    if (cursor.is(',')) cursor.take();
    cursor.match(close, cursor.afterOperand());
  }

  private literal(): Expr {
    const { cursor } = this;
    const first = cursor.token;
    const sign = cursor.is('-') ? cursor.take() : undefined;
    if (!cursor.is(...(sign === undefined ? LITERALS : NUMBERS))) {
      cursor.noAlternative(first);
      return { kind: 'error', at: first.at };
    }
    const token = cursor.take();
    const { at } = first;
    const value = literalValue(token, sign !== undefined);
    if (typeof value === 'object' && value !== null && 'problem' in value) {
      this.source.report(at, value.problem);
      return { kind: 'error', at };
    }
    return { kind: 'literal', value, at };
  }
}

function literalValue(
  { type, text }: Token,
  negative: boolean,
): Value | { readonly problem: string } {
  switch (type) {
    case 'NUM_INT':
      return intLiteral(text, negative) ?? { problem: 'invalid int literal' };
    case 'NUM_UINT': {
      const value = uintLiteral(text);
      return value === undefined ? { problem: 'invalid uint literal' } : new Uint(value);
    }
    case 'NUM_FLOAT':
      return doubleLiteral(text, negative) ?? { problem: 'invalid double literal' };
    case 'STRING':
      return stringLiteral(text) ?? { problem: 'unable to unescape string' };
    case 'BYTES':
      return bytesLiteral(text);
    case 'null':
      return null;
    default:
      return type === 'true';
  }
}
