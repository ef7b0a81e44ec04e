// Names with `*`: of nodes and DNS names, where it stands for any run of [-.0-9a-z], and of clusters, where it stands
// for any run without a slash. Matched without a regular expression: those of JavaScript can be made to backtrack for
// hours by a handful of stars.
import { ParallaxError } from '../../runtime/errors.ts';

const RUNE = /^[-.0-9_a-z*]$/;
/** No name is longer by far, and the engine's regular expressions have their limit too. */
const MAX_PATTERN = 1024;

interface Run {
  /** What a star may stand for: the whole text of a run. */
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

/** A pattern over a whole DNS name. Throws `input/invalid`. */
export function fqdnPattern(pattern: string): NamePattern {
  return compiled(spelled(pattern), NAME_RUN);
}

/** A pattern over `cluster/node` as a whole; an empty part means any. Throws `input/invalid`. */
export function nodeNamePattern(pattern: string): NamePattern {
  if (pattern === '') throw invalid('empty pattern');
  const slash = pattern.indexOf('/');
  if (slash < 0) return compiled(`*/${spelled(pattern)}`, NAME_RUN);
  const cluster = pattern.slice(0, slash);
  const node = pattern.slice(slash + 1);
  if (node.includes('/')) throw invalid('too many slashes in pattern');
  const part = (text: string) => (text === '' ? '*' : spelled(text));
  return compiled(`${part(cluster)}/${part(node)}`, NAME_RUN);
}

/** The name of a cluster, with or without stars; undefined without: it is compared as it is. Throws `input/invalid`. */
export function clusterPattern(name: string, side: string): NamePattern | undefined {
  if (name === '')
    throw invalid(`invalid ${side} cluster filter: the cluster name must not be empty`);
  // Half a surrogate pair is no character: as UTF-8, which flows and the engine have, it is the replacement character.
  const text = bounded(name).replace(/\p{Surrogate}/gu, '\ufffd');
  return text.includes('*') ? compiled(text, CLUSTER_RUN) : undefined;
}

/** The name a node is compared by: a bare one belongs to the cluster called `default`. */
export function qualifiedNodeName(name: string): string {
  return name.includes('/') ? name : `default/${name}`;
}

function spelled(pattern: string): string {
  let text = bounded(pattern).trim();
  if (text.endsWith('.')) text = text.slice(0, -1);
  if (text.endsWith('.')) throw invalid('multiple trailing dots in pattern');
  text = text.toLowerCase();
  if (text === '') throw invalid('empty pattern');
  for (const rune of text)
    if (!RUNE.test(rune)) throw invalid(`'${rune}': invalid rune in pattern`);
  return text;
}

function bounded(pattern: string): string {
  if (pattern.length <= MAX_PATTERN) return pattern;
  throw invalid(`pattern of ${pattern.length} characters, at most ${MAX_PATTERN} are taken`);
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

function invalid(message: string): ParallaxError {
  return new ParallaxError('input/invalid', message);
}
