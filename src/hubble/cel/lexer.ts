// From code points to tokens, by CEL's grammar. What begins no token is reported and skipped the way ANTLR's lexers
// do it: up to and with the character that ended all hope.
import type { Source } from './issues.ts';

const SYMBOLS = [
  '==',
  '!=',
  'in',
  '<',
  '<=',
  '>=',
  '>',
  '&&',
  '||',
  '[',
  ']',
  '{',
  '}',
  '(',
  ')',
  '.',
  ',',
  '-',
  '!',
  '?',
  ':',
  '+',
  '*',
  '/',
  '%',
  'true',
  'false',
  'null',
] as const;
const NAMED = [
  'NUM_FLOAT',
  'NUM_INT',
  'NUM_UINT',
  'STRING',
  'BYTES',
  'IDENTIFIER',
  'ESC_IDENTIFIER',
] as const;

export type TokenType = (typeof SYMBOLS)[number] | (typeof NAMED)[number] | '<EOF>';

/** In the grammar's order, which is the order in which expected tokens are named. */
export const TOKEN_ORDER: readonly TokenType[] = ['<EOF>', ...SYMBOLS, ...NAMED];

const WORDS: ReadonlySet<string> = new Set(['in', 'true', 'false', 'null']);

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** In code points from the beginning. */
  readonly at: number;
  /** Its place among all tokens, white space and comments included; -1 for one that is only imagined. */
  readonly index: number;
}

const HEX = '[0-9a-fA-F]';
const ESCAPE = `\\\\(?:[abfnrtv"'\\\\?\`]|[xX]${HEX}{2}|u${HEX}{4}|U${HEX}{8}|[0-3][0-7]{2})`;
// Each alternative begins with a different character or fails at once, so none of these can backtrack badly.
const STRING_SOURCE = [
  `"""(?:${ESCAPE}|[^\\\\])*?"""`,
  `'''(?:${ESCAPE}|[^\\\\])*?'''`,
  `"(?:${ESCAPE}|[^\\\\"\\n\\r])*"`,
  `'(?:${ESCAPE}|[^\\\\'\\n\\r])*'`,
].join('|');
const RAW_SOURCE = [
  '[rR]"""[^]*?"""',
  "[rR]'''[^]*?'''",
  '[rR]"[^"\\n\\r]*"',
  "[rR]'[^'\\n\\r]*'",
].join('|');

const BLANK = /(?:[\t \r\n\f]+|\/\/[^\n]*)+/uy;
const RULES: readonly (readonly [TokenType | 'symbol', RegExp])[] = [
  ['NUM_FLOAT', /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/uy],
  ['NUM_UINT', /(?:0x[0-9a-fA-F]+|\d+)[uU]/uy],
  ['NUM_INT', /(?:0x[0-9a-fA-F]+|\d+)/uy],
  ['BYTES', new RegExp(`[bB](?:${RAW_SOURCE}|${STRING_SOURCE})`, 'uy')],
  ['STRING', new RegExp(`(?:${RAW_SOURCE}|${STRING_SOURCE})`, 'uy')],
  ['IDENTIFIER', /[A-Za-z_][A-Za-z0-9_]*/uy],
  ['ESC_IDENTIFIER', /`[-A-Za-z0-9_./ ]+`/uy],
  ['symbol', /(?:==|!=|<=|>=|&&|\|\||[<>[\]{}().,\-!?:+*/%])/uy],
];

/** Tokens to read one after another, and what stands between them. */
export class Tokens {
  index = 0;
  private readonly visible: readonly Token[];
  private readonly texts: readonly string[];

  /** `texts` are those of all tokens, blanks among them. */
  constructor(visible: readonly Token[], texts: readonly string[]) {
    this.visible = visible;
    this.texts = texts;
  }

  /** The present one. */
  get token(): Token {
    return this.ahead(0);
  }

  get before(): Token | undefined {
    return this.visible[this.index - 1];
  }

  ahead(count: number): Token {
    const token = this.visible[Math.min(this.index + count, this.visible.length - 1)];
    if (token === undefined) throw new RangeError('tokens end with <EOF>');
    return token;
  }

  type(count: number): TokenType {
    return this.ahead(count).type;
  }

  /** The present one, which is passed; at the end there is no passing. */
  take(): Token {
    const { token } = this;
    if (token.type !== '<EOF>') this.index++;
    return token;
  }

  /** All text from the present token to another, which is a part of it. */
  textTo(last: Token): string {
    return this.texts.slice(this.token.index, last.index + 1).join('');
  }
}

/** The whole of it, an `<EOF>` at the end. Problems are reported to the source. */
export function tokenize(source: Source, text: string): Tokens {
  const visible: Token[] = [];
  const texts: string[] = [];
  let index = 0;
  let at = 0;
  const skip = (piece: string) => {
    index += piece.length;
    at += [...piece].length;
  };
  while (index < text.length) {
    const blank = matchAt(BLANK, text, index);
    if (blank !== undefined) {
      texts.push(blank);
      skip(blank);
      continue;
    }
    const token = tokenAt(text, index, at, texts.length);
    if (token === undefined) {
      const wrong = hopeless(text, index);
      source.report(at, `Syntax error: token recognition error at: '${wrong}'`);
      skip(wrong);
      continue;
    }
    visible.push(token);
    texts.push(token.text);
    skip(token.text);
  }
  visible.push({ type: '<EOF>', text: '<EOF>', at, index: texts.length });
  return new Tokens(visible, texts);
}

function tokenAt(text: string, index: number, at: number, place: number): Token | undefined {
  for (const [rule, pattern] of RULES) {
    const found = matchAt(pattern, text, index);
    if (found === undefined) continue;
    if (rule === 'symbol' || (rule === 'IDENTIFIER' && WORDS.has(found)))
      // The pattern and the set hold nothing but types of tokens.
      return { type: found as TokenType, text: found, at, index: place };
    return { type: rule, text: found, at, index: place };
  }
  return undefined;
}

function matchAt(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}

const BROKEN_STRING = [
  new RegExp(`"(?:${ESCAPE}|[^\\\\"\\n\\r])*`, 'uy'),
  new RegExp(`'(?:${ESCAPE}|[^\\\\'\\n\\r])*`, 'uy'),
];
const BROKEN_NAME = /`[-A-Za-z0-9_./ ]*/uy;
const BROKEN_ESCAPE = /\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?/uy;

// What could still have become a token, and the character after it.
function hopeless(text: string, index: number): string {
  let end = index;
  for (const pattern of BROKEN_STRING) end += matchAt(pattern, text, index)?.length ?? 0;
  if (end > index) end += matchAt(BROKEN_ESCAPE, text, end)?.length ?? 0;
  else end += matchAt(BROKEN_NAME, text, index)?.length ?? 0;
  if (end === index && '=&|'.includes(text[index] ?? ' ')) end++;
  const last = text.codePointAt(end);
  return text.slice(index, end) + (last === undefined ? '' : String.fromCodePoint(last));
}

/** White space inside quoted input is shown by its escape. */
export function visibleSpace(text: string): string {
  return text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t');
}
