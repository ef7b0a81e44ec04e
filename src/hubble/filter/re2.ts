// Regular expressions of filters and CEL: RE2 syntax in linear time, because filters come from strangers and
// JavaScript's engine backtracks.
import { RE2JS, RE2JSSyntaxException, RE2Set } from 're2js';

/** Patterns that people write have tens of characters and instructions. */
const MAX_PATTERN_CHARS = 4096;
/** Each flow pays for them: about 10 ns an instruction and character at worst. */
const MAX_INSTRUCTIONS = 2000;
/** A Unicode class counts as so many instructions: ClickHouse's RE2 spells it out range by range. */
const UNICODE_CLASS = 40;
/** Bytes of cached automaton states a pattern; re2js would take 8 MiB. Beyond them the cache starts over. */
const STATE_CACHE_BYTES = 64 * 1024;
const SHOWN_CHARS = 200;

export class RegexError extends Error {}

export interface SafeRegex {
  /** True when the pattern matches anywhere in the text. */
  test(text: string): boolean;
}

/** Compiles RE2 syntax. Throws RegexError in Go's words. */
export function compileRegex(source: string): SafeRegex {
  if (source.length > MAX_PATTERN_CHARS) throw refused('expression too large', source);
  if (LITERAL.test(source)) {
    const literal = source.replace(/\\(.)/g, '$1');
    return { test: (text) => text.includes(literal) };
  }
  const regex = compiled(source);
  const { dfa } = regex.re2();
  dfa.stateBudget = STATE_CACHE_BYTES;
  dfa.memBudget = STATE_CACHE_BYTES;
  return { test: (text) => regex.test(text) };
}

/** Ordinary characters and escaped punctuation. */
const LITERAL = /^(?:[^\\.+*?()|[\]{}^$]|\\[!-/:-@[-`{-~])*$/;

function compiled(source: string): RE2JS {
  const fits = estimatedSize(source) <= MAX_INSTRUCTIONS;
  let regex = attempt(source, fits);
  if (regex instanceof RE2JSSyntaxException) {
    const again = attempt(plainSpelling(source), fits);
    if (!(again instanceof RE2JSSyntaxException) || again.error !== regex.error) regex = again;
  }
  if (regex instanceof RE2JSSyntaxException) throw refused(regex.error, regex.input ?? '');
  if (regex === undefined || regex.programSize() > MAX_INSTRUCTIONS)
    throw refused('expression too large', source);
  return regex;
}

/** Undefined for a pattern that does not fit and is only parsed: short ones make programs of a million instructions. */
function attempt(source: string, fits: boolean): RE2JS | RE2JSSyntaxException | undefined {
  try {
    if (fits) return RE2JS.compile(source);
    // A set parses without compiling.
    new RE2Set().add(source);
    return undefined;
  } catch (error) {
    if (error instanceof RE2JSSyntaxException) return error;
    throw error;
  }
}

const CATEGORIES = ['Letter', 'Mark', 'Number', 'Punctuation', 'Separator', 'Symbol', 'Other'];

/** Rewrites syntax that re2js lacks: Unicode classes in any case, categories by name, repeated group names. */
function plainSpelling(source: string): string {
  return source.replace(
    /\(\?P?<\w+>|\\(?:([pP])(?:\{(\^?)(\w+)\}|(\w))|[\s\S])/g,
    (token, kind, not = '', name = '', letter = '') => {
      if (kind === undefined) return token.startsWith('(') ? '(' : token;
      const text = `${name}${letter}`.toLowerCase().replace(/^./, (first) => first.toUpperCase());
      const category = text === 'Separator' ? 'Z' : text === 'Other' ? 'C' : text[0];
      return `\\${kind}{${not}${CATEGORIES.includes(text) ? category : text}}`;
    },
  );
}

function refused(what: string, where: string): RegexError {
  return new RegexError(`error parsing regexp: ${what}: \`${shownPattern(where)}\``);
}

/** A pattern for a message, which must not grow with it. */
export function shownPattern(source: string): string {
  return source.length > SHOWN_CHARS ? `${source.slice(0, SHOWN_CHARS)}…` : source;
}

const TOKEN =
  /\\Q[\s\S]*?(?:\\E|$)|\\[pP](?:\{[^}]*\}|.)|\\x\{[^}]*\}|\\[\s\S]|\[\^?\]?(?:\[:\^?\w+:\]|\\[\s\S]|[^\]\\])*\]?|\{\d+(?:,\d*)?\}|[\s\S]/gu;

/** Instructions of the program, somewhat more than less; wrong syntax is left to the parser. */
function estimatedSize(source: string): number {
  const groups = [0];
  /** Size of what a count repeats. */
  let last = 0;
  for (const [token] of source.matchAll(TOKEN)) {
    if (token === '(') {
      groups.push(2);
      continue;
    }
    let added = 1;
    if (/^\{./u.test(token)) {
      added = last * (Math.max(...(token.match(/\d+/g) ?? []).map(Number)) - 1);
    } else {
      if (token === ')' && groups.length > 1) added = groups.pop() ?? 0;
      else if (/^\\Q/.test(token)) added = token.length;
      else if (/\\p/i.test(token)) added = UNICODE_CLASS;
      last = added;
    }
    groups.push((groups.pop() ?? 0) + added);
  }
  return groups.reduce((sum, size) => sum + size, 0);
}
