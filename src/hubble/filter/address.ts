// IP addresses and prefixes as Go's netip parses them: strict decimal octets, no zone in a prefix, IPv4-mapped
// addresses stay IPv6. Errors are netip's, which Hubble shows.
import { quoted } from '../print/text.ts';

export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
  readonly zone: string;
}

export interface Prefix {
  readonly bits: 32 | 128;
  readonly first: bigint;
  readonly last: bigint;
  readonly length: number;
}

/** Why a text is no address, and where that showed. */
class Problem {
  readonly message: string;
  readonly at: string;
  constructor(message: string, at = '') {
    this.message = message;
    this.at = at;
  }
}

/** The address, or undefined when the text is none. */
export function parseAddress(text: string): Address | undefined {
  const read = readAddress(text);
  return read instanceof Problem ? undefined : read;
}

/** The prefix, host bits allowed; undefined when the text is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const read = readPrefix(text);
  return typeof read === 'string' ? undefined : read;
}

export function contains(prefix: Prefix, address: Address): boolean {
  return (
    prefix.bits === address.bits &&
    address.zone === '' &&
    address.value >= prefix.first &&
    address.value <= prefix.last
  );
}

/** Why netip refuses the address; empty when it does not. */
export function addressProblem(text: string): string {
  const read = readAddress(text);
  if (!(read instanceof Problem)) return '';
  const at = read.at === '' ? '' : ` (at ${quoted(read.at)})`;
  return `ParseAddr(${quoted(text)}): ${read.message}${at}`;
}

/** Why netip refuses the prefix; empty when it does not. */
export function prefixProblem(text: string): string {
  const read = readPrefix(text);
  return typeof read === 'string' ? `netip.ParsePrefix(${quoted(text)}): ${read}` : '';
}

function readPrefix(text: string): Prefix | string {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return "no '/'";
  const before = text.slice(0, slash);
  const address = readAddress(before);
  if (address instanceof Problem) return addressProblem(before);
  if (address.zone !== '') return 'IPv6 zones cannot be present in a prefix';
  const digits = text.slice(slash + 1);
  if (!/^(?:[0-9]|[1-9][0-9]{1,18})$/.test(digits) || BigInt(digits) >= 1n << 63n)
    return `bad bits after slash: ${quoted(digits)}`;
  const length = Number(digits);
  if (length > address.bits) return 'prefix length out of range';
  const host = (1n << BigInt(address.bits - length)) - 1n;
  const first = address.value - (address.value & host);
  return { bits: address.bits, first, last: first | host, length };
}

// The first dot, colon or percent sign decides how the text is parsed.
function readAddress(text: string): Address | Problem {
  const first = /[.:%]/.exec(text)?.[0];
  switch (first) {
    case '.': {
      const value = readIpv4(text);
      return value instanceof Problem ? value : { bits: 32, value, zone: '' };
    }
    case ':': {
      const percent = text.indexOf('%');
      const zone = percent < 0 ? '' : text.slice(percent + 1);
      if (percent >= 0 && zone === '') return new Problem('zone must be a non-empty string');
      const value = readIpv6(percent < 0 ? text : text.slice(0, percent));
      return value instanceof Problem ? value : { bits: 128, value, zone };
    }
    case '%':
      return new Problem('missing IPv6 address');
    default:
      return new Problem('unable to parse IP');
  }
}

function readIpv4(text: string): bigint | Problem {
  let value = 0n;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if (char >= '0' && char <= '9') {
      if (digits === 1 && octet === 0) return new Problem('IPv4 field has octet with leading zero');
      octet = octet * 10 + Number(char);
      digits++;
      if (octet > 255) return new Problem('IPv4 field has value >255');
    } else if (char === '.') {
      if (at === 0 || at === text.length - 1 || text[at - 1] === '.')
        return new Problem('IPv4 field must have at least one digit', text.slice(at));
      if (dots === 3) return new Problem('IPv4 address too long');
      value = (value << 8n) | BigInt(octet);
      dots++;
      octet = 0;
      digits = 0;
    } else {
      return new Problem('unexpected character', text.slice(at));
    }
  }
  if (dots < 3) return new Problem('IPv4 address too short');
  return (value << 8n) | BigInt(octet);
}

const GROUPS = 8;

function readIpv6(text: string): bigint | Problem {
  const groups: number[] = [];
  let rest = text;
  let ellipsis = -1;
  if (rest.startsWith('::')) {
    ellipsis = 0;
    rest = rest.slice(2);
    if (rest === '') return 0n;
  }
  while (groups.length < GROUPS) {
    const hex = /^[0-9a-fA-F]*/.exec(rest)?.[0] ?? '';
    if (hex.length > 4) return new Problem('each group must have 4 or less digits', rest);
    if (hex === '')
      return new Problem('each colon-separated field must have at least one digit', rest);
    if (rest[hex.length] === '.') {
      const embedded = readEmbedded(rest, groups.length, ellipsis >= 0);
      if (embedded instanceof Problem) return embedded;
      groups.push(Number(embedded >> 16n), Number(embedded & 0xffffn));
      rest = '';
      break;
    }
    groups.push(Number.parseInt(hex, 16));
    rest = rest.slice(hex.length);
    if (rest === '') break;
    if (rest[0] !== ':') return new Problem('unexpected character, want colon', rest);
    if (rest.length === 1) return new Problem('colon must be followed by more characters', rest);
    rest = rest.slice(1);
    if (rest[0] !== ':') continue;
    if (ellipsis >= 0) return new Problem('multiple :: in address', rest);
    ellipsis = groups.length;
    rest = rest.slice(1);
    if (rest === '') break;
  }
  if (rest !== '') return new Problem('trailing garbage after address', rest);
  if (groups.length < GROUPS) {
    if (ellipsis < 0) return new Problem('address string too short');
    groups.splice(ellipsis, 0, ...new Array<number>(GROUPS - groups.length).fill(0));
  } else if (ellipsis >= 0) {
    return new Problem('the :: must expand to at least one field of zeros');
  }
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

function readEmbedded(rest: string, groups: number, shortened: boolean): bigint | Problem {
  if (!shortened && groups !== GROUPS - 2)
    return new Problem(
      'embedded IPv4 address must replace the final 2 fields of the address',
      rest,
    );
  if (groups > GROUPS - 2)
    return new Problem(
      'too many hex fields to fit an embedded IPv4 at the end of the address',
      rest,
    );
  return readIpv4(rest);
}
