// Text for terminals: visible control characters, quoting, and Hubble's colours.
import { strayByte } from '../json/byte-text.ts';

type Paint = (text: string) => string;

export interface Colors {
  /** Flows carry untrusted text: without this, a pod's DNS query could control the terminal. */
  readonly visible: Paint;
  readonly host: Paint;
  readonly port: Paint;
  readonly identity: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly neutral: Paint;
}

const plain: Paint = (text) => text;

function sgr(code: number): Paint {
  return (text) => `\x1b[${code}m${text}\x1b[0m`;
}

/** Nothing but what `kept` matches passes as it is. */
function masking(kept: string): Paint {
  const pattern = new RegExp(`${kept}[\\x1b\\r]`, 'g');
  return (text) =>
    text.includes('\x1b') || text.includes('\r')
      ? text.replace(pattern, (found) => MASKS[found] ?? found)
      : text;
}

const MASKS: Readonly<Record<string, string>> = { '\x1b': '^[', '\r': '\\r' };

export const NO_COLORS: Colors = {
  visible: masking(''),
  host: plain,
  port: plain,
  identity: plain,
  good: plain,
  bad: plain,
  neutral: plain,
};

export const ANSI_COLORS: Colors = {
  // The colours in use pass wherever they stand, as in the reference.
  visible: masking('\\x1b\\[(?:0|3[1-6])m|'),
  host: sgr(36),
  port: sgr(33),
  identity: sgr(35),
  good: sgr(32),
  bad: sgr(31),
  neutral: sgr(33),
};

/** Go's path.Join of a namespace and a name: empty parts vanish, `.`, `..` and double slashes are resolved. */
export function joinName(namespace: string, name: string): string {
  const joined = [namespace, name].filter((part) => part !== '').join('/');
  if (joined === '') return '';
  // Names with neither dot segments nor double slashes are already clean.
  if (!/(^|\/)\.{0,2}(\/|$)/.test(joined)) return joined;
  const rooted = joined.startsWith('/');
  const kept: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const clean = (rooted ? '/' : '') + kept.join('/');
  return clean === '' ? '.' : clean;
}

/** Go's strconv.Quote and %q: what does not print is escaped. */
export function quoted(text: string): string {
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const stray = strayByte(code);
    if (char === '"' || char === '\\') result += `\\${char}`;
    else if (stray !== undefined) result += `\\x${hex(stray, 2)}`;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) result += char;
    else result += escapedRune(code);
  }
  return `${result}"`;
}

/** Go's %q of a character. */
export function quotedRune(code: number): string {
  const char = String.fromCodePoint(code);
  if (char === "'" || char === '\\') return `'\\${char}'`;
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char) ? `'${char}'` : `'${escapedRune(code)}'`;
}

function escapedRune(code: number): string {
  const short = SHORT_ESCAPES[String.fromCodePoint(code)];
  if (short !== undefined) return short;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};
