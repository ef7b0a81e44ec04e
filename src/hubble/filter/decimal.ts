// Numbers up to a limit as a pattern, for schemas of text.

/** Matches 1 to `limit` in decimal digits, without zeros before them; to be put between `^(` and `)$`. */
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
