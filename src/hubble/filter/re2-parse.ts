// Reads RE2 syntax (what Go's regexp takes) into a tree. Errors carry Go's own wording, because Hubble shows it.
import { type CharTest, folded, perlClass, posixClass, unicodeClass } from './re2-class.ts';
import { type Assertion, multiplies, type Node } from './re2-tree.ts';

interface Flags {
  readonly i: boolean;
  readonly m: boolean;
  readonly s: boolean;
}

const MAX_REPEAT = 1000;
const MAX_DEPTH = 200;
const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };

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
    const snippet = shownPattern(this.text(from, to));
    return new RegexError(`error parsing regexp: ${what}: \`${snippet}\``);
  }

  private text(from: number, to = this.chars.length): string {
    return this.chars.slice(from, to).join('');
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
    /** Where the repetition just read began: another must not follow at once. */
    let repeated = -1;
    while (this.at < this.chars.length) {
      const char = this.chars[this.at];
      if (char === '|' || char === ')') break;
      const start = this.at;
      const counts = this.operator();
      if (counts === undefined) {
        repeated = -1;
        this.atom(nodes);
        continue;
      }
      const node = this.repetition(nodes.pop(), counts, start, repeated);
      nodes.push(node);
      repeated = start;
    }
    return nodes.length === 1 ? (nodes[0] ?? { kind: 'empty' }) : { kind: 'concat', nodes };
  }

  /** Adds what comes next: nothing, for flags, or many characters, for a quotation. */
  private atom(nodes: Node[]): void {
    const start = this.at;
    const char = this.chars[this.at++] ?? '';
    switch (char) {
      case '(': {
        const group = this.group(start);
        if (group !== undefined) nodes.push(group);
        return;
      }
      case '[':
        nodes.push(this.charClass(start));
        return;
      case '.':
        nodes.push({ kind: 'char', test: this.flags.s ? () => true : (c) => c !== 10 });
        return;
      case '^':
        nodes.push({ kind: 'assert', what: this.flags.m ? 'lineStart' : 'textStart' });
        return;
      case '$':
        nodes.push({ kind: 'assert', what: this.flags.m ? 'lineEnd' : 'textEnd' });
        return;
      case '\\':
        if (this.chars[this.at] === 'Q') this.quotation(nodes);
        else nodes.push(this.escape(start));
        return;
      default:
        nodes.push(this.literal(char.codePointAt(0) ?? 0));
    }
  }

  private literal(codePoint: number): Node {
    const literal = String.fromCodePoint(codePoint);
    const same: CharTest = (c) => c === codePoint;
    return this.flags.i
      ? { kind: 'char', test: folded(same) }
      : { kind: 'char', test: same, literal };
  }

  /** `\Q…\E`, or to the end. */
  private quotation(nodes: Node[]): void {
    this.at++;
    while (this.at < this.chars.length) {
      if (this.chars[this.at] === '\\' && this.chars[this.at + 1] === 'E') {
        this.at += 2;
        return;
      }
      nodes.push(this.literal(this.chars[this.at++]?.codePointAt(0) ?? 0));
    }
  }

  private group(start: number): Node | undefined {
    const outer = this.flags;
    if (this.chars[this.at] === '?' && !this.opensNamed(start) && !this.groupFlags(start))
      return undefined;
    const node = this.alternation();
    if (this.chars[this.at] !== ')') throw this.error('missing closing )', 0);
    this.at++;
    this.flags = outer;
    // A group of its own even when empty: something to repeat.
    return node;
  }

  /** `(?P<name>` and `(?<name>`, of which something must follow the `<`. */
  private opensNamed(start: number): boolean {
    const rest = this.text(start);
    const [open] = /^\(\?P?</.exec(rest) ?? [];
    if (open === undefined || rest.length <= open.length) return false;
    const end = rest.indexOf('>');
    if (end < 0) throw this.error('invalid named capture', start);
    const length = [...rest.slice(0, end + 1)].length;
    if (!/^[A-Za-z0-9_]+$/.test(rest.slice(open.length, end)))
      throw this.error('invalid named capture', start, start + length);
    this.at = start + length;
    return true;
  }

  /** Reads `?flags:` (true: a group follows) or `?flags)` (false: they hold for the rest of this group). */
  private groupFlags(start: number): boolean {
    this.at++;
    let on = true;
    let seen = false;
    const next = { ...this.flags };
    while (this.at < this.chars.length) {
      const char = this.chars[this.at++];
      if (char === 'i' || char === 'm' || char === 's' || char === 'U') {
        if (char !== 'U') next[char] = on;
        seen = true;
      } else if (char === '-' && on) {
        on = false;
        seen = false;
      } else if ((char === ':' || char === ')') && (on || seen)) {
        this.flags = next;
        return char === ':';
      } else {
        break;
      }
    }
    throw this.error('invalid or unsupported Perl syntax', start, this.at);
  }

  private repetition(
    node: Node | undefined,
    [min, max, counted]: Counts,
    start: number,
    repeated: number,
  ): Node {
    if (counted && (min > MAX_REPEAT || (Number.isFinite(max) && (max > MAX_REPEAT || max < min))))
      throw this.error('invalid repeat count', start, this.at);
    if (this.chars[this.at] === '?') this.at++;
    if (repeated >= 0) throw this.error('invalid nested repetition operator', repeated, this.at);
    if (node === undefined)
      throw this.error('missing argument to repetition operator', start, this.at);
    const repeat = { kind: 'repeat', node, min, max, counted } as const;
    if (
      counted &&
      (min >= 2 || (Number.isFinite(max) && max >= 2)) &&
      !multiplies(repeat, MAX_REPEAT)
    )
      throw this.error('invalid repeat count', start, this.at);
    return repeat;
  }

  private operator(): Counts | undefined {
    const char = this.chars[this.at];
    if (char === '{') return this.braces();
    if (char !== '*' && char !== '+' && char !== '?') return undefined;
    this.at++;
    return [char === '+' ? 1 : 0, char === '?' ? 1 : Number.POSITIVE_INFINITY, false];
  }

  /** What looks otherwise is a brace that stands for itself. */
  private braces(): Counts | undefined {
    const match = /^\{(0|[1-9][0-9]*)(,(0|[1-9][0-9]*)?)?\}/.exec(this.text(this.at));
    if (match === null) return undefined;
    this.at += match[0].length;
    // Too large a number is refused below; that it is one is all that matters.
    const min = Math.min(Number(match[1]), 1e8);
    if (match[2] === undefined) return [min, min, true];
    if (match[3] === undefined) return [min, Number.POSITIVE_INFINITY, true];
    return [min, Math.min(Number(match[3]), 1e8), true];
  }

  private escape(start: number): Node {
    const char = this.chars[this.at];
    const assertion = char === undefined ? undefined : ASSERTIONS[char];
    if (assertion !== undefined) {
      this.at++;
      return { kind: 'assert', what: assertion };
    }
    const set = this.namedSet(start);
    if (set !== undefined) return { kind: 'char', test: set, wide: /^[pP]$/.test(char ?? '') };
    return this.literal(this.escapedChar(start));
  }

  /** Behind a backslash: `d`, `pL`, `p{Greek}` and their like; undefined for anything else. */
  private namedSet(start: number): CharTest | undefined {
    const char = this.chars[this.at] ?? '';
    if (char !== 'p' && char !== 'P') {
      const perl = perlClass(char, this.flags.i);
      if (perl !== undefined) this.at++;
      return perl;
    }
    const refuse = () => this.error('invalid character class range', start, this.at);
    this.at++;
    let name = this.chars[this.at] ?? '';
    this.at = Math.min(this.at + 1, this.chars.length);
    if (name === '{') {
      const end = this.chars.indexOf('}', this.at);
      if (end < 0) throw this.error('invalid character class range', start);
      name = this.text(this.at, end);
      this.at = end + 1;
    }
    const inner = name.startsWith('^');
    const set = unicodeClass(inner ? name.slice(1) : name, this.flags.i);
    if (set === undefined) throw refuse();
    return inner === (char === 'P') ? set : (c) => !set(c);
  }

  /** Behind a backslash: one character. */
  private escapedChar(start: number): number {
    const char = this.chars[this.at];
    if (char === undefined)
      throw this.error('trailing backslash at end of expression', this.chars.length);
    this.at++;
    if (char === 'x') return this.hexadecimal(start);
    const next = this.chars[this.at] ?? '';
    if (char === '0' || (/^[1-7]$/.test(char) && /^[0-7]$/.test(next))) {
      const digits = /^[0-7]{0,2}/.exec(this.text(this.at, this.at + 2))?.[0] ?? '';
      this.at += digits.length;
      return Number.parseInt(char + digits, 8);
    }
    const control = CONTROL[char];
    if (control !== undefined) return control;
    if (char < '\x80' && !/^[0-9A-Za-z]$/.test(char)) return char.charCodeAt(0);
    throw this.error('invalid escape sequence', start, this.at);
  }

  private hexadecimal(start: number): number {
    const refuse = () => this.error('invalid escape sequence', start, this.at);
    const digit = (char: string | undefined) => /^[0-9a-fA-F]$/.test(char ?? '');
    const take = () => {
      const char = this.chars[this.at];
      this.at = Math.min(this.at + 1, this.chars.length);
      return char;
    };
    const first = take();
    if (first !== '{') {
      const second = first === undefined ? undefined : take();
      if (!digit(first) || !digit(second)) throw refuse();
      return Number.parseInt(`${first}${second}`, 16);
    }
    let value = 0;
    for (let count = 0; ; count++) {
      const char = take();
      if (char === '}' && count > 0) return value;
      if (!digit(char)) throw refuse();
      value = value * 16 + Number.parseInt(char ?? '', 16);
      if (value > 0x10ffff) throw refuse();
    }
  }

  private charClass(start: number): Node {
    const negated = this.chars[this.at] === '^';
    if (negated) this.at++;
    const tests: CharTest[] = [];
    const from = this.at;
    for (let first = true; first || this.chars[this.at] !== ']'; first = false)
      tests.push(this.classItem(start));
    this.at++;
    const any: CharTest = (c) => tests.some((test) => test(c));
    const wide = /\\p/i.test(this.text(from, this.at));
    return { kind: 'char', test: negated ? (c) => !any(c) : any, wide };
  }

  private classItem(open: number): CharTest {
    const start = this.at;
    if (this.chars[start] === '[' && this.chars[start + 1] === ':') {
      const [name] = /^\[:[\s\S]*?:\]/.exec(this.text(start)) ?? [];
      if (name !== undefined) {
        this.at += [...name].length;
        const set = posixClass(name, this.flags.i);
        if (set === undefined) throw this.error('invalid character class range', start, this.at);
        return set;
      }
    }
    if (this.chars[start] === '\\' && this.chars[start + 1] !== undefined) {
      this.at++;
      const set = this.namedSet(start);
      if (set !== undefined) return set;
      this.at = start;
    }
    const low = this.classChar(open);
    let high = low;
    const after = this.chars[this.at + 1];
    if (this.chars[this.at] === '-' && after !== undefined && after !== ']') {
      this.at++;
      high = this.classChar(open);
      if (high < low) throw this.error('invalid character class range', start, this.at);
    }
    const range: CharTest = (c) => c >= low && c <= high;
    return this.flags.i ? folded(range) : range;
  }

  private classChar(open: number): number {
    const start = this.at;
    const char = this.chars[this.at++];
    if (char === undefined) throw this.error('missing closing ]', open);
    return char === '\\' ? this.escapedChar(start) : (char.codePointAt(0) ?? 0);
  }
}

type Counts = readonly [min: number, max: number, counted: boolean];

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  A: 'textStart',
  z: 'textEnd',
  b: 'word',
  B: 'notWord',
};
