// Numbers and bytes in JSON as Go's protojson parses them: integers also as `1.0` and `1e3`, numbers also as text.
import { GO_SPACE } from './go-space.ts';

const NUMBER =
  /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE](?=[\s\S])(?:[-+](?=[\s\S]))?\d*)?(?![-+._a-zA-Z0-9])/;
const PARTS = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([-+]?\d*))?$/;
const SPACE_AT_END = new RegExp(`${GO_SPACE}$`);
/** As many digits as the largest 64-bit integer has. */
const MAX_DIGITS = 20;

const RANGES = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

/** The number a text begins with: protojson looks at its first token alone, but allows no space around. */
export function startsWithNumber(text: string): string | undefined {
  return SPACE_AT_END.test(text) ? undefined : NUMBER.exec(text)?.[0];
}

/** The integer a JSON number is; undefined when it is none of that kind. */
export function integerOf(number: string, kind: keyof typeof RANGES): bigint | undefined {
  const digits = plainDigits(number);
  if (digits === undefined) return undefined;
  const value = BigInt(digits);
  const [least, most] = RANGES[kind];
  return value < least || value > most ? undefined : value;
}

function plainDigits(number: string): string | undefined {
  if (/^-?[1-9]\d*$/.test(number)) return number;
  const [, sign = '', whole = '', fraction = '', exponent = ''] = PARTS.exec(number) ?? [];
  const int = whole === '0' ? '' : whole;
  const rest = fraction.replace(/0+$/, '');
  if (int === '' && rest === '') return '0';
  if (exponent === '-' || exponent === '+' || exponent.length > 11) return undefined;
  const shift = Number(exponent);
  if (shift < 0) {
    const kept = int.length + shift;
    if (rest !== '' || kept < 1 || /[1-9]/.test(int.slice(kept))) return undefined;
    return sign + int.slice(0, kept);
  }
  if (rest.length > shift || int.length + shift > MAX_DIGITS) return undefined;
  return sign + int + rest + '0'.repeat(shift - rest.length);
}

/** The double or float a JSON number is. */
export function doubleOf(number: string, kind: 'double' | 'float'): number | undefined {
  if (/[eE][-+]?$/.test(number)) return undefined;
  const value = kind === 'float' ? Math.fround(Number(number)) : Number(number);
  return Number.isFinite(value) ? value : undefined;
}

/** Base64 of either alphabet, padded or not. */
export function bytesOfJson(text: string): Uint8Array | undefined {
  const bare = text.replace(/[\r\n]/g, '');
  const alphabet = /[-_]/.test(text) ? /^[A-Za-z0-9_-]*(={0,2})$/ : /^[A-Za-z0-9+/]*(={0,2})$/;
  const padding = alphabet.exec(bare)?.[1];
  if (padding === undefined || (padding === '' ? bare.length % 4 === 1 : bare.length % 4 !== 0))
    return undefined;
  return new Uint8Array(Buffer.from(bare, 'base64'));
}
