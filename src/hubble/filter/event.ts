// FlowFilter fields of the event and its protocols.
import { inputError } from '../../runtime/errors.ts';
import { quoted } from '../print/text.ts';
import type { FlowFilter } from '../proto/schema.gen.ts';
import { some, type Test } from './condition.ts';
import { compileRegex, RegexError, type SafeRegex } from './re2.ts';

export function* eventTypeTests({ event_type }: FlowFilter): Generator<Test> {
  if (!some(event_type)) return;
  yield (flow) => {
    const event = flow?.event_type;
    if (event === undefined) return false;
    return event_type.some(
      (wanted) =>
        ((wanted.type ?? 0) === 0 || wanted.type === (event.type ?? 0)) &&
        (wanted.match_sub_type !== true || (wanted.sub_type ?? 0) === (event.sub_type ?? 0)),
    );
  };
}

export function* interfaceTests({ interface: interfaces }: FlowFilter): Generator<Test> {
  if (!some(interfaces)) return;
  yield (flow) => {
    const seen = flow?.interface;
    if (seen === undefined) return false;
    return interfaces.some(
      (wanted) =>
        ((wanted.index ?? 0) === 0 || wanted.index === seen.index) &&
        ((wanted.name ?? '') === '' || wanted.name === seen.name),
    );
  };
}

export function* tcpTests({ tcp_flags }: FlowFilter): Generator<Test> {
  if (!some(tcp_flags)) return;
  const wanted = tcp_flags.map((flags) => TCP_FLAGS.filter((name) => flags[name] === true));
  yield (flow) => {
    const flags = flow?.l4?.TCP?.flags;
    if (flags === undefined) return false;
    return wanted.some((names) => names.every((name) => flags[name] === true));
  };
}

export const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'] as const;

const L4_MEMBERS = {
  tcp: ['TCP'],
  udp: ['UDP'],
  icmp: ['ICMPv4', 'ICMPv6'],
  icmpv4: ['ICMPv4'],
  icmpv6: ['ICMPv6'],
  sctp: ['SCTP'],
  vrrp: ['VRRP'],
  igmp: ['IGMP'],
} as const;
type L4Member = (typeof L4_MEMBERS)[keyof typeof L4_MEMBERS][number];
const L7_MEMBERS = ['dns', 'http', 'kafka'] as const;

/** Members of the l4 or l7 oneof that a protocol filter matches. */
export function protocolMembers(
  name: string,
):
  | { readonly layer: 'l4'; readonly members: readonly L4Member[] }
  | { readonly layer: 'l7'; readonly member: (typeof L7_MEMBERS)[number] } {
  const lower = name.toLowerCase();
  const member = L7_MEMBERS.find((known) => known === lower);
  if (member !== undefined) return { layer: 'l7', member };
  if (Object.hasOwn(L4_MEMBERS, lower))
    return { layer: 'l4', members: L4_MEMBERS[lower as keyof typeof L4_MEMBERS] }; // it has it
  throw inputError(`invalid protocol filter: unknown protocol: ${quoted(name)}`);
}

export function* protocolTests({ protocol }: FlowFilter): Generator<Test> {
  if (!some(protocol)) return;
  const tests = protocol.map((name): Test => {
    const wanted = protocolMembers(name);
    if (wanted.layer === 'l7') return (flow) => flow?.l7?.[wanted.member] !== undefined;
    return (flow) => wanted.members.some((member) => flow?.l4?.[member] !== undefined);
  });
  yield (flow) => tests.some((test) => test(flow));
}

export function* dnsTests({ dns_query }: FlowFilter): Generator<Test> {
  if (!some(dns_query)) return;
  const queries = dns_query.map((pattern) => dnsRegex(pattern));
  yield (flow) => {
    const dns = flow?.l7?.dns;
    return dns !== undefined && queries.some((query) => query.test(dns.query ?? ''));
  };
}

/** Compiles a DNS query pattern, refusing as Hubble does. */
export function dnsRegex(pattern: string): SafeRegex {
  try {
    return compileRegex(pattern);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw inputError(`invalid DNS query filter: failed to compile regexp: ${error.message}`, {
      cause: error,
    });
  }
}
