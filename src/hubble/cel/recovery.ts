// Recovers from wrong tokens the way ANTLR's default strategy does, because cel-go's messages are made by it: a wrong
// token is deleted when the next one fits, a missing one is imagined when the present one fits after it, else tokens are
// skipped until something that a rule around waits for.
import { NOWHERE, type Source } from './issues.ts';
import { TOKEN_ORDER, type Token, type Tokens, type TokenType, visibleSpace } from './lexer.ts';
import type { State, States } from './states.ts';

/** Ends the parse at once; the source has the problem. */
export class GaveUp extends Error {}

/** Ends the present rule, with what to say about it. */
export class Mismatch extends Error {
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** Wrong tokens that are recovered from before the parse ends. */
const MAX_RECOVERIES = 30;
/** Tokens that one recovery may skip. */
const MAX_SKIPPED = 256;
const MAX_PROBLEMS = 100;

/** Where each rule around goes on, innermost last. */
export type Around = readonly State[];

export class Recovery {
  private recovering = false;
  private recoveries = 0;
  private problems = 0;
  /** Where the last recovery began, and in which states since the last token that fitted. */
  private lastIndex = -1;
  private lastStates = new Set<State>();
  private readonly source: Source;
  private readonly tokens: Tokens;
  private readonly states: States;

  constructor(source: Source, tokens: Tokens, states: States) {
    this.source = source;
    this.tokens = tokens;
    this.states = states;
  }

  /** A token fitted. */
  matched(): void {
    this.recovering = false;
    this.lastIndex = -1;
    this.lastStates = new Set();
  }

  /** Before a choice or a turn of a loop: makes sure that the present token can be meant. */
  sync(state: State, around: Around): void {
    if (this.recovering) return;
    const next = this.states.next(state);
    if (next.ends || next.tokens.has(this.tokens.type(0))) return;
    if (state.kind !== 'back') {
      if (!this.deleted(state, around)) throw this.mismatch(state, around);
      return;
    }
    this.unwanted(state, around);
    const wanted = new Set([...this.follow(state, around), ...this.awaited(around)]);
    this.skipTo(wanted);
  }

  /** In place of a token that is not there: the one behind it, or one that is imagined. */
  inline(type: TokenType, state: State, around: Around): Token {
    this.countRecovery();
    if (this.deleted(state, around)) return this.tokens.take();
    const { token } = this.tokens;
    if (!this.follow(this.states.after(state), around).has(token.type))
      throw this.mismatch(state, around);
    if (!this.recovering) {
      const wanted = list(this.follow(state, around));
      this.problem(`missing ${wanted} at ${shown(token)}`, token.at);
    }
    const { at } = token.type === '<EOF>' ? (this.tokens.before ?? token) : token;
    return { type, text: `<missing ${type}>`, at, index: -1 };
  }

  /** No alternative fits what begins at the present token; `wrong` is the token that shows it. */
  noAlternative(wrong: Token): Mismatch {
    const input = this.tokens.token.type === '<EOF>' ? '<EOF>' : this.tokens.textTo(wrong);
    const visible = visibleSpace(input);
    const reserved = /^.(true|false|null)$/u.exec(visible)?.[1];
    const text =
      reserved === undefined
        ? `no viable alternative at input '${visible}'`
        : `mismatched input '${reserved}' expecting IDENTIFIER`;
    return new Mismatch(text, wrong.at);
  }

  /** At the end of a rule that could not be read: says why and skips to what can go on. */
  recover(problem: Mismatch, state: State, around: Around): void {
    if (!this.recovering) this.problem(problem.message, problem.at);
    this.countRecovery();
    const { index } = this.tokens;
    let skipped = 0;
    if (this.lastIndex === index && this.lastStates.has(state)) {
      // The same place again: one token at least must go.
      skipped++;
      this.tokens.take();
    }
    this.lastIndex = this.tokens.index;
    this.lastStates.add(state);
    this.skipTo(this.awaited(around), skipped);
  }

  private skipTo(wanted: ReadonlySet<TokenType>, before = -Infinity): void {
    let skipped = before;
    while (this.tokens.type(0) !== '<EOF>' && !wanted.has(this.tokens.type(0))) {
      if (++skipped > MAX_SKIPPED)
        this.giveUp(`error recovery token lookahead limit exceeded: ${MAX_SKIPPED}`, NOWHERE);
      this.tokens.take();
    }
  }

  private mismatch(state: State, around: Around): Mismatch {
    const { token } = this.tokens;
    const wanted = list(this.follow(state, around));
    return new Mismatch(`mismatched input ${shown(token)} expecting ${wanted}`, token.at);
  }

  /** When the next token is wanted, the present one is left out. */
  private deleted(state: State, around: Around): boolean {
    if (!this.follow(state, around).has(this.tokens.type(1))) return false;
    this.unwanted(state, around);
    this.tokens.take();
    this.matched();
    return true;
  }

  private unwanted(state: State, around: Around): void {
    if (this.recovering) return;
    const { token } = this.tokens;
    const wanted = list(this.follow(state, around));
    this.problem(`extraneous input ${shown(token)} expecting ${wanted}`, token.at);
  }

  /** What may come in a state, rules around included as far as this one may end. */
  private follow(state: State, around: Around): ReadonlySet<TokenType> {
    let next = this.states.next(state);
    if (!next.ends) return next.tokens;
    const tokens = new Set(next.tokens);
    for (let level = around.length - 1; next.ends && level >= 0; level--) {
      const outer = around[level];
      if (outer === undefined) break;
      next = this.states.next(outer);
      for (const type of next.tokens) tokens.add(type);
    }
    if (next.ends) tokens.add('<EOF>');
    return tokens;
  }

  /** What any of the rules around waits for. */
  private awaited(around: Around): ReadonlySet<TokenType> {
    return new Set(around.flatMap((state) => [...this.states.next(state).tokens]));
  }

  private countRecovery(): void {
    if (this.recoveries === MAX_RECOVERIES) {
      const text = `error recovery attempt limit exceeded: ${MAX_RECOVERIES}`;
      this.giveUp(`Syntax error: ${text}`, this.tokens.token.at);
    }
    this.recoveries++;
  }

  private problem(message: string, at: number): void {
    this.recovering = true;
    if (++this.problems > MAX_PROBLEMS)
      this.giveUp(`Syntax error: More than ${MAX_PROBLEMS} syntax errors`, at);
    this.source.report(at, `Syntax error: ${message}`);
  }

  private giveUp(message: string, at: number): never {
    this.source.report(at, message);
    throw new GaveUp(message);
  }
}

function shown(token: Token): string {
  return `'${visibleSpace(token.text)}'`;
}

function quoted(type: TokenType): string {
  return /^[A-Z<]/.test(type) ? type : `'${type}'`;
}

function list(types: ReadonlySet<TokenType>): string {
  const names = TOKEN_ORDER.filter((type) => types.has(type)).map(quoted);
  return names.length === 1 ? names.join('') : `{${names.join(', ')}}`;
}
