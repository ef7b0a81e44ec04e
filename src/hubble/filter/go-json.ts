// Splits a text of JSON values as Go's encoding/json does, with its errors: Hubble reads FlowFilters this way.
import { quoted } from '../print/text.ts';

/** Why a text is refused, in encoding/json's words. */
export class GoJsonError extends Error {}

/** The text of each value. Throws GoJsonError at what is no JSON. */
export function* goJsonValues(text: string): Generator<string> {
  const scanner = new Scanner(text);
  for (let start = scanner.next(); start < text.length; start = scanner.next())
    yield text.slice(start, scanner.value());
}

/** How deep brackets may stand in each other. */
const MAX_DEPTH = 10_000;

class Scanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Where the next thing begins that is no white space. */
  next(): number {
    while (' \t\r\n'.includes(this.text[this.at] ?? 'x')) this.at++;
    return this.at;
  }

  /** Passes over the value that comes next, however deep, and returns where it ends. */
  value(): number {
    const open: ('}' | ']')[] = [];
    for (;;) {
      if (!this.begins(open)) continue;
      // A value has ended: so may those around it.
      for (let close = open.at(-1); close !== undefined; close = open.at(-1)) {
        this.next();
        const char = this.char();
        if (char !== close && char !== ',')
          throw this.wrong(close === '}' ? 'after object key:value pair' : 'after array element');
        this.at++;
        if (char === close) open.pop();
        else break;
      }
      if (open.length === 0) return this.at;
      this.next();
      if (open.at(-1) === '}') this.key();
    }
  }

  /** Passes over a scalar or an empty bracket (true), or enters a bracket (false). */
  private begins(open: ('}' | ']')[]): boolean {
    const char = this.char();
    if (char !== '{' && char !== '[') {
      this.scalar(char);
      return true;
    }
    if (open.length === MAX_DEPTH) throw this.wrong('exceeded max depth');
    this.at++;
    this.next();
    const close = char === '{' ? '}' : ']';
    if (this.char() === close) {
      this.at++;
      return true;
    }
    open.push(close);
    if (close === '}') this.key();
    return false;
  }

  /** Passes over the key of an object, its colon and the space behind. */
  private key(): void {
    if (this.char() !== '"') throw this.wrong('looking for beginning of object key string');
    this.string();
    this.next();
    if (this.char() !== ':') throw this.wrong('after object key');
    this.at++;
    this.next();
  }

  private scalar(char: string): void {
    if (char === '"') this.string();
    else if (char === '-' || isDigit(char)) this.number();
    else if (Object.hasOwn(LITERALS, char)) this.literal(LITERALS[char] ?? '');
    else throw this.wrong('looking for beginning of value');
  }

  private string(): void {
    this.at++;
    for (let char = this.char(); char !== '"'; char = this.char()) {
      if (char < ' ') throw this.wrong('in string literal');
      this.at++;
      if (char === '\\') this.escape();
    }
    this.at++;
  }

  private escape(): void {
    const letter = this.char();
    if (!'bfnrt\\/"u'.includes(letter)) throw this.wrong('in string escape code');
    this.at++;
    if (letter !== 'u') return;
    for (let digit = 0; digit < 4; digit++) {
      if (!/[0-9a-fA-F]/.test(this.char())) throw this.wrong('in \\u hexadecimal character escape');
      this.at++;
    }
  }

  private number(): void {
    if (this.char() === '-') this.at++;
    const first = this.char();
    if (!isDigit(first)) throw this.wrong('in numeric literal');
    this.at++;
    if (first !== '0') this.digits();
    if (this.text[this.at] === '.') {
      this.at++;
      this.needDigits('after decimal point in numeric literal');
    }
    if (/[eE]/.test(this.text[this.at] ?? '')) {
      this.at++;
      if (/[-+]/.test(this.char())) this.at++;
      this.needDigits('in exponent of numeric literal');
    }
  }

  private needDigits(place: string): void {
    if (!isDigit(this.char())) throw this.wrong(place);
    this.digits();
  }

  private digits(): void {
    while (isDigit(this.text[this.at] ?? '')) this.at++;
  }

  private literal(word: string): void {
    for (const letter of word) {
      if (this.char() !== letter) throw this.wrong(`in literal ${word} (expecting '${letter}')`);
      this.at++;
    }
  }

  private char(): string {
    const char = this.text[this.at];
    if (char === undefined) throw new GoJsonError('unexpected EOF');
    return char;
  }

  private wrong(place: string): GoJsonError {
    // encoding/json looks at bytes, and shows the byte as a character.
    const [byte = 0] = Buffer.from(this.text.slice(this.at, this.at + 2));
    return new GoJsonError(`invalid character ${quotedByte(byte)} ${place}`);
  }
}

const LITERALS: Readonly<Record<string, string>> = { t: 'true', f: 'false', n: 'null' };

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9' && char.length === 1;
}

function quotedByte(byte: number): string {
  const char = String.fromCharCode(byte);
  if (char === "'") return "'\\''";
  return char === '"' ? `'"'` : `'${quoted(char).slice(1, -1)}'`;
}
