// Converts a line of an import to the bytes of a response, or returns the reason why it is refused.
import { isUtf8 } from 'node:buffer';
import { responseFromJson } from '../../hubble/json/json.ts';
import { encode } from '../../hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Line } from './lines.ts';

/** Why lines are refused: stable words, each with what to do. */
export const REFUSALS = {
  'too-long': 'longer than --max-line',
  'nul-byte': 'a NUL byte, as in a file that was cut by a crash',
  'invalid-utf8': 'bytes that are no UTF-8 text',
  'multi-line-json':
    'JSON spread over several lines; import takes one record a line: jq -c . FILE | parallax import -',
  'not-json': 'no JSON',
  'not-hubble': 'JSON that is no Hubble flow, lost event or node status',
  'too-large': 'a record larger than the bus takes',
  undecodable: 'a record the writer could not decode',
} as const;

export type RefusalReason = keyof typeof REFUSALS;

export type LineResult =
  | { readonly kind: 'blank' }
  | { readonly kind: 'response'; readonly bytes: Buffer }
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      readonly detail: string;
      /** Byte of the line the reason is at, from 1, where known. */
      readonly column?: number;
    };

/** Characters; what is longer is no line of indented JSON. */
const LONGEST_FRAGMENT = 10_000;

/** Never throws for anything a line can hold. */
export function readLine(line: Line): LineResult {
  const { bytes } = line;
  if (bytes === undefined) {
    return { kind: 'refused', reason: 'too-long', detail: `${line.length} bytes` };
  }
  if (isBlank(bytes)) return { kind: 'blank' };
  const nul = bytes.indexOf(0);
  if (nul !== -1) {
    return {
      kind: 'refused',
      reason: 'nul-byte',
      detail: `byte ${nul + 1} is NUL`,
      column: nul + 1,
    };
  }
  if (!isUtf8(bytes)) {
    const column = firstInvalid(bytes) + 1;
    return {
      kind: 'refused',
      reason: 'invalid-utf8',
      detail: `byte ${column} is no UTF-8`,
      column,
    };
  }
  const text = bytes.toString('utf8');
  try {
    return { kind: 'response', bytes: encode(GetFlowsResponse, responseFromJson(text)) };
  } catch (error) {
    if (!(error instanceof ParallaxError)) throw error;
    return refusal(text, error);
  }
}

function refusal(text: string, error: ParallaxError): LineResult {
  try {
    JSON.parse(text);
    return { kind: 'refused', reason: 'not-hubble', detail: error.message };
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    if (isFragment(text.trim())) return { kind: 'refused', reason: 'multi-line-json', detail };
    const position = /at position (\d+)/.exec(detail)?.[1];
    if (position === undefined) return { kind: 'refused', reason: 'not-json', detail };
    const column = Buffer.byteLength(text.slice(0, Number(position))) + 1;
    return { kind: 'refused', reason: 'not-json', detail, column };
  }
}

/** A line of indented JSON: a bracket alone, or one key or text of an object or list. */
function isFragment(text: string): boolean {
  if (text.length > LONGEST_FRAGMENT) return false;
  return /^[[\]{}]+,?$/.test(text) || /^"(\\.|[^"\\])*"(\s*:.*[[{,"}\]\w]|,)?$/.test(text);
}

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}

/** Index of the first byte that is no part of valid UTF-8: the first that reading as text does not give back. */
function firstInvalid(bytes: Buffer): number {
  const again = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  return at;
}
