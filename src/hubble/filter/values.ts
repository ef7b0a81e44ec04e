// Parsers of filter flag values. Errors are Hubble's.
import { inputError } from '../../runtime/errors.ts';
import { RESERVED_IDENTITIES } from '../identity.ts';
import { EVENT_TYPES } from '../names.ts';
import { quoted } from '../print/text.ts';
import { DropReason, Verdict } from '../proto/schema.gen.ts';
import { TCP_FLAGS } from './event.ts';

export interface EventTypeFilter {
  type?: number;
  match_sub_type?: boolean;
  sub_type?: number;
}

/** Names of the points a trace event was seen at, by event sub type. */
export const TRACE_POINTS = [
  'to-endpoint',
  'to-proxy',
  'to-host',
  'to-stack',
  'to-overlay',
  'from-endpoint',
  'from-proxy',
  'from-host',
  'from-stack',
  'from-overlay',
  'from-network',
  'to-network',
  'from-crypto',
  'to-crypto',
] as const;

const AGENT_EVENTS: Readonly<Record<string, number>> = {
  unspecified: 0,
  message: 1,
  'agent-started': 2,
  'endpoint-regenerate-success': 3,
  'endpoint-regenerate-failure': 4,
  'policy-updated': 5,
  'policy-deleted': 6,
  'endpoint-created': 7,
  'endpoint-deleted': 8,
  'ipcache-upserted': 9,
  'ipcache-deleted': 10,
};

export type TcpFlagName = (typeof TCP_FLAGS)[number];

/**
 * Go's strconv.ParseUint: base 10, or base 0 where `0x`, `0b`, `0o`, a leading 0 and `_` are understood.
 * Throws in its words.
 */
export function parseUint(text: string, base: 0 | 10, bits: number): bigint {
  const refuse = (why: string) => inputError(`strconv.ParseUint: parsing ${quoted(text)}: ${why}`);
  const [radix, digits] = base === 10 ? ([10, text] as const) : radixOf(text);
  const most = (1n << BigInt(bits)) - 1n;
  let value = 0n;
  for (const char of digits) {
    if (char === '_' && base === 0) continue;
    const digit = /^[0-9a-zA-Z]$/.test(char) ? Number.parseInt(char, 36) : radix;
    if (digit >= radix) throw refuse('invalid syntax');
    value = value * BigInt(radix) + BigInt(digit);
    // Reported before a wrong digit behind it.
    if (value > most) throw refuse('value out of range');
  }
  if (digits === '' || (base === 0 && !hasGoodUnderscores(text))) throw refuse('invalid syntax');
  return value;
}

function radixOf(text: string): readonly [number, string] {
  const prefix = /^0[xXoObB](?=.)/s.exec(text)?.[0].toLowerCase();
  if (prefix !== undefined)
    return [prefix === '0x' ? 16 : prefix === '0o' ? 8 : 2, text.slice(prefix.length)];
  return text.startsWith('0') && text !== '0' ? [8, text.slice(1)] : [10, text];
}

/** Underscores stand between digits, or behind the prefix. */
function hasGoodUnderscores(text: string): boolean {
  const digits = text.replace(/^0[xXoObB]/, '0');
  return !/^_|_$|__/.test(digits);
}

/** `name[:sub]` or numbers. */
export function parseEventType(text: string): EventTypeFilter {
  const [name = '', ...rest] = text.split(':');
  const known = Object.hasOwn(EVENT_TYPES, name)
    ? EVENT_TYPES[name as keyof typeof EVENT_TYPES] // it has it
    : undefined;
  const type =
    known ??
    orElse(
      () => parseUint(name, 10, 32),
      `unable to parse type '${name}', not a known type name and unable to parse as numeric value: `,
    );
  if (rest.length === 0) return { type };
  const sub = rest.join(':');
  // Names of sub types go with names of types.
  const point =
    known === EVENT_TYPES.trace ? TRACE_POINTS.indexOf(sub as (typeof TRACE_POINTS)[number]) : -1;
  const agent =
    known === EVENT_TYPES.agent && Object.hasOwn(AGENT_EVENTS, sub) ? AGENT_EVENTS[sub] : undefined;
  const sub_type =
    point >= 0
      ? point
      : (agent ??
        orElse(
          () => parseUint(sub, 10, 32),
          `unable to parse event sub-type '${sub}', not a known sub-type name and unable to parse as numeric value: `,
        ));
  return { type, match_sub_type: true, sub_type };
}

