// IP addresses and prefixes as Go's netip reads them: strict decimal octets, zones never inside a prefix,
// IPv4-mapped addresses stay IPv6.

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

/** The address, or undefined when the text is none. */
export function parseAddress(text: string): Address | undefined {
  const colon = text.indexOf(':');
  if (colon < 0) {
    const value = parseIpv4(text);
    return value === undefined ? undefined : { bits: 32, value, zone: '' };
  }
  const percent = text.indexOf('%');
  const zone = percent < 0 ? '' : text.slice(percent + 1);
  if (percent >= 0 && zone === '') return undefined;
  const value = parseIpv6(percent < 0 ? text : text.slice(0, percent));
  return value === undefined ? undefined : { bits: 128, value, zone };
}

function parseIpv4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return value;
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...tail])
    value = (value << 16n) | BigInt(group);
  return value;
}

function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const result: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes('.')) {
      const v4 = parseIpv4(part);
      if (v4 === undefined) return undefined;
      result.push(Number(v4 >> 16n), Number(v4 & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      result.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return result;
}

/** The prefix, host bits allowed; undefined when the text is none. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || address.zone !== '' || !/^(0|[1-9]\d{0,2})$/.test(digits))
    return undefined;
  const length = Number(digits);
  if (length > address.bits) return undefined;
  const host = (1n << BigInt(address.bits - length)) - 1n;
  const first = address.value - (address.value & host);
  return { bits: address.bits, first, last: first | host, length };
}

export function contains(prefix: Prefix, address: Address): boolean {
  return (
    prefix.bits === address.bits &&
    address.zone === '' &&
    address.value >= prefix.first &&
    address.value <= prefix.last
  );
}

/** Why Go's netip.ParseAddr refuses the text. */
export function addressProblem(text: string): string {
  const quoted = JSON.stringify(text);
  if (text === '' || !/[.:%]/.test(text)) return `ParseAddr(${quoted}): unable to parse IP`;
  if (text.includes('%') && !text.includes(':'))
    return `ParseAddr(${quoted}): unexpected character (at ${JSON.stringify(text.slice(text.indexOf('%')))})`;
  return `ParseAddr(${quoted}): ${text.includes(':') ? 'each group must have 4 or less digits' : 'IPv4 field has value >255'}`;
}
