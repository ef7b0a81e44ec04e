// The column catalogue of the table `flows`: the one place that says which columns exist, what they mean and how they
// are encoded. Migrations, the Native encoder, the projection from the wire, the way back to a Hubble response, and
// the reference page are all checked against it.
import { type Column, column, type Encoding, MILLIS, NANOS } from './column.ts';
import { ENRICHED_COLUMNS } from './columns-enriched.ts';

/** A column of the field at `path` of a response; `*` in it stands for every message that has the field. */
function sent<const Name extends string, const Path extends string>(
  name: Name,
  encoding: Encoding,
  path: Path,
  doc: string,
  type?: string,
): Column & { readonly name: Name; readonly path: Path } {
  return { ...column(name, encoding, doc, type), path };
}

function endpoint<const End extends string>(end: End, name: string) {
  return [
    sent(`${end}_id`, 'u32', `flow.${end}.ID`, `${name} endpoint id on its node.`),
    sent(`${end}_identity`, 'u32', `flow.${end}.identity`, `${name} security identity.`),
    sent(
      `${end}_cluster_name`,
      'lc',
      `flow.${end}.cluster_name`,
      `${name} cluster name as the flow says.`,
    ),
    sent(`${end}_namespace`, 'lc', `flow.${end}.namespace`, `${name} namespace.`),
    sent(`${end}_labels`, 'lines', `flow.${end}.labels`, `${name} identity labels.`),
    sent(`${end}_pod_name`, 'lc', `flow.${end}.pod_name`, `${name} pod.`),
    sent(
      `${end}_workloads`,
      'lines',
      `flow.${end}.workloads`,
      `${name} workloads, each \`Kind/name\`.`,
    ),
  ] as const;
}

function service<const End extends string>(end: End, name: string) {
  return [
    sent(`${end}_service_name`, 'lc', `flow.${end}_service.name`, `${name} service.`),
    sent(`${end}_service_namespace`, 'lc', `flow.${end}_service.namespace`, 'Its namespace.'),
  ] as const;
}

