// Reads the values of filter flags into the values of FlowFilter fields; refusals are in Hubble's own words.
import { ParallaxError } from '../../runtime/errors.ts';
import { RESERVED_IDENTITIES } from '../identity.ts';
import { EVENT_TYPES } from '../names.ts';
import { quoted } from '../print/text.ts';

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
  'policy-updated': 3,
  'policy-deleted': 4,
  'endpoint-regenerate-success': 5,
  'endpoint-regenerate-failure': 6,
  'endpoint-created': 7,
  'endpoint-deleted': 8,
  'ipcache-upserted': 9,
  'ipcache-deleted': 10,
  'service-upserted': 11,
  'service-deleted': 12,
};

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'] as const;
export type TcpFlagName = (typeof TCP_FLAGS)[number];

export function invalid(message: string): ParallaxError {
  return new ParallaxError('input/invalid', message);
}

/**
 * Go's strconv.ParseUint: base 10, or base 0 where `0x`, `0b`, `0o`, a leading 0 and `_` are understood.
 * Throws in its words.
 */
export function parseUint(text: string, base: 0 | 10, bits: number): bigint {
  const value = base === 10 ? (/^[0-9]+$/.test(text) ? BigInt(text) : undefined) : baseZero(text);
  const problem = (why: string) => invalid(`strconv.ParseUint: parsing ${quoted(text)}: ${why}`);
  if (value === undefined) throw problem('invalid syntax');
  if (value >= 1n << BigInt(bits)) throw problem('value out of range');
  return value;
}

function baseZero(text: string): bigint | undefined {
  const digits = text.replace(/(?<=[\da-fA-FxXoObB])_(?=[\da-fA-F])/g, '');
  if (/^(0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|0|[1-9]\d*)$/.test(digits)) return BigInt(digits);
  return /^0[0-7]+$/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : undefined;
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
      () => parseUint(name, 0, 32),
      `unable to parse type '${name}', not a known type name and unable to parse as numeric value: `,
    );
  if (rest.length === 0) return { type };
  const sub = rest.join(':');
  const point = type === 4 ? TRACE_POINTS.indexOf(sub as (typeof TRACE_POINTS)[number]) : -1;
  const agent = type === 130 ? AGENT_EVENTS[sub] : undefined;
  const sub_type =
    point >= 0
      ? point
      : (agent ??
        orElse(
          () => parseUint(sub, 0, 32),
          `unable to parse event sub-type '${sub}', not a known sub-type name and unable to parse as numeric value: `,
        ));
  return { type, match_sub_type: true, sub_type };
}

// Numbers above 2^31 wrap, as they do in the reference.
function orElse(parse: () => bigint, prefix: string): number {
  try {
    return Number(BigInt.asIntN(32, parse()));
  } catch (error) {
    throw invalid(prefix + (error instanceof Error ? error.message : String(error)));
  }
}

export function parseIdentity(text: string): number {
  const reserved = RESERVED_IDENTITIES.indexOf(text);
  if (reserved > 0) return reserved;
  try {
    return Number(parseUint(text, 0, 32));
  } catch {
    const names = [...RESERVED_IDENTITIES.slice(1), '11'].join(' ');
    throw invalid(`invalid security identity, expected one of [${names}] or a numeric value`);
  }
}

export function parseTcpFlags(text: string): Partial<Record<TcpFlagName, boolean>> {
  const flags: Partial<Record<TcpFlagName, boolean>> = {};
  for (const name of text.split(',')) {
    const flag = TCP_FLAGS.find((known) => known === name.toUpperCase());
    if (flag === undefined) throw invalid(`unknown tcp flag: ${name}`);
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
  if (colon < 0) throw invalid(`invalid http-header value ${quoted(text)}, expected name:value`);
  return { key: text.slice(0, colon), value: text.slice(colon + 1) };
}

export function parseDirection(text: string): number {
  const direction = ['ingress', 'egress'].indexOf(text.toLowerCase());
  if (direction < 0)
    throw invalid(`${text}: invalid traffic direction, expected ingress or egress`);
  return direction + 1;
}

export function parseIpTraceId(text: string): bigint {
  let id: bigint;
  try {
    id = parseUint(text, 10, 64);
  } catch (error) {
    throw invalid(
      `invalid --ip-trace-id value: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (id === 0n) throw invalid('invalid --ip-trace-id value; must be greater than 0');
  return id;
}
