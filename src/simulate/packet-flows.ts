// The flows Hubble reports for one packet, field by field as in captured flows.
import {
  DropReason,
  type Endpoint,
  type Flow,
  FlowType,
  IPVersion,
  L7FlowType,
  type Layer4,
  type Layer7,
  type Policy,
  TraceObservationPoint,
  TraceReason,
  TrafficDirection,
  Verdict,
} from '../hubble/proto/schema.gen.ts';
import { endpoint, type Pod, type SimulatedNode } from './topology.ts';

const { INGRESS, EGRESS } = TrafficDirection.numbers;
const EVENT = { drop: 1, trace: 4, policyVerdict: 5, l7: 129 } as const;

/** Observation points, with the number an event's sub type has for them. */
const POINTS = {
  TO_ENDPOINT: { sub: 0, point: TraceObservationPoint.numbers.TO_ENDPOINT },
  TO_PROXY: { sub: 1, point: TraceObservationPoint.numbers.TO_PROXY },
  TO_STACK: { sub: 3, point: TraceObservationPoint.numbers.TO_STACK },
  TO_OVERLAY: { sub: 4, point: TraceObservationPoint.numbers.TO_OVERLAY },
} as const;
export type Point = keyof typeof POINTS;

/** A flow to emit: the node that observes it, and microseconds after the first packet. */
export interface FlowObservation {
  readonly node: SimulatedNode;
  readonly afterUs: number;
  /** Without time, uuid and node name, which are set when it is emitted. */
  readonly flow: Flow;
}

/** A pod or something outside every cluster, with where it talks from. */
export type Party =
  | { readonly pod: Pod; readonly port: number }
  | { readonly world: World; readonly port: number };

export interface World {
  readonly ip: string;
  readonly identity: number;
  readonly labels: readonly string[];
  readonly names: readonly string[];
}

export interface Packet {
  readonly from: Party;
  readonly to: Party;
  readonly l4: Layer4;
  readonly summary: string;
  /** Direction of the connection, seen from the node's own endpoint. */
  readonly direction: 'INGRESS' | 'EGRESS';
  readonly reply: boolean;
}

export type TcpFlag = 'SYN' | 'ACK' | 'PSH' | 'FIN' | 'RST';

/** A TCP packet between two parties. Flags are summed up in the order Hubble writes them. */
export function tcp(
  from: Party,
  to: Party,
  flags: readonly TcpFlag[],
  direction: Packet['direction'],
  reply: boolean,
): Packet {
  const set = Object.fromEntries(flags.map((flag) => [flag, true]));
  const order: readonly TcpFlag[] = ['SYN', 'ACK', 'FIN', 'PSH', 'RST'];
  const named = order.filter((flag) => flags.includes(flag)).join(', ');
  return {
    from,
    to,
    l4: { TCP: { source_port: from.port, destination_port: to.port, flags: set } },
    summary: `TCP Flags: ${named}`,
    direction,
    reply,
  };
}

export function udp(from: Party, to: Party, direction: Packet['direction'], reply: boolean) {
  const l4 = { UDP: { source_port: from.port, destination_port: to.port } };
  return { from, to, l4, summary: 'UDP', direction, reply } satisfies Packet;
}

export function ping(from: Party, to: Party, direction: Packet['direction'], reply: boolean) {
  const l4 = { ICMPv4: reply ? {} : { type: 8 } };
  const summary = reply ? 'ICMPv4 EchoReply' : 'ICMPv4 EchoRequest';
  return { from, to, l4, summary, direction, reply } satisfies Packet;
}

/** A trace event. */
export function trace(
  node: SimulatedNode,
  packet: Packet,
  point: Point,
  reason: 'NEW' | 'ESTABLISHED' | 'REPLY',
): Flow {
  const { sub, point: number } = POINTS[point];
  return {
    ...common(node, packet),
    verdict: Verdict.numbers.FORWARDED,
    event_type: { type: EVENT.trace, sub_type: sub },
    trace_observation_point: number,
    trace_reason: TraceReason.numbers[reason],
    is_reply: packet.reply,
    ...interfaceOf(node, packet, point),
  };
}

export type Match = 'none' | 'L3-Only' | 'L3-L4' | 'L4-Only' | 'all';
const MATCHES: readonly Match[] = ['none', 'L3-Only', 'L3-L4', 'L4-Only', 'all'];