export const FLOW_COLUMNS = [
  // What Parallax knows of the row
  column(
    'cluster',
    'lc',
    'Key of the observing cluster (our configuration; for imports the node name’s prefix).',
  ),
  column('relay', 'lc', 'Relay it came through, or `import`.'),
  column('received_at', 'i64', 'When the batch’s first response arrived (UTC, ms).', MILLIS),
  column(
    'time_slot',
    'i32',
    'Five-minute slot of `time` since 1970, negative before it; head of the sort key.',
  ),
  sent(
    'time',
    'i64',
    'flow.time',
    'When the flow was observed (node’s clock; else response time, else received_at), clamped to 1900–2261.',
    NANOS,
  ),
  sent(
    'uuid',
    'uuid',
    'flow.uuid',
    'The flow’s uuid; for flows without a canonical one a stable id made from their bytes.',
  ),
  sent('uuid_text', 'string', 'flow.uuid', 'The uuid as sent when it is not in canonical form.'),
  column('presence', 'u64', 'Bits of the messages and outer fields that were present (PRESENCE).'),
  column(
    'raw',
    'string',
    'The whole response as it came, when the columns cannot give it back exactly (unknown fields, invalid text).',
  ),
  sent('response_time', 'i64', 'time', 'Outer time minus `time`, nanoseconds.'),
  sent(
    'response_node_name',
    'lc',
    'node_name',
    'Outer node name where it differs from the flow’s.',
  ),
  // Flow
  sent('emitter_name', 'lc', 'flow.emitter.name', 'Program that made the flow.'),
  sent('emitter_version', 'lc', 'flow.emitter.version', 'Its version.'),
  sent('verdict', 'u8', 'flow.verdict', 'Verdict number.'),
  sent('drop_reason', 'u32', 'flow.drop_reason', 'Deprecated drop reason number.'),
  sent(
    'drop_reason_desc',
    'u16',
    'flow.drop_reason_desc',
    'Drop reason number (133 policy denied, 181 denied by deny policy, …).',
  ),
  sent('auth_type', 'u8', 'flow.auth_type', 'Authentication type number.'),
  sent('ethernet_source', 'lc', 'flow.ethernet.source', 'Source MAC.'),
  sent('ethernet_destination', 'lc', 'flow.ethernet.destination', 'Destination MAC.'),
  sent('ip_source', 'lc', 'flow.IP.source', 'Source address as text.'),
  sent('ip_source_xlated', 'lc', 'flow.IP.source_xlated', 'Source address after translation.'),
  sent('ip_destination', 'lc', 'flow.IP.destination', 'Destination address as text.'),
  sent('ip_version', 'u8', 'flow.IP.ipVersion', '0 none, 1 IPv4, 2 IPv6.'),
  sent('ip_encrypted', 'u8', 'flow.IP.encrypted', '1 when encrypted.'),
  sent(
    'l4_protocol',
    'u8',
    'flow.l4',
    'Member of l4: 0 none, 1 TCP, 2 UDP, 3 ICMPv4, 4 ICMPv6, 5 SCTP, 6 VRRP, 7 IGMP.',
  ),
  sent('source_port', 'u16', 'flow.l4.*.source_port', 'Source port of TCP, UDP, SCTP.'),
  sent(
    'destination_port',
    'u16',
    'flow.l4.*.destination_port',
    'Destination port of TCP, UDP, SCTP.',
  ),
  sent(
    'tcp_flags',
    'u16',
    'flow.l4.TCP.flags',
    'Bits FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, NS 256.',
  ),
  sent('icmp_type', 'u32', 'flow.l4.*.type', 'ICMP type; also VRRP and IGMP type.'),
  sent('icmp_code', 'u32', 'flow.l4.*.code', 'ICMP code.'),
  sent('vrrp_vrid', 'u32', 'flow.l4.VRRP.vrid', 'VRRP router id.'),
  sent('vrrp_priority', 'u32', 'flow.l4.VRRP.priority', 'VRRP priority.'),
  sent('igmp_group_address', 'lc', 'flow.l4.IGMP.group_address', 'IGMP group.'),
  sent('tunnel', 'json', 'flow.tunnel', 'Tunnel message as JSON.'),
  ...endpoint('source', 'Source'),
  ...endpoint('destination', 'Destination'),
  sent('type', 'u8', 'flow.Type', 'Flow type: 1 L3/L4, 2 L7, 3 socket.'),
  sent('node_name', 'lc', 'flow.node_name', 'Observing node, `cluster/node` or bare.'),
  sent('node_labels', 'lines', 'flow.node_labels', 'Labels of the observing node.'),
  sent('source_names', 'lines', 'flow.source_names', 'DNS names of the source.'),
  sent('destination_names', 'lines', 'flow.destination_names', 'DNS names of the destination.'),
  sent('l7_type', 'u8', 'flow.l7.type', '1 request, 2 response, 3 sample.'),
  sent('l7_latency_ns', 'u64', 'flow.l7.latency_ns', 'Latency of a response, nanoseconds.'),
  sent('l7_protocol', 'u8', 'flow.l7', 'Member of l7: 0 none, 1 DNS, 2 HTTP, 3 Kafka.'),
  sent('dns_query', 'lc', 'flow.l7.dns.query', 'DNS name queried.'),
  sent('dns_ips', 'lines', 'flow.l7.dns.ips', 'Addresses answered.'),
  sent('dns_ttl', 'u32', 'flow.l7.dns.ttl', 'TTL answered.'),
  sent('dns_cnames', 'lines', 'flow.l7.dns.cnames', 'CNAMEs answered.'),
  sent(
    'dns_observation_source',
    'lc',
    'flow.l7.dns.observation_source',
    'Who saw the DNS message.',
  ),
  sent('dns_rcode', 'u32', 'flow.l7.dns.rcode', 'DNS response code.'),
  sent('dns_qtypes', 'lines', 'flow.l7.dns.qtypes', 'Record types queried.'),
  sent('dns_rrtypes', 'lines', 'flow.l7.dns.rrtypes', 'Types answered.'),
  sent('http_code', 'u32', 'flow.l7.http.code', 'HTTP status.'),
  sent('http_method', 'lc', 'flow.l7.http.method', 'HTTP method.'),
  sent('http_url', 'lc', 'flow.l7.http.url', 'HTTP URL.'),
  sent('http_protocol', 'lc', 'flow.l7.http.protocol', 'HTTP protocol.'),
  sent(
    'http_headers',
    'json',
    'flow.l7.http.headers',
    'HTTP headers as a JSON array of {key, value}.',
  ),
  sent('kafka_error_code', 'i32', 'flow.l7.kafka.error_code', 'Kafka error code.'),
  sent('kafka_api_version', 'i32', 'flow.l7.kafka.api_version', 'Kafka API version.'),
  sent('kafka_api_key', 'lc', 'flow.l7.kafka.api_key', 'Kafka API key.'),
  sent('kafka_correlation_id', 'i32', 'flow.l7.kafka.correlation_id', 'Kafka correlation id.'),
  sent('kafka_topic', 'lc', 'flow.l7.kafka.topic', 'Kafka topic.'),
  sent('reply', 'u8', 'flow.reply', 'Deprecated reply flag.'),
  sent(
    'event_type',
    'i32',
    'flow.event_type.type',
    'Event type: 1 drop, 3 capture, 4 trace, 5 policy verdict, 129 L7.',
  ),
  sent('event_sub_type', 'i32', 'flow.event_type.sub_type', 'Event sub type.'),
  ...service('source', 'Source'),
  ...service('destination', 'Destination'),
  sent('traffic_direction', 'u8', 'flow.traffic_direction', '1 ingress, 2 egress.'),
  sent('policy_match_type', 'u32', 'flow.policy_match_type', 'How the policy matched.'),
  sent(
    'trace_observation_point',
    'u8',
    'flow.trace_observation_point',
    'Observation point number.',
  ),
  sent('trace_reason', 'u8', 'flow.trace_reason', 'Trace reason number.'),
  sent('file_name', 'lc', 'flow.file.name', 'Datapath source file of a drop.'),
  sent('file_line', 'u32', 'flow.file.line', 'Its line.'),
  sent('ip_trace_id', 'u64', 'flow.ip_trace_id.trace_id', 'IP trace id.'),
  sent('ip_trace_option_type', 'u32', 'flow.ip_trace_id.ip_option_type', 'Its IP option type.'),
  sent('is_reply', 'u8', 'flow.is_reply', '0 unknown, 1 false, 2 true.'),
  sent('debug_capture_point', 'u8', 'flow.debug_capture_point', 'Capture point number.'),
  sent('interface_index', 'u32', 'flow.interface.index', 'Interface index.'),
  sent('interface_name', 'lc', 'flow.interface.name', 'Interface name.'),
  sent('proxy_port', 'u32', 'flow.proxy_port', 'Proxy port.'),
  sent('trace_id', 'lc', 'flow.trace_context.parent.trace_id', 'Trace id of the request.'),
  sent('sock_xlate_point', 'u8', 'flow.sock_xlate_point', 'Socket translation point number.'),
  sent('socket_cookie', 'u64', 'flow.socket_cookie', 'Socket cookie.'),
  sent('cgroup_id', 'u64', 'flow.cgroup_id', 'Cgroup id.'),
  sent('summary', 'lc', 'flow.Summary', 'Summary text as Hubble made it.'),
  sent(
    'extensions',
    'string',
    'flow.extensions',
    'Bytes of the extensions message (google.protobuf.Any).',
  ),
  sent('egress_allowed_by', 'json', 'flow.egress_allowed_by', 'Policies, a JSON array.'),
  sent('ingress_allowed_by', 'json', 'flow.ingress_allowed_by', 'Policies, a JSON array.'),
  sent('egress_denied_by', 'json', 'flow.egress_denied_by', 'Policies, a JSON array.'),
  sent('ingress_denied_by', 'json', 'flow.ingress_denied_by', 'Policies, a JSON array.'),
  sent('policy_log', 'lines', 'flow.policy_log', 'Log strings of the policies that matched.'),
  sent(
    'aggregate_ingress',
    'u32',
    'flow.aggregate.ingress_flow_count',
    'Flows aggregated, ingress.',
  ),
  sent('aggregate_egress', 'u32', 'flow.aggregate.egress_flow_count', 'Flows aggregated, egress.'),
  sent(
    'aggregate_unknown',
    'u32',
    'flow.aggregate.unknown_direction_flow_count',
    'Flows aggregated, direction unknown.',
  ),
  ...ENRICHED_COLUMNS,
] as const;

