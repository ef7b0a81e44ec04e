// Parses label selectors as Hubble does: Cilium's `source:key` becomes `source.key`, a key without a source
// `any.key`, and the result goes through Kubernetes' grammar, whose errors are shown.
import { inputError, type ParallaxError } from '../../runtime/errors.ts';
import { quoted } from '../print/text.ts';
import { checkedKey, checkedValue } from './label-rules.ts';

export type WrittenOperator = 'exists' | 'absent' | 'in' | 'notIn' | 'gt' | 'lt';

export interface Written {
  /** `source.key`. */
  readonly key: string;
  readonly operator: WrittenOperator;
  readonly values: readonly string[];
}

/** The requirements of a selector, in its order. Throws `input/invalid`. */
export function readSelector(text: string): readonly Written[] {
  return new Reader(tokens(translated(text))).requirements();
}

/** White space of Unicode, as Go has it; not all of it ends a word of Kubernetes' grammar. */
const SPACE = '\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const BEFORE_KEY = new RegExp(`[${SPACE}!]*`, 'uy');
const KEY = new RegExp(`[^${SPACE}=!,]*`, 'uy');

function translated(text: string): string {
  let out = '';
  let at = 0;
  while (at < text.length) {
    BEFORE_KEY.lastIndex = at;
    const before = BEFORE_KEY.exec(text)?.[0] ?? '';
    KEY.lastIndex = at + before.length;
    const key = KEY.exec(text)?.[0] ?? '';
    const named = key.includes(':') ? key : `any:${key}`;
    const from = at + before.length + key.length;
    at = endOfRequirement(text, from);
    out += before + named.replace(':', '.') + text.slice(from, at);
  }
  return out;
}

/** After the next comma outside of brackets. */
function endOfRequirement(text: string, from: number): number {
  let nesting = 0;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '(') nesting++;
    else if (char === ')') nesting--;
    else if (char === ',' && nesting === 0) return at + 1;
  }
  return text.length;
}

type Kind =
  | 'word'
  | 'in'
  | 'notin'
  | 'end'
  | 'error'
  | '='
  | '=='
  | '!='
  | '!'
  | '('
  | ')'
  | ','
  | '<'
  | '>';

interface Token {
  readonly kind: Kind;
  readonly text: string;
}

const SYMBOLS: readonly Kind[] = ['=', '==', '!=', '!', '(', ')', ',', '<', '>'];
const BLANKS = /[ \t\r\n]*/y;
const SYMBOL_CHARS = /[=!(),<>]+/y;
const WORD = /[^ \t\r\n=!(),<>\0]*/y;

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  let at = 0;
  const piece = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const match = pattern.exec(text)?.[0] ?? '';
    at += match.length;
    return match;
  };
  for (;;) {
    piece(BLANKS);
    // A NUL ends it all, and is swallowed behind a word.
    if (at >= text.length || text[at] === '\0') break;
    const symbols = piece(SYMBOL_CHARS);
    if (symbols !== '') {
      const token = longestSymbol(symbols);
      at -= symbols.length - token.text.length;
      found.push(token);
      if (token.text.length === symbols.length && text[at] === '\0') at++;
      continue;
    }
    const word = piece(WORD);
    if (text[at] === '\0') at++;
    found.push({ kind: word === 'in' || word === 'notin' ? word : 'word', text: word });
  }
  found.push({ kind: 'end', text: '' });
  return found;
}

function longestSymbol(text: string): Token {
  const long = SYMBOLS.find((symbol) => symbol === text.slice(0, 2));
  const kind = long ?? SYMBOLS.find((symbol) => symbol === text[0]);
  if (kind === undefined) throw new TypeError('every such character is a symbol');
  return { kind, text: kind };
}

class Reader {
  private at = 0;
  private readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  requirements(): readonly Written[] {
    const all: Written[] = [];
    for (;;) {
      const first = this.peek();
      if (first.kind === 'end') return all;
      if (!isWord(first) && first.kind !== '!')
        throw inputError(`found '${first.text}', expected: !, identifier, or 'end of string'`);
      all.push(this.requirement());
      const token = this.next();
      if (token.kind === 'end') return all;
      if (token.kind !== ',')
        throw inputError(`found '${token.text}', expected: ',' or 'end of string'`);
      const after = this.peek();
      if (!isWord(after) && after.kind !== '!')
        throw inputError(`found '${after.text}', expected: identifier after ','`);
    }
  }

