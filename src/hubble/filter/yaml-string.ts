/** In single quotes where all of it prints, else in double quotes with escapes. */
export function yamlString(json: string): string {
  if (!UNPRINTABLE.test(json)) return `'${json.replaceAll("'", "''")}'`;
  return `"${json.replace(TO_ESCAPE, escaped)}"`;
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === '"' || char === '\\') return `\\${char}`;
  if (code === 0x85) return '\\N';
  const [letter, digits] = code < 0x100 ? ['x', 2] : code < 0x10000 ? ['u', 4] : ['U', 8];
  return `\\${letter}${code.toString(16).toUpperCase().padStart(digits, '0')}`;
}

// What JSON itself leaves unescaped; that yaml prints nothing beyond the basic plane is its own rule.
const UNPRINTABLE = /[\x7f-\x9f\ufeff\ufffe\uffff\u{10000}-\u{10ffff}]/u;
const TO_ESCAPE = /[\x7f-\x9f\ufeff\ufffe\uffff\u{10000}-\u{10ffff}"\\]/gu;
