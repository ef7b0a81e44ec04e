// Values of literal tokens; undefined for a token that has none.
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

/** A whole number in decimal or, with 0x, hexadecimal. */
export function intLiteral(text: string, negative: boolean): bigint | undefined {
  const value = negative ? -BigInt(text) : BigInt(text);
  return value > INT_MAX || value < -INT_MAX - 1n ? undefined : value;
}

/** The same with the `u` at its end. */
export function uintLiteral(text: string): bigint | undefined {
  const value = BigInt(text.slice(0, -1));
  return value > UINT_MAX ? undefined : value;
}

export function doubleLiteral(text: string, negative: boolean): number | undefined {
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  return negative ? -value : value;
}

/** A string token without quotes and escapes; undefined for an escape that is no character of Unicode. */
export function stringLiteral(token: string): string | undefined {
  const { body, raw } = unquoted(token);
  if (raw) return body;
  let valid = true;
  const text = body.replace(ESCAPES, (escaped) => {
    const point = escapedPoint(escaped);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) valid = false;
    return valid ? String.fromCodePoint(point) : '';
  });
  return valid ? text : undefined;
}

/** A bytes token: octal and \x escapes are bytes, other characters their UTF-8; undefined where \u asks for one. */
export function bytesLiteral(token: string): Uint8Array | undefined {
  const { body, raw } = unquoted(token.slice(1));
  if (raw) return Buffer.from(body, 'utf8');
  const parts: Buffer[] = [];
  let start = 0;
  for (const match of body.matchAll(ESCAPES)) {
    const [escaped] = match;
    if (/^\\[uU]/.test(escaped)) return undefined;
    parts.push(Buffer.from(body.slice(start, match.index), 'utf8'));
    parts.push(Buffer.of(escapedPoint(escaped)));
    start = match.index + escaped.length;
  }
  parts.push(Buffer.from(body.slice(start), 'utf8'));
  return Buffer.concat(parts);
}

const ESCAPES = /\\(?:[xX]..|u.{4}|U.{8}|[0-3]..|[\s\S])/g;
const CONTROLS: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
};

function escapedPoint(escaped: string): number {
  const letter = escaped[1] ?? '';
  if (/[xXuU]/.test(letter)) return Number.parseInt(escaped.slice(2), 16);
  if (/[0-3]/.test(letter)) return Number.parseInt(escaped.slice(1), 8);
  return CONTROLS[letter] ?? letter.charCodeAt(0);
}

function unquoted(token: string): { readonly body: string; readonly raw: boolean } {
  const raw = /^[rR]/.test(token);
  const text = (raw ? token.slice(1) : token).replace(/\r\n?/g, '\n');
  const quotes = /^("""|''')/.test(text) && text.length >= 6 ? 3 : 1;
  return { body: text.slice(quotes, -quotes), raw };
}
