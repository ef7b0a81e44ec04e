// JSON values one after another in a text, as Go's encoding/json finds them, and its words for what is none: this is
// how Hubble takes FlowFilters written as JSON.
import { quoted } from '../print/text.ts';

/** Why a text is refused, in encoding/json's words. */
export class GoJsonError extends Error {}

/** The text of each value. Throws GoJsonError at what is no JSON. */
export function* goJsonValues(text: string): Generator<string> {
  const scanner = new Scanner(text);
  for (let start = scanner.next(); start < text.length; start = scanner.next())
    yield text.slice(start, scanner.value('looking for beginning of value'));
}

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

  /** Passes over the value that comes next and returns where it ends. */
  value(expected: string): number {
    const char = this.char();
    if (char === '{') this.object();
    else if (char === '[') this.array();
    else if (char === '"') this.string();
    else if (char === '-' || isDigit(char)) this.number();
    else if (Object.hasOwn(LITERALS, char)) this.literal(LITERALS[char] ?? '');
    else throw this.wrong(expected);
    return this.at;
  }

  private object(): void {
    this.at++;
    this.next();
    if (this.char() === '}') {
      this.at++;
      return;
    }
    for (;;) {
      this.next();
      if (this.char() !== '"') throw this.wrong('looking for beginning of object key string');
      this.string();
      this.next();
      if (this.char() !== ':') throw this.wrong('after object key');
      this.at++;
      this.next();
      this.value('looking for beginning of value');
      if (this.ends('}', 'after object key:value pair')) return;
    }
  }

  private array(): void {
    this.at++;
    this.next();
    if (this.char() === ']') {
      this.at++;
      return;
    }
    for (;;) {
      this.next();
      this.value('looking for beginning of value');
      if (this.ends(']', 'after array element')) return;
    }
  }

  /** Passes over a comma (false) or the closing bracket (true). */
  private ends(close: string, place: string): boolean {
    this.next();
    const char = this.char();
    if (char !== close && char !== ',') throw this.wrong(place);
    this.at++;
    return char === close;
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
