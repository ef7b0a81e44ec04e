// JSON tokens as Go's protojson reads them, with its positions and error texts: Hubble shows them, and skips lines
// that a lenient reader would take. Bytes that are not UTF-8 come as byte-text.ts keeps them.
import { quoted, quotedRune } from '../print/text.ts';
import { bytesOfText, strayByte, textOfBytes } from './byte-text.ts';

export type TokenKind =
  | 'end'
  | 'null'
  | 'bool'
  | 'number'
  | 'string'
  | 'name'
  | '{'
  | '}'
  | '['
  | ']'
  | ',';

export interface Token {
  readonly kind: TokenKind;
  readonly start: number;
  readonly end: number;
}

/** Why a text is refused, in protojson's words. */
export class ProtojsonError extends Error {}

// As lax as protojson: an exponent may lack its digits when anything follows.
const NUMBER =
  /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE](?=[\s\S])(?:[-+](?=[\s\S]))?\d*)?(?![-+._a-zA-Z0-9])/y;
const KEYWORD = /(?:null|true|false)(?![-+._a-zA-Z0-9])/y;
const WRONG = /[-+._a-zA-Z0-9]{1,32}|[\s\S]/uy;
const SCALARS: ReadonlySet<TokenKind | undefined> = new Set(['null', 'bool', 'number', 'string']);

export class Tokens {
  readonly text: string;
  private at = 0;
  private open: ('{' | '[')[] = [];
  private last: TokenKind | undefined;
  private peeked: Token | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** The same tokens from here on; one that was peeked at is still to come. */
  clone(): Tokens {
    const copy = new Tokens(this.text);
    copy.at = this.at;
    copy.open = [...this.open];
    copy.last = this.last;
    copy.peeked = this.peeked;
    return copy;
  }

  /** The next token without its comma; names come with their colon read. */
  read(): Token {
    const { peeked } = this;
    if (peeked !== undefined) {
      this.peeked = undefined;
      return peeked;
    }
    for (;;) {
      const token = this.checked(this.scan());
      this.last = token.kind;
      if (token.kind !== ',') return token;
    }
  }

  peek(): Token {
    this.peeked ??= this.read();
    return this.peeked;
  }

  /** Passes over one value, whatever it is, in which brackets stand no deeper than `limit`. */
  skip(limit: number): void {
    let depth = 0;
    do {
      const { kind } = this.read();
      if (kind === 'end') throw unexpectedEnd();
      if (kind === '{' || kind === '[') {
        if (++depth > limit) throw tooDeep();
      } else if (kind === '}' || kind === ']') depth--;
    } while (depth > 0);
  }

  raw({ start, end }: Token): string {
    return this.text.slice(start, end);
  }

  /** The text a string or name stands for. */
  value(token: Token): string {
    const raw = this.raw(token);
    return raw.includes('\\') ? JSON.parse(raw) : raw.slice(1, -1);
  }

  error(at: number, what: string): ProtojsonError {
    return new ProtojsonError(`proto: (${this.place(at)}): ${what}`);
  }

  unexpected(token: Token): ProtojsonError {
    return this.syntax(token.start, `unexpected token ${this.raw(token)}`);
  }

  private syntax(at: number, what: string): ProtojsonError {
    return new ProtojsonError(`proto: syntax error (${this.place(at)}): ${what}`);
  }

  private place(at: number): string {
    const lines = this.text.slice(0, at).split('\n');
    return `line ${lines.length}:${[...(lines.at(-1) ?? '')].length + 1}`;
  }

  private scan(): Token {
    const { text } = this;
    this.passSpace();
    const start = this.at;
    const char = text[start];
    switch (char) {
      case undefined:
        return { kind: 'end', start, end: start };
      case '{':
      case '}':
      case '[':
      case ']':
      case ',':
        return { kind: char, start, end: ++this.at };
      case '"':
        this.at = this.endOfString(start);
        return { kind: 'string', start, end: this.at };
      default:
    }
    const keyword = char === 't' || char === 'f' || char === 'n';
    const pattern = keyword ? KEYWORD : NUMBER;
    pattern.lastIndex = start;
    if (pattern.test(text)) {
      this.at = pattern.lastIndex;
      return { kind: char === 'n' ? 'null' : keyword ? 'bool' : 'number', start, end: this.at };
    }
    WRONG.lastIndex = start;
    throw this.syntax(start, `invalid value ${WRONG.exec(text)?.[0] ?? ''}`);
  }

