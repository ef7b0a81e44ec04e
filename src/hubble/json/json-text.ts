// Operations on JSON text without parsing it, so that long numbers, key order and repeated keys are kept.
import { ParallaxError } from '../../runtime/errors.ts';

/** Values nested deeper than this are refused: readers that recurse would not survive them. */
export const MAX_JSON_DEPTH = 100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** The key under which `exactNumbers` keeps the digits of an integer too long for a double. */
export const EXACT_NUMBER = '\u0000digits';

/** Escapes the characters that Go's encoding/json escapes and JSON does not have to. */
export function escapeHtml(json: string): string {
  return /[<>&\u2028\u2029]/.test(json)
    ? json.replace(
        /[<>&\u2028\u2029]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    : json;
}

/** Valid JSON without the white space between its tokens. Throws `hubble/malformed` when it nests too deeply. */
export function compactJson(json: string): string {
  let depth = 0;
  let out = '';
  let kept = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at) - 1;
    } else if (code <= 0x20) {
      out += json.slice(kept, at);
      kept = at + 1;
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_JSON_DEPTH) {
        throw new ParallaxError(
          'hubble/malformed',
          `no Hubble JSON: nested deeper than ${MAX_JSON_DEPTH} at character ${at}`,
        );
      }
    } else if (code === 0x7d || code === 0x5d) {
      depth--;
    }
  }
  return out + json.slice(kept);
}

/** Replaces integers of 16 and more digits by `{EXACT_NUMBER: "digits"}`: JSON.parse would round them. */
export function exactNumbers(json: string): string {
  if (!/[0-9]{16}/.test(json)) return json;
  let out = '';
  let kept = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(json, at) - 1;
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(json, at);
      const digits = json.slice(at, end);
      if (/^-?[1-9][0-9]{15,}$/.test(digits)) {
        out += `${json.slice(kept, at)}{"\\u0000digits":"${digits}"}`;
        kept = end;
      }
      at = end - 1;
    }
  }
  return out + json.slice(kept);
}

/** The index after the closing quote of the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return json.length;
}

function endOfNumber(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && /[0-9.eE+-]/.test(json.charAt(at))) at++;
  return at;
}
