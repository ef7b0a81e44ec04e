// Text on its way to a terminal: control sequences of strangers made visible, and Hubble's own colours.

/** Flows carry text of strangers: without this, a pod's DNS query could drive the reader's terminal. */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass
  return /[\x1b\r]/.test(text) ? text.replaceAll('\x1b', '^[').replaceAll('\r', '\\r') : text;
}

type Paint = (text: string) => string;

export interface Colors {
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

export const NO_COLORS: Colors = {
  host: plain,
  port: plain,
  identity: plain,
  good: plain,
  bad: plain,
  neutral: plain,
};

export const ANSI_COLORS: Colors = {
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

/** Go's %q: a double-quoted string with what does not print escaped. */
export function quoted(text: string): string {
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const short = SHORT_ESCAPES[char];
    if (short !== undefined) result += short;
    else if (code < 0x20 || code === 0x7f) result += `\\x${code.toString(16).padStart(2, '0')}`;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) result += char;
    else if (code < 0x10000) result += `\\u${code.toString(16).padStart(4, '0')}`;
    else result += `\\U${code.toString(16).padStart(8, '0')}`;
  }
  return `${result}"`;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
