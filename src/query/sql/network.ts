// Networks as conditions over an address column, whose addresses are text as nodes wrote them. Where the column has
// indexes of networks (migration 0008) the condition also says, in the words of those, which the address must be of.
import type { AddressFilter } from '../../hubble/filter/endpoint.ts';
import { EMPTY, param, type Sql, sql } from '../../store/sql.ts';

import { string, strings } from './values.ts';

export type Network = Extract<AddressFilter, { network: unknown }>['network'];

/** Bits of an address that the indexes keep. */
const INDEXED_BITS = { 32: 16, 128: 48 } as const;
/** More lookups than these, each wrong once in a hundred, and an index rules out too little to be worth asking. */
const MOST_LOOKUPS = 16;
const INDEXED: ReadonlySet<string> = new Set(['ip_source', 'ip_destination']);

/** Addresses in `name` that the network contains. */
export function networkCondition({ bits, first, last, length }: Network, name: Sql): Sql {
  if (bits === 32) {
    const number = sql`toUInt32(toIPv4OrDefault(${name}))`;
    // Few enough to be named, each of which is written in one way only.
    if (last - first < MOST_LOOKUPS)
      return sql`${name} IN ${strings(range(first, last).map(ipv4Text))}`;
    const low = param(Number(first), 'UInt32');
    const high = param(Number(last), 'UInt32');
    const same = sameOctets(first, length);
    const begins = same === '' ? EMPTY : sql`startsWith(${name}, ${string(same)}) AND `;
    const indexed = indexedPrefix(
      { bits, first, last },
      name,
      (shift) => sql`bitShiftRight(${number}, ${shift})`,
    );
    // Go reads no leading zeros in an octet, the engine might.
    return sql`${begins}isIPv4String(${name}) AND NOT match(${name}, ${string('(^|\\.)0[0-9]')}) AND ${number} BETWEEN ${low} AND ${high}${indexed}`;
  }
  const low = string(ipv6Text(first));
  const high = string(ipv6Text(last));
  const indexed = indexedPrefix(
    { bits, first, last },
    name,
    (shift) => sql`toUInt64(bitShiftRight(toUInt128(toIPv6OrDefault(${name})), ${shift}))`,
  );
  return sql`isIPv6String(${name}) AND position(${name}, ':') > 0 AND toIPv6OrDefault(${name}) BETWEEN toIPv6(${low}) AND toIPv6(${high})${indexed}`;
}

/** Says nothing that the numbers do not say, but the engine has an index of it; empty when that would not help. */
function indexedPrefix(
  { bits, first, last }: Pick<Network, 'bits' | 'first' | 'last'>,
  name: Sql,
  prefix: (shift: number) => Sql,
): Sql {
  const shift = bits - INDEXED_BITS[bits];
  const [from, to] = [first >> BigInt(shift), last >> BigInt(shift)];
  const [column] = name.columns;
  if (column === undefined || !INDEXED.has(column) || to - from >= MOST_LOOKUPS) return EMPTY;
  const type = bits === 32 ? 'Array(UInt32)' : 'Array(UInt64)';
  return sql` AND ${prefix(shift)} IN ${param(range(from, to).map(Number), type)}`;
}

function range(from: bigint, to: bigint): bigint[] {
  return Array.from({ length: Number(to - from) + 1 }, (_, i) => from + BigInt(i));
}

function octets(address: bigint): string[] {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n));
}

function ipv4Text(address: bigint): string {
  return octets(address).join('.');
}

/** How all addresses of an IPv4 network are written alike: its whole octets. */
function sameOctets(first: bigint, length: number): string {
  return octets(first)
    .slice(0, Math.floor(length / 8))
    .map((octet) => `${octet}.`)
    .join('');
}

function ipv6Text(value: bigint): string {
  const hex = value.toString(16).padStart(32, '0');
  return hex.replace(/(.{4})(?=.)/g, '$1:');
}