// Numbers above 2^31 wrap, as they do in the reference.
function orElse(parse: () => bigint, prefix: string): number {
  try {
    return Number(BigInt.asIntN(32, parse()));
  } catch (error) {
    throw inputError(prefix + (error instanceof Error ? error.message : String(error)));
  }
}

export function parseIdentity(text: string): number {
  const reserved = RESERVED_IDENTITIES.indexOf(text);
  if (reserved > 0) return reserved;
  try {
    return Number(parseUint(text, 0, 32));
  } catch {
    const names = [...RESERVED_IDENTITIES.slice(1), '11'].join(' ');
    throw inputError(`invalid security identity, expected one of [${names}] or a numeric value`);
  }
}

export function parseTcpFlags(text: string): Partial<Record<TcpFlagName, boolean>> {
  const flags: Partial<Record<TcpFlagName, boolean>> = {};
  for (const name of text.split(',')) {
    const flag = TCP_FLAGS.find((known) => known === name.toUpperCase());
    if (flag === undefined) throw inputError(`unknown tcp flag: ${name}`);
    flags[flag] = true;
  }
  return flags;
}

/** 1 for IPv4, 2 for IPv6; whatever else is written means flows without IP. */
export function parseIpVersion(text: string): number {
  switch (text.toLowerCase()) {
    case '4':
    case 'v4':
    case 'ip4':
    case 'ipv4':
      return 1;
    case '6':
    case 'v6':
    case 'ip6':
    case 'ipv6':
      return 2;
    default:
      return 0;
  }
}

/** `name`, `Kind/name` or `Kind/`. */
export function parseWorkload(text: string): { name?: string; kind?: string } {
  const slash = text.indexOf('/');
  const kind = slash < 0 ? '' : text.slice(0, slash);
  const name = text.slice(slash + 1);
  return { ...(name === '' ? {} : { name }), ...(kind === '' ? {} : { kind }) };
}

export function parseHeader(text: string): { key: string; value: string } {
  const colon = text.indexOf(':');
  if (colon < 0) throw inputError(`invalid http-header value ${quoted(text)}, expected name:value`);
  return { key: text.slice(0, colon), value: text.slice(colon + 1) };
}

export function parseDirection(text: string): number {
  const name = text.toLowerCase();
  const direction = ['ingress', 'egress'].indexOf(name);
  if (direction < 0)
    throw inputError(`${name}: invalid traffic direction, expected ingress or egress`);
  return direction + 1;
}

export function parseIpTraceId(text: string): bigint {
  // Other ways to write 0 pass, as in the reference.
  if (text === '0') throw inputError('invalid --ip-trace-id value; must be greater than 0');
  try {
    return parseUint(text, 10, 64);
  } catch (error) {
    throw inputError(
      `invalid --ip-trace-id value: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export function parseVerdict(name: string): number {
  if (!Object.hasOwn(Verdict.numbers, name)) throw inputError(`invalid --verdict value: ${name}`);
  return Verdict.numbers[name as keyof typeof Verdict.numbers]; // it has it
}

export function parseDropReason(name: string): number {
  if (name === '') throw inputError('empty --drop-reason-desc value');
  if (!Object.hasOwn(DropReason.numbers, name))
    throw inputError(`invalid --drop-reason-desc value: ${name}`);
  return DropReason.numbers[name as keyof typeof DropReason.numbers]; // it has it
}
