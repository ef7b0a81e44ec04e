// Text in double quotes as Go writes it, and bytes as text that loses nothing: what is no UTF-8 is kept as one
// unpaired surrogate a byte, which quotes as `\xNN`.
import { isUtf8 } from 'node:buffer';

/** Where the bytes 0x80 to 0xff that are no UTF-8 go. */
const STRAY = 0xdc00;

/** The bytes as text. */
export function textOfBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at] ?? 0;
    const size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const rune = bytes.subarray(at, at + size);
    const whole = rune.length === size && isUtf8(rune);
    text += whole ? rune.toString('utf8') : String.fromCharCode(STRAY + lead);
    at += whole ? size : 1;
  }
  return text;
}

/** The bytes a text made by `textOfBytes` came from. */
export function bytesOfText(text: string): Buffer {
  if (!/\p{Cs}/u.test(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    [...text].map((char) => {
      const stray = strayByte(char.codePointAt(0) ?? 0);
      return stray === undefined ? Buffer.from(char, 'utf8') : Buffer.of(stray);
    }),
  );
}

/** Whether the character stands for a byte that is no UTF-8. */
export function strayByte(code: number): number | undefined {
  return code >= STRAY + 0x80 && code <= STRAY + 0xff ? code - STRAY : undefined;
}

/** Go's strconv.Quote and %q: what does not print is escaped. */
export function quoted(text: string): string {
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const stray = strayByte(code);
    if (char === '"' || char === '\\') result += `\\${char}`;
    else if (stray !== undefined) result += `\\x${hex(stray, 2)}`;
    else if (/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) result += char;
    else result += escapedRune(code);
  }
  return `${result}"`;
}

/** Go's %q of a character. */
export function quotedRune(code: number): string {
  const char = String.fromCodePoint(code);
  if (char === "'" || char === '\\') return `'\\${char}'`;
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char) ? `'${char}'` : `'${escapedRune(code)}'`;
}

/** The quotes of protobuf's text form, which know fewer escapes. */
export function prototextQuoted(text: string): string {
  let result = '"';
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    const short = char === '"' || char === '\\' ? `\\${char}` : PROTOTEXT_ESCAPES[char];
    if (short !== undefined) result += short;
    else if (code < 0x20 || code === 0x7f) result += `\\x${hex(code, 2)}`;
    else if (code >= 0x80 && code <= 0x9f) result += `\\u${hex(code, 4)}`;
    else result += char;
  }
  return `${result}"`;
}

function escapedRune(code: number): string {
  const short = SHORT_ESCAPES[String.fromCodePoint(code)];
  if (short !== undefined) return short;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

const PROTOTEXT_ESCAPES: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  ...PROTOTEXT_ESCAPES,
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
};
