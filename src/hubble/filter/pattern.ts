// The patterns of node names and DNS names: `*` stands for any run of [-.0-9a-z], everything else for itself.
import { ParallaxError } from '../../runtime/errors.ts';

const RUN = '[-.0-9a-z]*';
const RUNE = /^[-.0-9_a-z*]$/;

/** One name pattern as the text of an anchorless regular expression, valid in RE2 and in JavaScript alike. */
function patternSource(pattern: string): string {
  let text = pattern.trim();
  if (text.endsWith('.')) text = text.slice(0, -1);
  if (text.endsWith('.')) throw invalid('multiple trailing dots in pattern');
  text = text.toLowerCase();
  if (text === '') throw invalid('empty pattern');
  let source = '';
  for (const rune of text) {
    if (!RUNE.test(rune)) throw invalid(`'${rune}': invalid rune in pattern`);
    if (rune === '*') source += RUN;
    else source += rune === '.' ? '\\.' : rune;
  }
  return source;
}

/** Matches a whole DNS name. The text is valid between `^` and `$` in RE2 and in JavaScript. */
export function fqdnSource(pattern: string): string {
  return patternSource(pattern);
}

/** Matches `cluster/node` as a whole; an empty part of the pattern means any. */
export function nodeNameSource(pattern: string): string {
  if (pattern === '') throw invalid('empty pattern');
  const slash = pattern.indexOf('/');
  if (slash < 0) return `${RUN}/${patternSource(pattern)}`;
  const cluster = pattern.slice(0, slash);
  const node = pattern.slice(slash + 1);
  if (node.includes('/')) throw invalid('too many slashes in pattern');
  const part = (text: string) => (text === '' ? RUN : patternSource(text));
  return `${part(cluster)}/${part(node)}`;
}

/** One regular expression for several alternatives, over the whole text. The patterns cannot backtrack badly: no nesting. */
export function anyOf(sources: readonly string[]): RegExp {
  return new RegExp(`^(?:${sources.join('|')})$`);
}

/** The name a node is compared by: a bare one belongs to the cluster called `default`. */
export function qualifiedNodeName(name: string): string {
  return name.includes('/') ? name : `default/${name}`;
}

function invalid(message: string): ParallaxError {
  return new ParallaxError('input/invalid', message);
}
