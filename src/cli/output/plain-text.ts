// Flows carry text of strangers (DNS names, URLs, labels). Characters that drive a terminal or reorder its text are
// shown as escapes: C0, C1, DEL, bidirectional controls, and Unicode's line separators.

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const CONTROL = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const SPACE = /[\t\n\v\f\r]+/g;

/** Text on one line. */
export function plainText(text: string): string {
  return text.replace(SPACE, ' ').replace(CONTROL, escaped);
}

/** Text that keeps its line feeds. JSON and double-quoted YAML read the escapes back as the characters they stand for. */
export function plainLines(text: string): string {
  return text.replace(CONTROL, (found) => (found === '\n' ? found : escaped(found)));
}

/** Line feeds aside. */
export function hasControls(text: string): boolean {
  return plainLines(text) !== text;
}

function escaped(found: string): string {
  return `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
