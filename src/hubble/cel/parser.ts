// Pratt parser. Syntax stops at the first error; what the grammar takes and the language does not (reserved names,
// literals out of range) is collected.
import type { Entry, Expr, FieldInit } from './ast.ts';
import { NOWHERE, type Source } from './issues.ts';
import { type Token, type TokenType, tokenize } from './lexer.ts';
import { MAX_DEPTH, MAX_EXPRESSION } from './limits.ts';
import { bytesLiteral, doubleLiteral, intLiteral, stringLiteral, uintLiteral } from './literals.ts';
import { globalMacro, memberMacro } from './macros.ts';
import { Uint } from './values.ts';

const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

/** How tightly a binary operator binds; `&&`, `||` and `?:` bind less than any of them. */
const PRECEDENCE: Readonly<Partial<Record<TokenType, number>>> = {
  ...{ '==': 1, '!=': 1, '<': 1, '<=': 1, '>': 1, '>=': 1, in: 1 },
  ...{ '+': 2, '-': 2, '*': 3, '/': 3, '%': 3 },
};

/** Ends the parse; the source has the problem. */
class Stop extends Error {}

/** Parses. Problems are reported to the source; the result is of use only without any. */
export function parse(source: Source, text: string): Expr {
  const { length } = source.points;
  try {
    if (length <= MAX_EXPRESSION) return new Parser(source, text).whole();
    source.report(
      NOWHERE,
      `expression code point size exceeds limit: size: ${length}, limit ${MAX_EXPRESSION}`,
    );
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  return { kind: 'error', at: 0 };
}

class Parser {
  private readonly source: Source;
  private readonly tokens: readonly Token[];
  private index = 0;
  /** Expressions within expressions. */
  private nesting = 0;
  /** Operators above operators, by node: chains of them nest to the left without end. */
  private readonly heights = new Map<Expr, number>();
  /** Within a part that is left out for a problem of its own. */
  private muted = 0;

  constructor(source: Source, text: string) {
    this.source = source;
    this.tokens = tokenize(text, (at, message) => this.syntax(at, message));
  }

  whole(): Expr {
    const expr = this.expression();
    if (this.token.type !== 'end') this.expected('an operator or the end');
    return expr;
  }

  private get token(): Token {
    return this.ahead(0);
  }

  private ahead(count: number): Token {
    const token = this.tokens[Math.min(this.index + count, this.tokens.length - 1)];
    if (token === undefined) throw new RangeError('there is always an end token');
    return token;
  }

  /** The present token when it is of the type; it is then passed. */
  private take(type: TokenType): Token | undefined {
    const { token } = this;
    if (token.type !== type) return undefined;
    this.index++;
    return token;
  }

  private need(type: TokenType, name = `'${type}'`): Token {
    return this.take(type) ?? this.expected(name);
  }

  private expected(what: string): never {
    const { at, text, type } = this.token;
    const found = type === 'end' ? 'the end' : `'${text.replace(/\s+/g, ' ')}'`;
    return this.syntax(at, `found ${found}, expected ${what}`);
  }

  private syntax(at: number, message: string): never {
    return this.stop(at, `Syntax error: ${message}`);
  }

  private stop(at: number, message: string): never {
    this.source.report(at, message);
    throw new Stop(message);
  }

  private readonly problem = (at: number, message: string): Expr => {
    if (this.muted === 0) this.source.report(at, message);
    return { kind: 'error', at };
  };

  /** Reads a part whose problems do not matter. */
  private unheeded(part: () => unknown): void {
    this.muted++;
    part();
    this.muted--;
  }

  /** Notes the height of a node: `operators` more than that of its parts. */
  private made<T extends Expr>(expr: T, parts: readonly Expr[], operators: 0 | 1): T {
    const height = operators + Math.max(0, ...parts.map((part) => this.heights.get(part) ?? 0));
    if (height > MAX_DEPTH) this.stop(NOWHERE, 'max recursion depth exceeded');
    this.heights.set(expr, height);
    return expr;
  }

  private expression(): Expr {
    if (++this.nesting > MAX_DEPTH)
      this.stop(NOWHERE, `expression recursion limit exceeded: ${MAX_DEPTH}`);
    const condition = this.logic('||');
    const question = this.take('?');
    const expr = question === undefined ? condition : this.conditional(condition, question.at);
    this.nesting--;
    return expr;
  }

  private conditional(condition: Expr, at: number): Expr {
    const yes = this.logic('||');
    this.need(':');
    const args = [condition, yes, this.expression()];
    return this.made({ kind: 'call', name: '_?_:_', args, at }, args, 1);
  }

  private logic(operator: '&&' | '||'): Expr {
    const next = () => (operator === '||' ? this.logic('&&') : this.binary(1));
    const terms = [next()];
    const signs: Token[] = [];
    for (let sign = this.take(operator); sign !== undefined; sign = this.take(operator)) {
      signs.push(sign);
      terms.push(next());
    }
    const [first] = terms;
    // cel-go makes a balanced tree of the terms, with the middle sign at its top.
    const at = signs[Math.floor(signs.length / 2)]?.at;
    if (at === undefined && first !== undefined) return first;
    const name = operator === '||' ? '_||_' : '_&&_';
    return this.made({ kind: 'logic', name, terms, at: at ?? 0 }, terms, 0);
  }

  private binary(least: number): Expr {
    let left = this.unary();
    for (;;) {
      const { type, at } = this.token;
      const precedence = PRECEDENCE[type];
      if (precedence === undefined || precedence < least) return left;
      this.index++;
      const args = [left, this.binary(precedence + 1)];
      const name = type === 'in' ? '@in' : `_${type}_`;
      left = this.made({ kind: 'call', name, args, at }, args, 1);
    }
  }

  private unary(): Expr {
    const { type, at } = this.token;
    // A minus belongs to the number behind it, unless another one stands before it.
    const isSign = type === '!' || (type === '-' && !this.isNumber(1));
    if (!isSign) return this.member();
    let count = 0;
    while (this.take(type) !== undefined) count++;
    const operand = this.member();
    if (count % 2 === 0) return operand;
    return this.made({ kind: 'call', name: `${type}_`, args: [operand], at }, [operand], 0);
  }

  private isNumber(ahead: number): boolean {
    const { type } = this.ahead(ahead);
    return type === 'int' || type === 'double';
  }

  private member(): Expr {
    let expr = this.primary();
    for (;;) {
      const dot = this.take('.');
      const bracket = dot === undefined ? this.take('[') : undefined;
      if (dot !== undefined) expr = this.selected(expr, dot.at);
      else if (bracket !== undefined) expr = this.indexed(expr, bracket.at);
      else return expr;
    }
  }

  private selected(operand: Expr, at: number): Expr {
    if (this.token.type === 'name' && this.ahead(1).type === '(') {
      const { text } = this.need('name');
      const open = this.need('(').at;
      const args = this.args();
      const expr = memberMacro(text, operand, args, open, this.problem) ?? {
        kind: 'call',
        name: text,
        target: operand,
        args,
        at: open,
      };
      return this.made(expr, [operand, ...args], 1);
    }
    const optional = this.take('?');
    const field = this.fieldName(this.token.at) ?? '';
    if (optional !== undefined) return this.problem(at, "unsupported syntax '.?'");
    return this.made({ kind: 'select', operand, field, test: false, at }, [operand], 1);
  }

  /** Names between backticks are in the grammar, but not in the language. */
  private fieldName(at: number): string | undefined {
    if (this.take('escaped name') === undefined) return this.need('name', 'a name').text;
    this.problem(at, "unsupported syntax: '`'");
    return undefined;
  }

  private indexed(target: Expr, at: number): Expr {
    const optional = this.take('?');
    const args = [target, this.expression()];
    this.need(']');
    if (optional !== undefined) return this.problem(at, "unsupported syntax '[?'");
    return this.made({ kind: 'call', name: '_[_]', args, at }, args, 1);
  }

  private args(): readonly Expr[] {
    const args: Expr[] = [];
    if (this.take(')') !== undefined) return args;
    do args.push(this.expression());
    while (this.take(',') !== undefined);
    if (this.take(')') === undefined) this.expected("',' or ')'");
    return args;
  }

  private primary(): Expr {
    const { token } = this;
    switch (token.type) {
      case '(': {
        this.index++;
        const expr = this.expression();
        this.need(')');
        return expr;
      }
      case '[':
        return this.list(token.at);
      case '{':
        return this.map(token.at);
      case '.':
      case 'name':
        return this.isMessage() ? this.message() : this.named();
      default:
        return this.literal();
    }
  }

  /** `a.b.c {` is a message, `a.b.c` a name and selections of it. */
  private isMessage(): boolean {
    let at = this.token.type === '.' ? 2 : 1;
    while (this.ahead(at).type === '.' && this.ahead(at + 1).type === 'name') at += 2;
    return this.ahead(at).type === '{';
  }

  private named(): Expr {
    const first = this.token.at;
    const dot = this.take('.')?.text ?? '';
    const { text, at } = this.need('name', 'a name');
    const open = this.take('(')?.at;
    if (RESERVED.has(text)) {
      if (open !== undefined) this.unheeded(() => this.args());
      return this.problem(first, `reserved identifier: ${text}`);
    }
    const name = dot + text;
    if (open === undefined) return { kind: 'ident', name, at };
    const args = this.args();
    const macro = globalMacro(name, args, open, this.problem);
    return this.made(macro ?? { kind: 'call', name, args, at: open }, args, 0);
  }

  /** Items between brackets, separated and perhaps ended by commas. */
  private items(close: ']' | '}', item: () => void): void {
    this.index++;
    if (this.token.type !== ',' && this.token.type !== close) {
      do item();
      while (this.take(',') !== undefined && this.token.type !== close);
    } else {
      this.take(',');
    }
    if (this.take(close) === undefined) this.expected(`',' or '${close}'`);
  }

  private list(at: number): Expr {
    const elements: Expr[] = [];
    this.items(']', () => {
      const optional = this.take('?');
      elements.push(this.expression());
      if (optional !== undefined) this.problem(optional.at, "unsupported syntax '?'");
    });
    return this.made({ kind: 'list', elements, at }, elements, 0);
  }

  private map(at: number): Expr {
    const entries: Entry[] = [];
    this.items('}', () => {
      const optional = this.take('?');
      const entry = () => {
        const key = this.expression();
        const colon = this.need(':');
        entries.push({ key, value: this.expression(), at: colon.at });
      };
      if (optional === undefined) return entry();
      this.problem(optional.at, "unsupported syntax '?'");
      this.unheeded(entry);
    });
    const parts = entries.flatMap(({ key, value }) => [key, value]);
    return this.made({ kind: 'map', entries, at }, parts, 0);
  }

  private message(): Expr {
    let type = '';
    while (this.token.type !== '{') type += this.take('.')?.text ?? this.need('name').text;
    const { at } = this.token;
    const first = this.ahead(1).at;
    const fields: FieldInit[] = [];
    this.items('}', () => {
      const optional = this.take('?');
      const field = () => {
        const name = this.fieldName(first);
        const colon = this.need(':');
        if (name === undefined) this.unheeded(() => this.expression());
        else fields.push({ name, value: this.expression(), at: colon.at });
      };
      if (optional === undefined) return field();
      this.problem(optional.at, "unsupported syntax '?'");
      this.unheeded(field);
    });
    const parts = fields.map(({ value }) => value);
    return this.made({ kind: 'struct', type, fields, at }, parts, 0);
  }

  private literal(): Expr {
    const { at } = this.token;
    const negative = this.token.type === '-' && this.isNumber(1);
    if (negative) this.index++;
    const { type, text } = this.token;
    const value = (given: Uint | bigint | number | string | Uint8Array | undefined, why: string) =>
      given === undefined
        ? this.problem(at, why)
        : ({ kind: 'literal', value: given, at } as const);
    this.index++;
    switch (type) {
      case 'int':
        return value(intLiteral(text, negative), 'invalid int literal');
      case 'uint': {
        const whole = uintLiteral(text);
        return value(whole === undefined ? whole : new Uint(whole), 'invalid uint literal');
      }
      case 'double':
        return value(doubleLiteral(text, negative), 'invalid double literal');
      case 'string':
        return value(stringLiteral(text), 'invalid unicode code point');
      case 'bytes':
        return value(bytesLiteral(text), 'unable to unescape string');
      case 'null':
        return { kind: 'literal', value: null, at };
      case 'true':
      case 'false':
        return { kind: 'literal', value: type === 'true', at };
      default:
        this.index--;
        return this.expected('an expression');
    }
  }
}
