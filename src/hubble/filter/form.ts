/** Schema of a filter flag's text, for documents. The parsers validate, with their own errors. */
export interface FlagForm {
  /** Written as people write it, whatever the case where that is no matter. */
  readonly pattern?: string;
  readonly minLength?: number;
  readonly enum?: readonly string[];
  /** Bodies may have a number in place of the text. */
  readonly number?: { readonly minimum: number; readonly maximum: number };
  /** Bodies may have a truth value in place of the text. */
  readonly boolean?: boolean;
}

/** Any of the words, a comma-separated list of them where `list` is set, in any case. */
export function wordsForm(words: readonly string[], list = false): FlagForm {
  const letter = (each: string) => `[${each}${each.toUpperCase()}]`;
  const any = `(${words.map((word) => word.replace(/[a-z]/g, letter)).join('|')})`;
  return { pattern: list ? `^${any}(,${any})*$` : `^${any}$` };
}

export function numberForm(pattern: string, minimum: number, maximum: number): FlagForm {
  return { pattern: `^${pattern}$`, number: { minimum, maximum } };
}

/** A pattern of 1 to `limit` in decimal digits, without zeros before them. */
export function upTo(limit: bigint): string {
  const digits = [...String(limit)].map(Number);
  const rest = (length: number) => (length === 0 ? '' : `[0-9]{${length}}`);
  const range = (from: number, to: number) => (from === to ? String(from) : `[${from}-${to}]`);
  const ways = digits.length > 1 ? [`[1-9][0-9]{0,${digits.length - 2}}`] : [];
  // The same beginning, then a lower digit, then any.
  for (const [at, digit] of digits.entries()) {
    const least = at === 0 ? 1 : 0;
    const behind = rest(digits.length - at - 1);
    if (digit > least) ways.push(digits.slice(0, at).join('') + range(least, digit - 1) + behind);
  }
  return [...ways, String(limit)].join('|');
}