export type FlowColumnName = (typeof FLOW_COLUMNS)[number]['name'];

/**
 * Messages that many flows have in common, by their path below `flow`: looked up whole, so that rows have the number of
 * the message until the block is made.
 */
export const MESSAGE_GROUPS = [
  'source',
  'destination',
  'emitter',
  'ethernet',
  'source_service',
  'destination_service',
] as const;

export type MessageGroup = (typeof MESSAGE_GROUPS)[number];

type Path = Extract<(typeof FLOW_COLUMNS)[number], { readonly path: string }>['path'];

/** Fields of a group's message that have a column. */
export type GroupField<Group extends MessageGroup> = Path extends infer P
  ? P extends `flow.${Group}.${infer Field}`
    ? Field
    : never
  : never;

/**
 * Bits of `presence`: what was there even when all of it was default values. Names with a dot are paths of messages.
 * Numbers are stored: never change one.
 */
export const PRESENCE = {
  flow: 0,
  'flow.time': 1,
  /** The response's own time. */
  time: 2,
  /** The outer node name equals the flow's (and is not repeated in its column). */
  sameNodeName: 3,
  'flow.ethernet': 4,
  'flow.IP': 5,
  'flow.l4': 6,
  'flow.l4.TCP.flags': 7,
  'flow.source': 8,
  'flow.destination': 9,
  'flow.event_type': 10,
  'flow.source_service': 11,
  'flow.destination_service': 12,
  'flow.l7': 13,
  'flow.trace_context': 14,
  'flow.trace_context.parent': 15,
  'flow.file': 16,
  'flow.ip_trace_id': 17,
  'flow.interface': 18,
  'flow.emitter': 19,
  'flow.aggregate': 20,
  'flow.extensions': 21,
  'flow.tunnel': 22,
  /** The uuid column was made by us: the flow had none. */
  uuidMade: 23,
  /** The uuid as sent is in uuid_text. */
  uuidText: 24,
} as const;

