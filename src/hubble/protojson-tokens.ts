// JSON as Go's protojson reads it, token by token, with the places and the words of its refusals: Hubble shows them, and
// leaves out lines that a laxer reader would take.

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

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?(?![-+._a-zA-Z0-9])/y;
const KEYWORD = /(?:null|true|false)(?![-+._a-zA-Z0-9])/y;
const WRONG = /[-+._a-zA-Z0-9]{1,32}|[\s\S]/uy;

export class Tokens {
  readonly text: string;
  private at = 0;
  private readonly open: ('{' | '[')[] = [];
  private last: TokenKind | undefined;
  private peeked: Token | undefined;

  constructor(text: string, from = 0) {
    this.text = text;
    this.at = from;
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

  /** Passes over one value, whatever it is. */
  skip(): void {
    let depth = 0;
    do {
      const { kind } = this.read();
      if (kind === 'end') throw new ProtojsonError('proto: unexpected EOF');
      if (kind === '{' || kind === '[') depth++;
      else if (kind === '}' || kind === ']') depth--;
    } while (depth > 0);
  }

  raw({ start, end }: Token): string {
    return this.text.slice(start, end);
  }

  /** The text a string or name stands for. */
  value(token: Token): string {
    return JSON.parse(this.raw(token));
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
    while (' \t\n\r'.includes(text[this.at] ?? 'x')) this.at++;
    const start = this.at;
    const char = text[start];
    const single = (kind: TokenKind): Token => ({ kind, start, end: ++this.at });
    switch (char) {
      case undefined:
        return { kind: 'end', start, end: start };
      case '{':
      case '}':
      case '[':
      case ']':
      case ',':
        return single(char);
      case '"':
        this.at = this.endOfString(start);
        return { kind: 'string', start, end: this.at };
      default:
    }
    for (const [pattern, kind] of [
      [KEYWORD, char === 'n' ? 'null' : 'bool'],
      [NUMBER, 'number'],
    ] as const) {
      pattern.lastIndex = start;
      if (!pattern.test(text)) continue;
      this.at = pattern.lastIndex;
      return { kind, start, end: this.at };
    }
    WRONG.lastIndex = start;
    throw this.syntax(start, `invalid value ${WRONG.exec(text)?.[0] ?? ''}`);
  }

  private endOfString(start: number): number {
    const { text } = this;
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x22) return at + 1;
      if (code < 0x20)
        throw this.syntax(at, `invalid character ${quotedRune(text.charAt(at))} in string`);
      if (code === 0x5c) at = this.endOfEscape(at) - 1;
    }
    throw new ProtojsonError('proto: unexpected EOF');
  }

  private endOfEscape(at: number): number {
    const { text } = this;
    const letter = text[at + 1] ?? '';
    if (letter !== 'u') {
      if (letter !== '' && '"\\/bfnrt'.includes(letter)) return at + 2;
      throw this.syntax(at, `invalid escape code ${JSON.stringify(`\\${letter}`)} in string`);
    }
    const first = hex(text.slice(at + 2, at + 6));
    const whole = first >= 0xd800 && first <= 0xdfff ? 12 : 6;
    const second = whole === 12 ? hex(text.slice(at + 8, at + 12)) : 0xdc00;
    const paired = first < 0xdc00 && text.startsWith('\\u', at + 6) && second >= 0xdc00;
    if (first < 0 || (whole === 12 && !(paired && second <= 0xdfff)))
      throw this.syntax(
        at,
        `invalid escape code ${JSON.stringify(text.slice(at, at + whole))} in string`,
      );
    return at + whole;
  }

  /** Refuses a token that may not stand where it stands; a string before a colon becomes a name. */
  private checked(token: Token): Token {
    const top = this.open.at(-1);
    switch (token.kind) {
      case 'end':
        if (top !== undefined) throw new ProtojsonError('proto: unexpected EOF');
        return token;
      case 'string':
        if (this.wantsValue(top)) return token;
        if (top === '{' && (this.last === '{' || this.last === ',')) return this.named(token);
        throw this.unexpected(token);
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
        if (top === undefined || this.last === ',' || this.last === 'name' || this.last === top)
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
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at++;
    const char = this.text[this.at];
    if (char === undefined) throw new ProtojsonError('proto: unexpected EOF');
    if (char !== ':')
      throw this.syntax(
        this.at,
        `unexpected character ${char}, missing ":" separator after field name`,
      );
    this.at++;
    return { ...token, kind: 'name' };
  }
}

function hex(digits: string): number {
  return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
}

/** Go's %q of a control character. */
function quotedRune(char: string): string {
  const short: Readonly<Record<string, string>> = {
    '\x07': '\\a',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\v': '\\v',
  };
  return `'${short[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`}'`;
}