/** A policy verdict that let the packet pass, to the endpoint or to the proxy. */
export function allowed(
  node: SimulatedNode,
  packet: Packet,
  match: Match,
  policies: readonly Policy[],
  redirected = false,
): Flow {
  const { FORWARDED, REDIRECTED } = Verdict.numbers;
  const by = packet.direction === 'INGRESS' ? 'ingress_allowed_by' : 'egress_allowed_by';
  return {
    ...common(node, packet),
    verdict: redirected ? REDIRECTED : FORWARDED,
    event_type: { type: EVENT.policyVerdict },
    policy_match_type: MATCHES.indexOf(match),
    is_reply: packet.reply,
    ...(policies.length > 0 && { [by]: [...policies] }),
  };
}

/** A default denial, which Hubble reports twice: the policy verdict, then the drop. `is_reply` is unknown. */
export function denied(node: SimulatedNode, packet: Packet): { verdict: Flow; drop: Flow } {
  const base: Flow = {
    ...common(node, packet),
    verdict: Verdict.numbers.DROPPED,
    drop_reason: DropReason.numbers.POLICY_DENIED,
    drop_reason_desc: DropReason.numbers.POLICY_DENIED,
  };
  return {
    verdict: { ...base, event_type: { type: EVENT.policyVerdict } },
    drop: {
      ...base,
      event_type: { type: EVENT.drop, sub_type: DropReason.numbers.POLICY_DENIED },
      file: { name: 'bpf_lxc.c', line: 2412 },
    },
  };
}

/** A flow reported by a proxy. Layer 4 has no flags. */
export function seenByProxy(
  node: SimulatedNode,
  packet: Packet,
  type: 'REQUEST' | 'RESPONSE',
  l7: Layer7,
  summary: string,
): Flow {
  const { source_port, destination_port } = packet.l4.TCP ?? packet.l4.UDP ?? {};
  const ports = { source_port, destination_port };
  const { ethernet: _none, ...base } = common(node, packet);
  return {
    ...base,
    verdict: Verdict.numbers.FORWARDED,
    l4: packet.l4.TCP ? { TCP: ports } : { UDP: ports },
    Type: FlowType.numbers.L7,
    l7: { ...l7, type: L7FlowType.numbers[type] },
    event_type: { type: EVENT.l7 },
    is_reply: type === 'RESPONSE',
    Summary: summary,
  };
}

function common(node: SimulatedNode, packet: Packet): Flow {
  const { from, to } = packet;
  return {
    emitter: { name: 'Hubble', version: '1.19.4' },
    ethernet: { source: macOf(from), destination: macOf(to) },
    IP: { source: ipOf(from), destination: ipOf(to), ipVersion: IPVersion.numbers.IPv4 },
    l4: packet.l4,
    source: endpointOf(from, node),
    destination: endpointOf(to, node),
    Type: FlowType.numbers.L3_L4,
    node_name: node.name,
    node_labels: [...node.labels],
    ...('world' in from && { source_names: [...from.world.names] }),
    ...('world' in to && { destination_names: [...to.world.names] }),
    traffic_direction: packet.direction === 'INGRESS' ? INGRESS : EGRESS,
    Summary: packet.summary,
  };
}

function endpointOf(party: Party, observer: SimulatedNode): Endpoint {
  if ('pod' in party) return endpoint(party.pod, observer);
  return { identity: party.world.identity, labels: [...party.world.labels] };
}

function ipOf(party: Party): string {
  return 'pod' in party ? party.pod.ip : party.world.ip;
}

function macOf(party: Party): string {
  return 'pod' in party ? party.pod.mac : '0a:58:0a:00:00:01';
}

function interfaceOf(node: SimulatedNode, packet: Packet, point: Point): Flow {
  if (point === 'TO_OVERLAY') return { interface: { index: 6, name: 'cilium_vxlan' } };
  const { to } = packet;
  if (point !== 'TO_ENDPOINT' || !('pod' in to) || to.pod.node !== node) return {};
  return {
    interface: { index: 8 + (to.pod.id % 90), name: `lxc${to.pod.mac.replaceAll(':', '')}` },
  };
}
