// Reads RE2 syntax (what Go's regexp takes) into a tree. Errors carry Go's own wording, because Hubble shows it.

export type Assertion = 'textStart' | 'textEnd' | 'lineStart' | 'lineEnd' | 'word' | 'notWord';

/** True for the code points a character class or literal accepts. */
export type CharTest = (codePoint: number) => boolean;

export type Node =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'char';
      readonly test: CharTest;
      readonly literal?: string;
      /** A Unicode class, which other engines spell out range by range. */
      readonly wide?: boolean;
    }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'concat' | 'alternate'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number };

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

const MAX_REPEAT = 1000;
const MAX_DEPTH = 200;
const PERL: Readonly<Record<string, CharTest>> = {
  d: (c) => c >= 48 && c <= 57,
  s: (c) => c === 32 || c === 9 || c === 10 || c === 12 || c === 13,
  w: isWord,
};
const POSIX: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class is defined by them
  ascii: /[\x00-\x7f]/,
  blank: /[\t ]/,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class is defined by them
  cntrl: /[\x00-\x1f\x7f]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t\n\v\f\r ]/,
  upper: /[A-Z]/,
  word: /[0-9A-Za-z_]/,
  xdigit: /[0-9A-Fa-f]/,
};
const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

/** `[0-9A-Za-z_]`, RE2's idea of a word. */
export function isWord(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122);
}

export class RegexError extends Error {}

const SHOWN_CHARS = 200;

/** A pattern for a message, which must not grow with it. */
export function shownPattern(source: string): string {
  return source.length > SHOWN_CHARS ? `${source.slice(0, SHOWN_CHARS)}…` : source;
}

/** The tree of `pattern`; throws RegexError with Go's message. */
export function parseRegex(pattern: string): Node {
  return new Parser(pattern).parse();
}

class Parser {
  private readonly chars: readonly string[];
  private at = 0;
  private flags: Flags = { i: false, m: false, s: false };
  private depth = 0;

  constructor(pattern: string) {
    this.chars = [...pattern];
  }

  parse(): Node {
    const node = this.alternation();
    if (this.at < this.chars.length) throw this.error('unexpected )', 0);
    return node;
  }

  private error(what: string, from: number, to = this.chars.length): RegexError {
    const snippet = shownPattern(this.chars.slice(from, to).join(''));
    return new RegexError(`error parsing regexp: ${what}: \`${snippet}\``);
  }

  private alternation(): Node {
    if (++this.depth > MAX_DEPTH) throw this.error('expression nests too deeply', 0);
    const nodes = [this.concatenation()];
    while (this.chars[this.at] === '|') {
      this.at++;
      nodes.push(this.concatenation());
    }
    this.depth--;
    return nodes.length === 1 ? (nodes[0] ?? { kind: 'empty' }) : { kind: 'alternate', nodes };
  }

  private concatenation(): Node {
    const nodes: Node[] = [];
    while (this.at < this.chars.length) {
      const char = this.chars[this.at];
      if (char === '|' || char === ')') break;
      const atom = this.atom();
      if (atom !== undefined) nodes.push(this.repetition(atom));
    }
    return nodes.length === 1 ? (nodes[0] ?? { kind: 'empty' }) : { kind: 'concat', nodes };
  }

  private atom(): Node | undefined {
    const start = this.at;
    const char = this.chars[this.at++] ?? '';
    switch (char) {
      case '(':
        return this.group(start);
      case '[':
        return this.charClass(start);
      case '.':
        return { kind: 'char', test: this.flags.s ? () => true : (c) => c !== 10 };
      case '^':
        return { kind: 'assert', what: this.flags.m ? 'lineStart' : 'textStart' };
      case '$':
        return { kind: 'assert', what: this.flags.m ? 'lineEnd' : 'textEnd' };
      case '*':
      case '+':
      case '?':
        throw this.error('missing argument to repetition operator', start, start + 1);
      case '{':
        if (this.counts(start) !== undefined)
          throw this.error('missing argument to repetition operator', start, this.at);
        return this.literal(123);
      case '\\':
        return this.escape(start);
      default:
        return this.literal(char.codePointAt(0) ?? 0);
    }
  }

  private literal(codePoint: number): Node {
    const literal = String.fromCodePoint(codePoint);
    if (!this.flags.i) return { kind: 'char', test: (c) => c === codePoint, literal };
    return { kind: 'char', test: folded((c) => c === codePoint) };
  }

