// Sets of characters that RE2 syntax has names for, and what case-insensitive patterns take for the same character.

/** True for the code points a character class or literal accepts. */
export type CharTest = (codePoint: number) => boolean;

/** `[0-9A-Za-z_]`, RE2's idea of a word. */
export function isWord(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || c === 95 || (c >= 97 && c <= 122);
}

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

/** `\d`, `\S` and their like. */
export function perlClass(letter: string, fold: boolean): CharTest | undefined {
  const lower = letter.toLowerCase();
  const base = Object.hasOwn(PERL, lower) ? PERL[lower] : undefined;
  return base && maybeNegated(fold ? folded(base) : base, letter !== lower);
}

/** `[:alpha:]`, `[:^alpha:]`, brackets and all. */
export function posixClass(name: string, fold: boolean): CharTest | undefined {
  const [, negated, word = ''] = /^\[:(\^?)([a-z]+):\]$/.exec(name) ?? [];
  const expression = Object.hasOwn(POSIX, word) ? POSIX[word] : undefined;
  if (expression === undefined) return undefined;
  const base: CharTest = (c) => expression.test(String.fromCodePoint(c));
  return maybeNegated(fold ? folded(base) : base, negated === '^');
}

/** Categories by their long names, those of one and two letters aside. */
const CATEGORIES =
  'Cased_Letter Close_Punctuation Combining_Mark Connector_Punctuation Control Currency_Symbol Dash_Punctuation Decimal_Number Enclosing_Mark Final_Punctuation Format Initial_Punctuation Letter Letter_Number Line_Separator Lowercase_Letter Mark Math_Symbol Modifier_Letter Modifier_Symbol Nonspacing_Mark Number Open_Punctuation Other Other_Letter Other_Number Other_Punctuation Other_Symbol Paragraph_Separator Private_Use Punctuation Separator Space_Separator Spacing_Mark Surrogate Symbol Titlecase_Letter Unassigned Uppercase_Letter cntrl digit punct'.split(
    ' ',
  );
const CATEGORY_NAMES: ReadonlyMap<string, string> = new Map(
  CATEGORIES.map((name) => [canonical(name), name]),
);
const SHORT_CATEGORY = /^(?:C[cfnos]?|L[clmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;
/** Scripts of four letters. Others with four are the short names of scripts, which Go does not take. */
const SHORT_SCRIPTS = ['Ahom', 'Cham', 'Kawi', 'Lisu', 'Modi', 'Newa', 'Thai', 'Toto'];

/** Blanks, dashes and case make no difference. */
function canonical(name: string): string {
  const text = name.replace(/[-_ ]/g, '').replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return text.replace(/^[a-z]/, (letter) => letter.toUpperCase());
}

/** What stands between the braces of `\p{…}`, without `^`. Of scripts Go takes those of a single word. */
export function unicodeClass(name: string, fold: boolean): CharTest | undefined {
  const property = propertyOf(canonical(name));
  if (property === undefined) return undefined;
  const base: CharTest = (c) => property.test(String.fromCodePoint(c));
  return fold ? folded(base) : base;
}

function propertyOf(name: string): RegExp | undefined {
  if (name === 'Any') return /[\s\S]/u;
  if (name === 'Assigned') return /\P{Cn}/u;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class is defined by them
  if (name === 'Ascii') return /[\x00-\x7f]/u;
  if (name === 'Lc') return /\p{LC}/u;
  if (SHORT_CATEGORY.test(name)) return new RegExp(`\\p{${name}}`, 'u');
  const category = CATEGORY_NAMES.get(name);
  if (category !== undefined) return new RegExp(`\\p{${category}}`, 'u');
  if (!/^[A-Z][a-z]+$/.test(name) || (name.length === 4 && !SHORT_SCRIPTS.includes(name)))
    return undefined;
  try {
    return new RegExp(`\\p{Script=${name}}`, 'u');
  } catch {
    return undefined;
  }
}

function maybeNegated(test: CharTest, negated: boolean): CharTest {
  return negated ? (c) => !test(c) : test;
}

/** Accepts what is the same as an accepted character but for its case. */
export function folded(test: CharTest): CharTest {
  return (c) => {
    if (test(c)) return true;
    const same = c < 0x41 ? undefined : caseMates().get(c);
    return same?.some(test) === true;
  };
}

let mates: ReadonlyMap<number, readonly number[]> | undefined;
/** Beyond it no character has a case. */
const LAST_CASED = 0x1e943;
/** Dotted capital I and dotless small i are the same as no other. */
const LONELY: ReadonlySet<number> = new Set([0x130, 0x131]);

/** Code points that are the same but for their case, found once. */
function caseMates(): ReadonlyMap<number, readonly number[]> {
  if (mates !== undefined) return mates;
  const groups = new Map<string, number[]>();
  for (let c = 0x41; c <= LAST_CASED; c++) {
    const char = String.fromCodePoint(c);
    const key = single(single(char, 'toUpperCase'), 'toLowerCase');
    if (LONELY.has(c) || (key === char && single(char, 'toUpperCase') === char)) continue;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(c);
  }
  mates = new Map([...groups.values()].flatMap((group) => group.map((c) => [c, group] as const)));
  return mates;
}

/** The character in the other case, when that is one character. */
function single(char: string, change: 'toUpperCase' | 'toLowerCase'): string {
  const changed = char[change]();
  return [...changed].length === 1 ? changed : char;
}
