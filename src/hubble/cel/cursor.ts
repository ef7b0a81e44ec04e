// Walks tokens and recovers from wrong ones the way ANTLR's default strategy does, because cel-go's messages are made
// by it: a wrong token is deleted when the next one fits, a missing one is imagined when the present one fits after it,
// else tokens are skipped until something that an enclosing rule waits for.
import { NOWHERE, type Source } from './issues.ts';
import { TOKEN_ORDER, type Token, type TokenType, visibleSpace } from './lexer.ts';
import { MAX_DEPTH } from './limits.ts';

export type TokenSet = ReadonlySet<TokenType>;

/** Ends the parse at once; the source has the problem. */
export class GaveUp extends Error {}

/** Wrong tokens that are recovered from before the parse ends. */
const MAX_RECOVERIES = 30;

export const STARTERS: readonly TokenType[] = [
  ...(['[', '{', '(', '.', '-', '!', 'true', 'false', 'null'] as const),
  ...(['NUM_FLOAT', 'NUM_INT', 'NUM_UINT', 'STRING', 'BYTES', 'IDENTIFIER'] as const),
];
export const RELATIONS: TokenSet = new Set(['==', '!=', 'in', '<', '<=', '>=', '>'] as const);
export const PRODUCTS: TokenSet = new Set(['*', '/', '%'] as const);
export const SUMS: TokenSet = new Set(['+', '-'] as const);
const AFTER_OPERAND: readonly TokenType[] = [...RELATIONS, '&&', '||', ...PRODUCTS, ...SUMS];

export class Cursor {
  private index = 0;
  private recovering = false;
  private recoveries = 0;
  /** What enclosing rules wait for, innermost last. */
  private readonly awaited: (readonly TokenType[])[] = [];
  private readonly depths = new Map<string, number>();
  private readonly source: Source;
  private readonly tokens: readonly Token[];

  constructor(source: Source, tokens: readonly Token[]) {
    this.source = source;
    this.tokens = tokens;
  }

  get token(): Token {
    return this.ahead(0);
  }

  ahead(count: number): Token {
    const token = this.tokens[Math.min(this.index + count, this.tokens.length - 1)];
    if (token === undefined) throw new RangeError('tokens end with <EOF>');
    return token;
  }

  is(...types: readonly TokenType[]): boolean {
    return types.includes(this.token.type);
  }

  isIn(set: TokenSet): boolean {
    return set.has(this.token.type);
  }

  take(): Token {
    const { token } = this;
    this.index++;
    this.recovering = false;
    return token;
  }

  /** Runs a rule of which `tokens` are awaited behind. */
  within<T>(tokens: readonly TokenType[], rule: () => T): T {
    this.awaited.push(tokens);
    const result = rule();
    this.awaited.pop();
    return result;
  }

  /** Counts a rule as one deeper, until `leave`. */
  enter(rule: string): void {
    const depth = (this.depths.get(rule) ?? 0) + 1;
    if (depth > MAX_DEPTH)
      this.giveUp(`expression recursion limit exceeded: ${MAX_DEPTH}`, NOWHERE);
    this.depths.set(rule, depth);
  }

  leave(rule: string, levels = 1): void {
    this.depths.set(rule, (this.depths.get(rule) ?? 0) - levels);
  }

  /** What may stand right after an operand here. */
  afterOperand(): readonly TokenType[] {
    const closers = this.awaited.at(-1) ?? [];
    return ['.', '[', '?', ...AFTER_OPERAND, ...closers];
  }

  /** Before a choice: true when the present token, or after a deletion the next one, is one of `expected`. */
  choose(expected: readonly TokenType[]): boolean {
    if (this.is(...expected)) return true;
    if (this.recovering) return false;
    if (this.deleted(expected)) return true;
    this.problem(`mismatched input ${shown(this.token)} expecting ${list(expected)}`);
    return false;
  }

  /** After a repeated sign: skips what is not wanted; true when something wanted is there then. */
  wants(expected: readonly TokenType[]): boolean {
    if (this.is(...expected)) return true;
    this.problem(`extraneous input ${shown(this.token)} expecting ${list(expected)}`);
    this.recover(expected);
    return this.is(...expected);
  }

  /** Takes a token of the type, real or imagined when one of `after` is there; undefined after a mismatch. */
  match(type: TokenType, after: readonly TokenType[]): Token | undefined {
    if (this.is(type)) return this.take();
    if (this.deleted([type])) return this.take();
    if (this.is(...after)) {
      this.problem(`missing ${list([type])} at ${shown(this.token)}`);
      return { type, text: `<missing ${type}>`, at: this.token.at };
    }
    this.problem(`mismatched input ${shown(this.token)} expecting ${list([type])}`);
    this.recover();
    return undefined;
  }

  /** No rule fits what begins at `from`. */
  noAlternative(from: Token): void {
    const { token } = this;
    const input = this.source.slice(
      from.at,
      token.at + (token.type === '<EOF>' ? 0 : length(token)),
    );
    const reserved = /^\.(true|false|null)$/.exec(input)?.[1];
    this.problem(
      reserved === undefined
        ? `no viable alternative at input '${visibleSpace(input)}'`
        : `mismatched input '${reserved}' expecting IDENTIFIER`,
    );
    this.recover();
  }

  /** Skips to what an enclosing rule, or a chain of operands, can go on with. */
  recover(more: readonly TokenType[] = []): void {
    const wanted = new Set<TokenType>([...AFTER_OPERAND, '?', ...this.awaited.flat(), ...more]);
    while (!this.is('<EOF>') && !this.isIn(wanted)) this.index++;
  }

  private deleted(expected: readonly TokenType[]): boolean {
    if (!expected.includes(this.ahead(1).type) || this.is('<EOF>')) return false;
    this.problem(`extraneous input ${shown(this.token)} expecting ${list(expected)}`);
    this.index++;
    this.recovering = false;
    return true;
  }

  private problem(message: string): void {
    if (this.recovering) return;
    if (++this.recoveries > MAX_RECOVERIES)
      this.giveUp(
        `Syntax error: error recovery attempt limit exceeded: ${MAX_RECOVERIES}`,
        this.token.at,
      );
    this.recovering = true;
    this.source.report(this.token.at, `Syntax error: ${message}`);
  }

  private giveUp(message: string, at: number): never {
    this.source.report(at, message);
    throw new GaveUp(message);
  }
}

function length(token: Token): number {
  return [...token.text].length;
}

function shown(token: Token): string {
  return token.type === '<EOF>' ? "'<EOF>'" : `'${visibleSpace(token.text)}'`;
}

const NAMED = /^[A-Z<]/;

function list(types: readonly TokenType[]): string {
  const names = TOKEN_ORDER.filter((type) => types.includes(type)).map((type) =>
    NAMED.test(type) ? type : `'${type}'`,
  );
  return names.length === 1 ? names.join('') : `{${names.join(', ')}}`;
}
