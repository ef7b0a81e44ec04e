// Lossless text of bytes: each byte that is not UTF-8 becomes one unpaired surrogate.
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

/** The byte, no UTF-8, that a character stands for. */
export function strayByte(code: number): number | undefined {
  return code >= STRAY + 0x80 && code <= STRAY + 0xff ? code - STRAY : undefined;
}
