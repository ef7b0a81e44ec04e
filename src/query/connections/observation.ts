import { clusterIdOf } from '../../hubble/identity.ts';
import type { Endpoint, Flow, GetFlowsResponse, Policy } from '../../hubble/proto/schema.gen.ts';
import { toNanos } from '../../hubble/proto/timestamp.ts';

/** Numbers of `l4_protocol`, as the column has them. */
export const PROTOCOLS = ['', 'TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'SCTP', 'VRRP', 'IGMP'] as const;
export const PROTOCOL = { tcp: 1, udp: 2, icmpv4: 3, icmpv6: 4, sctp: 5 } as const;

/** One end of a flow, as the observing node names it. */
export interface EndSeen {
  readonly ip: string;
  readonly port: number;
  /** Endpoint number on the observing node; 0 where the end is not local to it. Hosts count as endpoint 1. */
  readonly local: number;
  readonly identity: number;
  /** '' when the flow does not say. */
  readonly cluster: string;
  /** In the identity number; 0 when it carries none. */
  readonly clusterId: number;
  readonly namespace: string;
  readonly pod: string;
  /** Each `Kind/name`. */
  readonly workloads: readonly string[];
  readonly labels: readonly string[];
  /** DNS names. */
  readonly names: readonly string[];
  /** `namespace/name` of the service the address belongs to. */
  readonly service: string;
}

export interface PolicyNamed {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Observation {
  /** Nanoseconds since 1970, by the node's clock. */
  readonly time: bigint;
  readonly uuid: string;
  /** Whether it is in the window asked for and passes its filters. */
  readonly hit: boolean;
  /** Key of the observing cluster. */
  readonly observer: string;
  readonly node: string;
  readonly version: string;
  readonly protocol: number;
  readonly tcpFlags: number;
  readonly icmpType: number;
  readonly source: EndSeen;
  readonly destination: EndSeen;
  /** Source address after translation, '' without one. */
  readonly xlated: string;
  readonly verdict: number;
  readonly event: number;
  readonly point: number;
  readonly dropReason: number;
  /** 1 ingress, 2 egress. */
  readonly direction: number;
  readonly isReply: boolean | undefined;
  readonly match: number;
  readonly egressAllowedBy: readonly PolicyNamed[];
  readonly ingressAllowedBy: readonly PolicyNamed[];
  readonly egressDeniedBy: readonly PolicyNamed[];
  readonly ingressDeniedBy: readonly PolicyNamed[];
  /** 1 request, 2 response, 3 sample. */
  readonly l7Type: number;
  readonly l7: L7Seen | undefined;
}

export interface L7Seen {
  /** Member of l7: 1 DNS, 2 HTTP, 3 Kafka, 0 another. */
  readonly protocol: number;
  readonly latencyNs: number;
  readonly method: string;
  readonly url: string;
  readonly code: number;
  readonly query: string;
  readonly rcode: number;
}

/** Flow type of socket translation events: they are of a process's call, not of packets. */
const SOCK = 3;

/** What was added to a flow when it was stored. */
export interface Context {
  readonly hit: boolean;
  /** Key of the observing cluster; else the node name's prefix. */
  readonly observer?: string;
  /** Clusters of the ends; else what the flow says. */
  readonly source?: EndCluster;
  readonly destination?: EndCluster;
}

export interface EndCluster {
  readonly name: string;
  readonly id: number;
}

/** Of a response that holds a flow between two addresses; undefined for others and for socket translations. */
export function observationOf(
  response: GetFlowsResponse,
  context: Context,
): Observation | undefined {
  const { flow } = response;
  if (flow === undefined || flow.Type === SOCK) return undefined;
  const { IP } = flow;
  const time = flow.time ?? response.time;
  if (IP?.source === undefined || IP.destination === undefined || time === undefined)
    return undefined;
  const node = flow.node_name ?? response.node_name ?? '';
  return {
    time: toNanos(time),
    uuid: flow.uuid ?? '',
    hit: context.hit,
    observer: context.observer ?? nodeCluster(node),
    node,
    version: flow.emitter?.version ?? '',
    ...layer4Of(flow),
    source: endOf(flow, 'source', context.source),
    destination: endOf(flow, 'destination', context.destination),
    xlated: IP.source_xlated ?? '',
    verdict: flow.verdict ?? 0,
    event: flow.event_type?.type ?? 0,
    point: flow.trace_observation_point ?? 0,
    dropReason: flow.drop_reason_desc ?? flow.drop_reason ?? 0,
    direction: flow.traffic_direction ?? 0,
    // Old relays only say the deprecated one, and only when it is true.
    isReply: flow.is_reply ?? (flow.reply === true ? true : undefined),
    match: flow.policy_match_type ?? 0,
    egressAllowedBy: policiesOf(flow.egress_allowed_by),
    ingressAllowedBy: policiesOf(flow.ingress_allowed_by),
    egressDeniedBy: policiesOf(flow.egress_denied_by),
    ingressDeniedBy: policiesOf(flow.ingress_denied_by),
    l7Type: flow.l7?.type ?? 0,
    l7: layer7Of(flow),
  };
}

function layer4Of({ l4 }: Flow) {
  const flags = l4?.TCP?.flags;
  const bits = flags && [flags.FIN, flags.SYN, flags.RST, flags.PSH, flags.ACK];
  return {
    protocol: l4 ? PROTOCOLS.findIndex((name) => name !== '' && l4[name] !== undefined) : 0,
    tcpFlags: bits?.reduce<number>((sum, set, bit) => sum + (set ? 1 << bit : 0), 0) ?? 0,
    icmpType: l4?.ICMPv4?.type ?? l4?.ICMPv6?.type ?? 0,
  };
}

/** `cluster` of `cluster/node`; '' when the node's cluster has no name of its own. */
export function nodeCluster(node: string): string {
  const slash = node.indexOf('/');
  return slash < 0 ? '' : node.slice(0, slash);
}

function endOf(flow: Flow, side: 'source' | 'destination', known?: EndCluster): EndSeen {
  const end: Endpoint = flow[side] ?? {};
  const { l4, IP } = flow;
  const identity = end.identity ?? 0;
  const labels = end.labels ?? [];
  const service = flow[`${side}_service`];
  return {
    ip: IP?.[side] ?? '',
    port: (l4?.TCP ?? l4?.UDP ?? l4?.SCTP)?.[`${side}_port`] ?? 0,
    local: localEnd(end.ID ?? 0, identity),
    identity,
    cluster: known?.name || end.cluster_name || clusterLabel(labels),
    clusterId: known?.id || (clusterIdOf(identity, 255) ?? 0),
    namespace: end.namespace ?? '',
    pod: end.pod_name ?? '',
    workloads: (end.workloads ?? []).map(({ kind = '', name = '' }) => `${kind}/${name}`),
    labels,
    names: flow[`${side}_names`] ?? [],
    service: serviceName(service?.namespace, service?.name),
  };
}

const HOST = 1;

/**
 * Host is always the observing node itself. One exporter writes the identity in place of the endpoint's number, which
 * says nothing then.
 */
function localEnd(id: number, identity: number): number {
  if (identity === HOST) return id || HOST;
  return id === identity ? 0 : id;
}

function serviceName(namespace = '', name = ''): string {
  return name === '' ? '' : `${namespace}/${name}`;
}

const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';

function clusterLabel(labels: readonly string[]): string {
  return labels.find((label) => label.startsWith(CLUSTER_LABEL))?.slice(CLUSTER_LABEL.length) ?? '';
}

function policiesOf(list: readonly Policy[] | undefined): readonly PolicyNamed[] {
  if (list === undefined || list.length === 0) return NONE;
  return list.map(({ kind = '', namespace = '', name = '' }) => ({ kind, namespace, name }));
}

const NONE: readonly PolicyNamed[] = [];

function layer7Of({ l7 }: Flow): L7Seen | undefined {
  if (l7 === undefined) return undefined;
  return {
    protocol: l7.dns ? 1 : l7.http ? 2 : l7.kafka ? 3 : 0,
    latencyNs: Number(l7.latency_ns ?? 0n),
    method: l7.http?.method ?? '',
    url: l7.http?.url ?? '',
    code: l7.http?.code ?? 0,
    query: l7.dns?.query ?? '',
    rcode: l7.dns?.rcode ?? 0,
  };
}