  private passSpace(): void {
    for (let code = this.text.charCodeAt(this.at); code <= 0x20; ) {
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      code = this.text.charCodeAt(++this.at);
    }
  }

  /** Errors within a string are reported at its beginning. */
  private endOfString(start: number): number {
    const { text } = this;
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) return at + 1;
      if (code >= 0x20 && code < 0xdc80 && code !== 0x5c) continue;
      if (code < 0x20) throw this.syntax(start, `invalid character ${quotedRune(code)} in string`);
      if (strayByte(code) !== undefined && !isLow(text, at))
        throw this.syntax(start, 'invalid UTF-8 in string');
      if (code === 0x5c) at = this.endOfEscape(start, at) - 1;
    }
    throw unexpectedEnd();
  }

  private endOfEscape(start: number, at: number): number {
    const { text } = this;
    const letter = text[at + 1];
    if (letter === undefined) throw unexpectedEnd();
    const refuse = (from: number, bytes: number) =>
      this.syntax(start, `invalid escape code ${quoted(firstBytes(text, from, bytes))} in string`);
    if (letter !== 'u') {
      if ('"\\/bfnrt'.includes(letter)) return at + 2;
      throw refuse(at, 2);
    }
    if (!hasBytes(text, at, 6)) throw unexpectedEnd();
    const first = hex(text.slice(at + 2, at + 6));
    if (first < 0) throw refuse(at, 6);
    if (first < 0xd800 || first > 0xdfff) return at + 6;
    const pair = at + 6;
    if (!hasBytes(text, pair, 6)) throw unexpectedEnd();
    const second = hex(text.slice(pair + 2, pair + 6));
    const paired = text.startsWith('\\u', pair) && second >= 0xdc00 && second <= 0xdfff;
    if (first >= 0xdc00 || !paired) throw refuse(pair, 6);
    return pair + 6;
  }

  /** Refuses a token that may not stand where it stands; a string before a colon becomes a name. */
  private checked(token: Token): Token {
    const top = this.open.at(-1);
    switch (token.kind) {
      case 'end':
        if (top !== undefined) throw unexpectedEnd();
        return token;
      case 'string':
        if (this.wantsValue(top)) return token;
        if (this.last !== '{' && this.last !== ',') throw this.unexpected(token);
        return this.named(token);
      case '{':
      case '[':
        if (!this.wantsValue(top)) throw this.unexpected(token);
        this.open.push(token.kind);
        return token;
      case '}':
      case ']':
        if (top !== (token.kind === '}' ? '{' : '[') || this.last === 'name' || this.last === ',')
          throw this.unexpected(token);
        this.open.pop();
        return token;
      case ',':
        if (
          top === undefined ||
          !(SCALARS.has(this.last) || this.last === '}' || this.last === ']')
        )
          throw this.unexpected(token);
        return token;
      default:
        if (!this.wantsValue(top)) throw this.unexpected(token);
        return token;
    }
  }

  private wantsValue(top: '{' | '[' | undefined): boolean {
    if (top === undefined) return this.last === undefined;
    if (top === '{') return this.last === 'name';
    return this.last === '[' || this.last === ',';
  }

  private named(token: Token): Token {
    this.passSpace();
    const char = this.text[this.at];
    if (char === undefined) throw unexpectedEnd();
    if (char !== ':') {
      const [byte = 0] = firstBytesOf(this.text, this.at, 1);
      const shown = String.fromCharCode(byte);
      throw this.syntax(this.at, `unexpected character ${shown}, missing ":" after field name`);
    }
    this.at++;
    return { ...token, kind: 'name' };
  }
}

export function tooDeep(): ProtojsonError {
  return new ProtojsonError('proto: exceeded max recursion depth');
}

function unexpectedEnd(): ProtojsonError {
  return new ProtojsonError('proto: unexpected EOF');
}

/** Whether the unit at `at` ends a surrogate pair. */
function isLow(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before < 0xdc00;
}

function hex(digits: string): number {
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

function hasBytes(text: string, from: number, count: number): boolean {
  return firstBytesOf(text, from, count).length === count;
}

function firstBytes(text: string, from: number, count: number): string {
  return textOfBytes(firstBytesOf(text, from, count));
}

function firstBytesOf(text: string, from: number, count: number): Buffer {
  // One unit more, so that no pair is cut in the bytes wanted.
  return bytesOfText(text.slice(from, from + count + 1)).subarray(0, count);
}
