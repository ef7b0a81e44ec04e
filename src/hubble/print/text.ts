// Text on its way to a terminal: control sequences of strangers made visible, and Hubble's own colours.

type Paint = (text: string) => string;

export interface Colors {
  /** Flows carry text of strangers: without this, a pod's DNS query could drive the reader's terminal. */
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
