// Regular expressions handed to the engine, which speaks RE2 like Hubble.
import { type Sql, sql } from '../../store/sql.ts';
import { ANYTHING, type Bounds, exactly } from './bounds.ts';
import { string } from './values.ts';

/** Text that stands for itself in RE2. */
export function quoteRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** One of the given lines as a whole, in a newline-joined list. */
export function wholeLine(sources: readonly string[]): string {
  return `(?:^|\\n)(?:${sources.join('|')})(?:\\n|$)`;
}

/**
 * Texts in `column` that a pattern of a user matches. What Hubble's RE2 and the engine's may read differently lets
 * everything through, for the predicate to judge.
 */
export function patternCondition(pattern: string, column: Sql): Bounds {
  if (!isReadAlike(pattern)) return ANYTHING;
  // Hubble's flags: by default the engine lets a dot match a newline.
  return exactly(sql`match(${column}, ${string(`(?-s:${pattern})`)})`);
}

// Names of Unicode classes, quotations that are never closed, groups named the new way, and whole numbers that the
// engine takes for counts are where the two part.
function isReadAlike(pattern: string): boolean {
  if (/\\Q|\(\?<|\{,/.test(pattern)) return false;
  return [...pattern.matchAll(/\\[pP](?:\{([^}]*)\}|.)/g)].every(
    ([, name]) => name === undefined || /^\^?(?:[CLMNPSZ]|L[lmotu]|M[cen]|N[dlo])$/.test(name),
  );
}