  private peek(): Token {
    return this.tokens[this.at] ?? END;
  }

  private next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  private requirement(): Written {
    const first = this.next();
    const negated = first.kind === '!';
    const name = negated ? this.next() : first;
    if (!isWord(name)) throw unparsable(`found '${name.text}', expected: identifier`);
    const key = name.text;
    const problem = checkedKey(key);
    if (problem !== '') throw unparsable(`<nil>: Invalid value: ${quoted(key)}: ${problem}`);
    const after = this.peek().kind;
    if (negated) return { key, operator: 'absent', values: [] };
    if (after === 'end' || after === ',') return { key, operator: 'exists', values: [] };
    const operator = this.next();
    switch (operator.kind) {
      case '=':
      case '==':
        return checkedRequirement(key, 'in', [this.value()]);
      case '!=':
        return checkedRequirement(key, 'notIn', [this.value()]);
      case '>':
        return checkedRequirement(key, 'gt', [this.value()]);
      case '<':
        return checkedRequirement(key, 'lt', [this.value()]);
      case 'in':
        return checkedRequirement(key, 'in', this.values());
      case 'notin':
        return checkedRequirement(key, 'notIn', this.values());
      default:
        throw unparsable(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
  }

  private value(): string {
    const { kind } = this.peek();
    if (kind === 'end' || kind === ',') return '';
    const token = this.next();
    if (!isWord(token)) throw unparsable(`found '${token.text}', expected: identifier`);
    return token.text;
  }

  /** A list in brackets, sorted and without doubles. */
  private values(): readonly string[] {
    const open = this.next();
    if (open.kind !== '(') throw unparsable(`found '${open.text}' expected: '('`);
    const first = this.peek();
    if (first.kind === ')') {
      this.next();
      return [''];
    }
    if (!isWord(first) && first.kind !== ',')
      throw unparsable(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = this.list();
    this.next();
    return [...values].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  /** Up to the closing bracket, which is left. Nothing between two commas is an empty value. */
  private list(): ReadonlySet<string> {
    const values = new Set<string>();
    for (;;) {
      const token = this.next();
      if (isWord(token)) {
        values.add(token.text);
        const after = this.peek();
        if (after.kind === ')') return values;
        if (after.kind !== ',') throw unparsable(`found '${after.text}', expected: ',' or ')'`);
      } else if (token.kind === ',') {
        if (values.size === 0) values.add('');
        const after = this.peek().kind;
        if (after === ')' || after === ',') values.add('');
        if (after === ')') return values;
      } else {
        throw unparsable(`found '${token.text}', expected: ',', or identifier`);
      }
    }
  }
}

const END: Token = { kind: 'end', text: '' };

/** Operator words are values where a value is expected. */
function isWord({ kind }: Token): boolean {
  return kind === 'word' || kind === 'in' || kind === 'notin';
}

function checkedRequirement(
  key: string,
  operator: WrittenOperator,
  values: readonly string[],
): Written {
  const problems = new Set<string>();
  values.forEach((value, index) => {
    if ((operator === 'gt' || operator === 'lt') && !isInt64(value))
      problems.add(
        `values[${index}]: Invalid value: ${quoted(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
  });
  values.forEach((value, index) => {
    const problem = checkedValue(value);
    if (problem !== '')
      problems.add(`values[${index}][${key}]: Invalid value: ${quoted(value)}: ${problem}`);
  });
  if (problems.size === 0) return { key, operator, values };
  const all = [...problems].join(', ');
  throw unparsable(problems.size === 1 ? all : `[${all}]`);
}

/** Whether Go's ParseInt takes the text as 64 bits. */
export function isInt64(text: string): boolean {
  if (!/^[-+]?[0-9]+$/.test(text)) return false;
  const value = BigInt(text.replace('+', ''));
  return value >= -(1n << 63n) && value < 1n << 63n;
}

function unparsable(why: string): ParallaxError {
  return inputError(`unable to parse requirement: ${why}`);
}
