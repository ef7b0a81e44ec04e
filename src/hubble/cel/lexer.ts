const SYMBOLS = [
  ...(['==', '!=', '<=', '>=', '&&', '||', '<', '>', '[', ']', '{', '}', '(', ')'] as const),
  ...(['.', ',', '-', '!', '?', ':', '+', '*', '/', '%'] as const),
] as const;
const WORDS = ['in', 'true', 'false', 'null'] as const;

type Symbol = (typeof SYMBOLS)[number] | (typeof WORDS)[number];
type Named = 'double' | 'int' | 'uint' | 'string' | 'bytes' | 'name' | 'escaped name';

export type TokenType = Symbol | Named | 'end';

export interface Token {
  readonly type: TokenType;
  readonly text: string;
  /** In code points from the beginning. */
  readonly at: number;
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
const NAMED: readonly (readonly [Named, RegExp])[] = [
  ['double', /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/uy],
  ['uint', /(?:0x[0-9a-fA-F]+|\d+)[uU]/uy],
  ['int', /(?:0x[0-9a-fA-F]+|\d+)/uy],
  ['bytes', new RegExp(`[bB](?:${RAW_SOURCE}|${STRING_SOURCE})`, 'uy')],
  ['string', new RegExp(`(?:${RAW_SOURCE}|${STRING_SOURCE})`, 'uy')],
  ['name', /[A-Za-z_][A-Za-z0-9_]*/uy],
  ['escaped name', /`[-A-Za-z0-9_./ ]+`/uy],
];

/** Operators by their first half, for the message. */
const HALVES: Readonly<Record<string, string>> = { '=': '==', '&': '&&', '|': '||' };

/** The tokens, an `end` last. `wrong` ends it where no token begins. */
export function tokenize(text: string, wrong: (at: number, message: string) => never): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (let index = 0; index < text.length; ) {
    const blank = matchAt(BLANK, text, index);
    const token = blank === undefined ? tokenAt(text, index, at) : undefined;
    const piece = blank ?? token?.text;
    if (piece === undefined) return wrong(at, notRead(text, index));
    if (token !== undefined) tokens.push(token);
    index += piece.length;
    at += [...piece].length;
  }
  tokens.push({ type: 'end', text: '', at });
  return tokens;
}

function tokenAt(text: string, index: number, at: number): Token | undefined {
  for (const [type, pattern] of NAMED) {
    const found = matchAt(pattern, text, index);
    if (found === undefined) continue;
    return { type: WORDS.find((word) => word === found) ?? type, text: found, at };
  }
  const symbol = SYMBOLS.find((each) => text.startsWith(each, index));
  return symbol && { type: symbol, text: symbol, at };
}

function matchAt(pattern: RegExp, text: string, index: number): string | undefined {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0];
}

function notRead(text: string, index: number): string {
  const char = String.fromCodePoint(text.codePointAt(index) ?? 0);
  if (char === '"' || char === "'") return 'a string without an end or with a wrong escape';
  const whole = HALVES[char];
  return `unexpected character '${char}'${whole === undefined ? '' : `, the operator is '${whole}'`}`;
}