  private group(start: number): Node | undefined {
    const outer = this.flags;
    if (this.chars[this.at] === '?') {
      const named = /^\?P?<([^>]*)(>?)/.exec(this.chars.slice(this.at, this.at + 80).join(''));
      if (named !== null) {
        const end = this.at + [...named[0]].length;
        if (named[2] === '' || !/^\w+$/.test(named[1] ?? ''))
          throw this.error('invalid named capture', start, end);
        this.at = end;
      } else if (!this.groupFlags(start)) {
        return undefined;
      }
    }
    const node = this.alternation();
    if (this.chars[this.at] !== ')') throw this.error('missing closing )', 0);
    this.at++;
    this.flags = outer;
    return node;
  }

  /** Reads `?flags:` (true: a group follows) or `?flags)` (false: they hold for the rest of this group). */
  private groupFlags(start: number): boolean {
    this.at++;
    let on = true;
    const next = { ...this.flags };
    for (let any = false; ; any = true) {
      const char = this.chars[this.at++];
      if (char === 'i' || char === 'm' || char === 's') next[char] = on;
      else if (char === '-' && on) on = false;
      else if (char === ':' || (char === ')' && any)) {
        this.flags = next;
        return char === ':';
      } else if (char !== 'U') {
        if (char === undefined) throw this.error('missing closing )', 0);
        throw this.error('invalid or unsupported Perl syntax', start, this.at);
      }
    }
  }

  private repetition(atom: Node): Node {
    let node = atom;
    let last = -1;
    for (;;) {
      const start = this.at;
      const range = this.operator();
      if (range === undefined) return node;
      if (this.chars[this.at] === '?') this.at++;
      if (last >= 0) throw this.error('invalid nested repetition operator', last, this.at);
      const [min, max] = range;
      if (min > MAX_REPEAT || (max !== Number.POSITIVE_INFINITY && (max > MAX_REPEAT || max < min)))
        throw this.error('invalid repeat count', start, this.at);
      last = start;
      node = { kind: 'repeat', node, min, max };
    }
  }

  private operator(): readonly [number, number] | undefined {
    const char = this.chars[this.at];
    if (char === '{') {
      const start = this.at++;
      const range = this.counts(start);
      if (range === undefined) this.at = start;
      return range;
    }
    if (char !== '*' && char !== '+' && char !== '?') return undefined;
    this.at++;
    return [char === '+' ? 1 : 0, char === '?' ? 1 : Number.POSITIVE_INFINITY];
  }

