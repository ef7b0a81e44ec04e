// Names with `*`: in node and DNS names any run of [-.0-9a-z], in cluster names any run without a slash. Matched
// without a regular expression, because a few stars make JavaScript's backtrack for hours.
import { inputError } from '../../runtime/errors.ts';
import { quoted } from '../print/text.ts';

const RUNE = /^[-.0-9_a-z*]$/;
/** No name is longer by far, and the engine's regular expressions have their limit too. */
const MAX_PATTERN = 1024;

interface Run {
  /** Matches text that a star can stand for. */
  readonly text: RegExp;
  /** The same in RE2. */
  readonly source: string;
}

const NAME_RUN: Run = { text: /^[-.0-9a-z]*$/, source: '[-.0-9a-z]*' };
const CLUSTER_RUN: Run = { text: /^[^/]*$/, source: '[^/]*' };

/** A pattern with its spelling checked: both meanings, JavaScript's and RE2's, are made of it. */
export interface NamePattern {
  /** Between `^` and `$`, an RE2 expression. */
  readonly source: string;
  test(text: string): boolean;
}

/** Where a cluster or a node is not named: any name, whose parts are not empty. */
const ANY_NAME: NamePattern = {
  source: '[-0-9_a-z]+(?:\\.[-0-9_a-z]+)*',
  test: (text) => text.split('.').every((part) => /^[-0-9_a-z]+$/.test(part)),
};

/** A pattern over a whole DNS name. Throws `input/invalid`. */
export function fqdnPattern(pattern: string): NamePattern {
  return compiled(spelled(pattern), NAME_RUN);
}

/** A pattern over `cluster/node` as a whole; an empty part means any. Throws `input/invalid`. */
export function nodeNamePattern(pattern: string): NamePattern {
  if (pattern === '') throw inputError('empty pattern');
  const parts = pattern.split('/');
  if (parts.length > 2) throw inputError('too many slashes in pattern');
  const [cluster = '', node = ''] = parts.length === 1 ? ['', pattern] : parts;
  const [first, second] = [partPattern(cluster), partPattern(node)];
  return {
    source: `${first.source}/${second.source}`,
    test: (text) => {
      const slash = text.indexOf('/');
      return slash >= 0 && first.test(text.slice(0, slash)) && second.test(text.slice(slash + 1));
    },
  };
}

function partPattern(text: string): NamePattern {
  return text === '' ? ANY_NAME : fqdnPattern(text);
}

/** The name of a cluster, with or without stars; undefined without: it is compared as it is. Throws `input/invalid`. */
export function clusterPattern(name: string): NamePattern | undefined {
  if (name === '') throw inputError('invalid filter, name must not be empty');
  // Half a surrogate pair is no character: as UTF-8, which flows and the engine have, it is the replacement character.
  const text = bounded(name).replace(/\p{Surrogate}/gu, '\ufffd');
  return text.includes('*') ? compiled(text, CLUSTER_RUN) : undefined;
}

/** The name a node is compared by: a bare one belongs to the cluster called `default`. */
export function qualifiedNodeName(name: string): string {
  return name.includes('/') ? name : `default/${name}`;
}

/** White space that Go trims; without the byte order mark. */
const SPACE = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const OUTER_SPACE = new RegExp(`^${SPACE}+|(?<!${SPACE})${SPACE}+$`, 'gu');

function spelled(pattern: string): string {
  let text = bounded(pattern).replace(OUTER_SPACE, '');
  if (text.endsWith('.')) text = text.slice(0, -1);
  if (text.endsWith('.')) throw inputError('multiple trailing dots in pattern');
  if (text === '') throw inputError('empty pattern');
  // A character at a time, as Go does it: none becomes two, and none looks at its neighbours.
  const runes = [...text].map((rune) => (rune === '\u0130' ? 'i' : rune.toLowerCase()));
  for (const rune of runes)
    if (!RUNE.test(rune)) throw inputError(`${quotedRune(rune)}: invalid rune in pattern`);
  return runes.join('');
}

function quotedRune(rune: string): string {
  if (rune === "'") return "'\\''";
  return `'${rune === '"' ? rune : quoted(rune).slice(1, -1)}'`;
}

function bounded(pattern: string): string {
  if (pattern.length <= MAX_PATTERN) return pattern;
  throw inputError(`pattern of ${pattern.length} characters, at most ${MAX_PATTERN} are taken`);
}

function compiled(pattern: string, run: Run): NamePattern {
  const parts = pattern.split(/\*+/);
  const source = parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join(run.source);
  return { source, test: (text) => matches(parts, run.text, text) };
}

// Each part is taken where it first occurs: what a star has to stand for is then as short as it can be, and a run that
// a star cannot stand for only grows by going on.
function matches(parts: readonly string[], run: RegExp, text: string): boolean {
  const first = parts[0] ?? '';
  const last = parts.at(-1) ?? '';
  if (parts.length === 1) return text === first;
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > end || !run.test(text.slice(at, found))) return false;
    at = found + part.length;
  }
  return run.test(text.slice(at, end));
}