type PresencePath = Extract<keyof typeof PRESENCE, `flow.${string}`>;

/** Paths of the messages that have a bit. */
export const MESSAGE_PATHS = Object.keys(PRESENCE).filter((name): name is PresencePath =>
  name.startsWith('flow.'),
);

/** The table `events`: LostEvents and NodeStatus as they came; rare, so each keeps its response's bytes. */
export const EVENT_COLUMNS = [
  column('cluster', 'lc', 'Key of the observing cluster.'),
  column('relay', 'lc', 'Relay it came through, or `import`.'),
  column('received_at', 'i64', 'When the batch’s first response arrived (UTC, ms).', MILLIS),
  sent('time', 'i64', 'time', 'The response’s time, else received_at.', NANOS),
  column('uuid', 'uuid', 'Stable id made from the bytes.'),
  column('kind', 'lc', '`lost_events`, `node_status`, or `unknown` for what a newer Hubble sends.'),
  sent('node_name', 'lc', 'node_name', 'Node it speaks of.'),
  sent(
    'lost_source',
    'u8',
    'lost_events.source',
    'Where events were lost: 1 perf ring, 2 observer queue, 3 Hubble ring.',
  ),
  sent('num_events_lost', 'u64', 'lost_events.num_events_lost', 'How many.'),
  sent('state_change', 'u8', 'node_status.state_change', 'Node state number.'),
  sent('node_names', 'lines', 'node_status.node_names', 'Nodes whose state changed.'),
  sent('message', 'string', 'node_status.message', 'Error text.'),
  column('raw', 'string', 'The response’s bytes.'),
] as const;