  private counts(start: number): readonly [number, number] | undefined {
    const match = /^\{(\d{1,9})(,(\d{0,9}))?\}/.exec(this.chars.slice(start, start + 24).join(''));
    if (match === null) return undefined;
    this.at = start + match[0].length;
    const min = Number(match[1]);
    if (match[2] === undefined) return [min, min];
    return [min, match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3])];
  }

  private escape(start: number): Node {
    const char = this.chars[this.at++];
    switch (char) {
      case undefined:
        throw this.error('trailing backslash at end of expression', this.chars.length);
      case 'A':
        return { kind: 'assert', what: 'textStart' };
      case 'z':
        return { kind: 'assert', what: 'textEnd' };
      case 'b':
        return { kind: 'assert', what: 'word' };
      case 'B':
        return { kind: 'assert', what: 'notWord' };
      case 'Q': {
        const rest = this.chars.slice(this.at).join('');
        const end = rest.indexOf('\\E');
        const quoted = [...(end < 0 ? rest : rest.slice(0, end))];
        this.at += quoted.length + (end < 0 ? 0 : 2);
        return { kind: 'concat', nodes: quoted.map((c) => this.literal(c.codePointAt(0) ?? 0)) };
      }
      default:
    }
    const set = this.perlOrUnicode(char, start);
    if (set !== undefined) {
      const test = this.flags.i ? folded(set) : set;
      return { kind: 'char', test, wide: char.toLowerCase() === 'p' };
    }
    return this.literal(this.escapedChar(char, start));
  }

  private perlOrUnicode(char: string, start: number): CharTest | undefined {
    const lower = char.toLowerCase();
    const perl = PERL[lower];
    if (perl !== undefined) return char === lower ? perl : (c) => !perl(c);
    if (lower !== 'p') return undefined;
    const match = /^(?:([A-Z])|\{(\^?)(\w+)\})/u.exec(
      this.chars.slice(this.at, this.at + 40).join(''),
    );
    const name = match?.[1] ?? match?.[3];
    if (match === null || name === undefined)
      throw this.error('invalid character class range', start, this.at);
    this.at += match[0].length;
    const negated = (char === 'P') !== (match[2] === '^');
    let property: RegExp;
    try {
      property = name === 'Any' ? /[\s\S]/u : unicodeProperty(name);
    } catch {
      throw this.error('invalid character class range', start, this.at);
    }
    return (c) => property.test(String.fromCodePoint(c)) !== negated;
  }

  private escapedChar(char: string, start: number): number {
    const control = CONTROL[char];
    if (control !== undefined) return control;
    if (char === 'x') {
      const match = /^(?:\{([0-9A-Fa-f]{1,8})\}|([0-9A-Fa-f]{2}))/.exec(
        this.chars.slice(this.at, this.at + 10).join(''),
      );
      const value = Number.parseInt(match?.[1] ?? match?.[2] ?? '', 16);
      if (match !== null && value <= 0x10ffff) {
        this.at += match[0].length;
        return value;
      }
    } else if (
      char === '0' ||
      (char >= '1' && char <= '7' && /[0-7]/.test(this.chars[this.at] ?? ''))
    ) {
      const digits = /^[0-7]{0,2}/.exec(this.chars.slice(this.at, this.at + 2).join(''))?.[0] ?? '';
      this.at += digits.length;
      return Number.parseInt(char + digits, 8);
    } else if (char.length === 1 && !isWord(char.charCodeAt(0)) && char < '\x80') {
      return char.charCodeAt(0);
    }
    throw this.error('invalid escape sequence', start, this.at);
  }

  private charClass(start: number): Node {
    const negated = this.chars[this.at] === '^';
    if (negated) this.at++;
    const tests: CharTest[] = [];
    const from = this.at;
    for (let first = true; first || this.chars[this.at] !== ']'; first = false) {
      if (this.at >= this.chars.length) throw this.error('missing closing ]', start);
      tests.push(this.classItem(start));
    }
    this.at++;
    const any: CharTest = (c) => tests.some((test) => test(c));
    const set = this.flags.i ? folded(any) : any;
    const wide = /\\p/i.test(this.chars.slice(from, this.at).join(''));
    return { kind: 'char', test: negated ? (c) => !set(c) : set, wide };
  }

  private classItem(open: number): CharTest {
    const start = this.at;
    const posix = /^\[:(\^?)(\w*):\]/.exec(this.chars.slice(start, start + 16).join(''));
    if (posix !== null) {
      const expression = POSIX[posix[2] ?? ''];
      this.at += posix[0].length;
      if (expression === undefined)
        throw this.error('invalid character class range', start, this.at);
      return (c) => expression.test(String.fromCodePoint(c)) !== (posix[1] === '^');
    }
    if (this.chars[start] === '\\' && this.chars[start + 1] !== undefined) {
      this.at += 2;
      const set = this.perlOrUnicode(this.chars[start + 1] ?? '', start);
      if (set !== undefined) return set;
      this.at = start;
    }
    const low = this.classChar(open);
    const dash = this.chars[this.at] === '-' && this.chars[this.at + 1] !== ']';
    if (!dash || this.at + 1 >= this.chars.length) return (c) => c === low;
    this.at++;
    const high = this.classChar(open);
    if (high < low) throw this.error('invalid character class range', start, this.at);
    return (c) => c >= low && c <= high;
  }

  private classChar(open: number): number {
    const start = this.at;
    const char = this.chars[this.at++];
    if (char === undefined) throw this.error('missing closing ]', open);
    if (char !== '\\') return char.codePointAt(0) ?? 0;
    const escaped = this.chars[this.at++];
    if (escaped === undefined)
      throw this.error('trailing backslash at end of expression', this.chars.length);
    return this.escapedChar(escaped, start);
  }
}

function unicodeProperty(name: string): RegExp {
  try {
    return new RegExp(`\\p{${name}}`, 'u');
  } catch {
    return new RegExp(`\\p{Script=${name}}`, 'u');
  }
}

function folded(test: CharTest): CharTest {
  return (c) => {
    if (test(c)) return true;
    const text = String.fromCodePoint(c);
    return (
      test(text.toLowerCase().codePointAt(0) ?? c) || test(text.toUpperCase().codePointAt(0) ?? c)
    );
  };
}
