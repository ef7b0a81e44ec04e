// The tables that a statement of ours reads, by name: what stands behind FROM, JOIN and IN. Made to err to one side: a
// name that it does not understand is taken for a table, so that a limit on tables is never looser than it says.

// Text, comments, placeholders and quoted names as they are; words with dots; whatever else, character by character.
const TOKEN =
  /'(?:[^'\\]|\\[\s\S]|'')*'|--[^\n]*|\/\*[\s\S]*?\*\/|\{[^{}]*\}|`(?:[^`\\]|\\[\s\S])*`|"(?:[^"\\]|\\[\s\S])*"|[A-Za-z_][\w.]*|\d[\w.]*|\S/g;

const BEHIND_TABLE = new Set([
  ...['where', 'prewhere', 'group', 'order', 'limit', 'having', 'union', 'settings', 'format'],
  ...['inner', 'left', 'right', 'full', 'cross', 'any', 'all', 'asof', 'semi', 'anti', 'join'],
  ...['array', 'on', 'using', 'final', 'sample', 'intersect', 'except', 'window', 'qualify', 'as'],
]);

/** Names of tables, as they are written, those of common table expressions left out. */
export function tablesOf(sql: string): string[] {
  const tokens = [...sql.matchAll(TOKEN)]
    .map(([text]) => text)
    .filter((text) => !text.startsWith('--') && !text.startsWith('/*'));
  const word = (at: number) => (tokens[at] ?? '').toLowerCase();
  const named = new Set<string>();
  for (let at = 2; at < tokens.length; at++)
    if (word(at) === '(' && word(at - 1) === 'as') named.add(nameOf(tokens[at - 2]));
  const found: string[] = [];
  const add = (at: number) => {
    const name = nameOf(tokens[at]);
    if (!named.has(name)) found.push(name);
  };
  for (let at = 0; at < tokens.length; at++) {
    const here = word(at);
    if (here === 'in' && /^[A-Za-z_`"]/.test(tokens[at + 1] ?? '') && word(at + 2) !== '(')
      add(at + 1);
    if (here !== 'from' && here !== 'join') continue;
    if (here === 'join' && word(at - 1) === 'array') continue;
    for (let next = at + 1; isName(tokens[next]); next++) {
      add(next);
      next += word(next + 1) === 'as' ? 3 : isAlias(tokens[next + 1]) ? 2 : 1;
      if (word(next) !== ',') break;
    }
  }
  return found;
}

function isName(token: string | undefined): boolean {
  return token !== undefined && /^[A-Za-z_`"{]/.test(token);
}

function isAlias(token: string | undefined): boolean {
  return isName(token) && !BEHIND_TABLE.has((token ?? '').toLowerCase());
}

function nameOf(token: string | undefined): string {
  return (token ?? '').replace(/^[`"]|[`"]$/g, '');
}
