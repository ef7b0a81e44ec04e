// The column catalogue of the table `flows`: the one place that says which columns exist, what they mean and how they
// are encoded. Migrations, the Native encoder, the projection from the wire, the way back to a Hubble response, and
// the reference page are all checked against it.
import { ENRICHED_COLUMNS } from './columns-enriched.ts';

/**
 * How a column is encoded in a Native block: `lc` is LowCardinality(String); `string` plain String; the rest are
 * fixed-width numbers. `lines` and `json` are `lc` whose text is a newline-joined list or the proto3 JSON of a
 * submessage; a list that newline-joining cannot hold (an element empty or with a newline) keeps the row's `raw`.
 */
export type Encoding =
  | 'lc'
  | 'lines'
  | 'json'
  | 'string'
  | 'u8'
  | 'u16'
  | 'u32'
  | 'u64'
  | 'i32'
  | 'i64'
  | 'uuid';

export interface Column {
  readonly name: string;
  readonly encoding: Encoding;
  /** ClickHouse type in the table. */
  readonly type: string;
  /** What it means, for the reference page. */
  readonly doc: string;
  /** Path in GetFlowsResponse (`flow.source.identity`), or undefined for what Parallax adds. */
  readonly path?: string;
}

const TYPES = {
  lc: 'LowCardinality(String)',
  lines: 'LowCardinality(String)',
  json: 'LowCardinality(String)',
  string: 'String',
  u8: 'UInt8',
  u16: 'UInt16',
  u32: 'UInt32',
  u64: 'UInt64',
  i32: 'Int32',
  i64: 'Int64',
  uuid: 'UUID',
} as const satisfies Record<Encoding, string>;

function column<const Name extends string>(
  name: Name,
  encoding: Encoding,
  path: string | undefined,
  doc: string,
  type: string = TYPES[encoding],
): Column & { readonly name: Name } {
  return path === undefined ? { name, encoding, type, doc } : { name, encoding, type, doc, path };
}

export const FLOW_COLUMNS = [
  // What Parallax knows of the row
  column(
    'cluster',
    'lc',
    undefined,
    'Key of the observing cluster (our configuration; for imports the node name’s prefix).',
  ),
  column('relay', 'lc', undefined, 'Relay it came through, or `import`.'),
  column(
    'received_at',
    'i64',
    undefined,
    'When the batch’s first response arrived (UTC, ms).',
    "DateTime64(3, 'UTC')",
  ),
  column(
    'time_slot',
    'i32',
    undefined,
    'Five-minute slot of `time` since 1970, negative before it; head of the sort key.',
  ),
  column(
    'time',
    'i64',
    'flow.time',
    'When the flow was observed (node’s clock; else response time, else received_at), clamped to 1900–2261.',
    "DateTime64(9, 'UTC')",
  ),
  column(
    'uuid',
    'uuid',
    'flow.uuid',
    'The flow’s uuid; for flows without a canonical one a stable id made from their bytes.',
  ),
  column('uuid_text', 'string', 'flow.uuid', 'The uuid as sent when it is not in canonical form.'),
  column(
    'presence',
    'u64',
    undefined,
    'Bits of the messages and outer fields that were present (PRESENCE).',
  ),
  column(
    'raw',
    'string',
    undefined,
    'The whole response as it came, when the columns cannot give it back exactly (unknown fields, invalid text).',
  ),
  column('response_time', 'i64', 'time', 'Outer time minus `time`, nanoseconds.'),
  column(
    'response_node_name',
    'lc',
    'node_name',
    'Outer node name where it differs from the flow’s.',
  ),
  // Flow
  column('emitter_name', 'lc', 'flow.emitter.name', 'Program that made the flow.'),
  column('emitter_version', 'lc', 'flow.emitter.version', 'Its version.'),
  column('verdict', 'u8', 'flow.verdict', 'Verdict number.'),
  column('drop_reason', 'u32', 'flow.drop_reason', 'Deprecated drop reason number.'),
  column(
    'drop_reason_desc',
    'u16',
    'flow.drop_reason_desc',
    'Drop reason number (133 policy denied, 181 denied by deny policy, …).',
  ),
  column('auth_type', 'u8', 'flow.auth_type', 'Authentication type number.'),
  column('ethernet_source', 'lc', 'flow.ethernet.source', 'Source MAC.'),
  column('ethernet_destination', 'lc', 'flow.ethernet.destination', 'Destination MAC.'),
  column('ip_source', 'lc', 'flow.IP.source', 'Source address as text.'),
  column('ip_source_xlated', 'lc', 'flow.IP.source_xlated', 'Source address after translation.'),
  column('ip_destination', 'lc', 'flow.IP.destination', 'Destination address as text.'),
  column('ip_version', 'u8', 'flow.IP.ipVersion', '0 none, 1 IPv4, 2 IPv6.'),
  column('ip_encrypted', 'u8', 'flow.IP.encrypted', '1 when encrypted.'),
  column(
    'l4_protocol',
    'u8',
    'flow.l4',
    'Member of l4: 0 none, 1 TCP, 2 UDP, 3 ICMPv4, 4 ICMPv6, 5 SCTP, 6 VRRP, 7 IGMP.',
  ),
  column('source_port', 'u16', 'flow.l4.*.source_port', 'Source port of TCP, UDP, SCTP.'),
  column(
    'destination_port',
    'u16',
    'flow.l4.*.destination_port',
    'Destination port of TCP, UDP, SCTP.',
  ),
  column(
    'tcp_flags',
    'u16',
    'flow.l4.TCP.flags',
    'Bits FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128, NS 256.',
  ),
  column('icmp_type', 'u32', 'flow.l4.ICMP*.type', 'ICMP type; also VRRP and IGMP type.'),
  column('icmp_code', 'u32', 'flow.l4.ICMP*.code', 'ICMP code.'),
  column('vrrp_vrid', 'u32', 'flow.l4.VRRP.vrid', 'VRRP router id.'),
  column('vrrp_priority', 'u32', 'flow.l4.VRRP.priority', 'VRRP priority.'),
  column('igmp_group_address', 'lc', 'flow.l4.IGMP.group_address', 'IGMP group.'),
  column('tunnel', 'json', 'flow.tunnel', 'Tunnel message as JSON.'),
  column('source_id', 'u32', 'flow.source.ID', 'Source endpoint id on its node.'),
  column('source_identity', 'u32', 'flow.source.identity', 'Source security identity.'),
  column(
    'source_cluster_name',
    'lc',
    'flow.source.cluster_name',
    'Source cluster name as the flow says.',
  ),
  column('source_namespace', 'lc', 'flow.source.namespace', 'Source namespace.'),
  column('source_labels', 'lines', 'flow.source.labels', 'Source identity labels.'),
  column('source_pod_name', 'lc', 'flow.source.pod_name', 'Source pod.'),
  column(
    'source_workloads',
    'lines',
    'flow.source.workloads',
    'Source workloads, each `Kind/name`.',
  ),
  column('destination_id', 'u32', 'flow.destination.ID', 'Destination endpoint id on its node.'),
  column(
    'destination_identity',
    'u32',
    'flow.destination.identity',
    'Destination security identity.',
  ),
  column(
    'destination_cluster_name',
    'lc',
    'flow.destination.cluster_name',
    'Destination cluster name as the flow says.',
  ),
  column('destination_namespace', 'lc', 'flow.destination.namespace', 'Destination namespace.'),
  column('destination_labels', 'lines', 'flow.destination.labels', 'Destination identity labels.'),
  column('destination_pod_name', 'lc', 'flow.destination.pod_name', 'Destination pod.'),
  column(
    'destination_workloads',
    'lines',
    'flow.destination.workloads',
    'Destination workloads, each `Kind/name`.',
  ),
  column('type', 'u8', 'flow.Type', 'Flow type: 1 L3/L4, 2 L7, 3 socket.'),
  column('node_name', 'lc', 'flow.node_name', 'Observing node, `cluster/node` or bare.'),
  column('node_labels', 'lines', 'flow.node_labels', 'Labels of the observing node.'),
  column('source_names', 'lines', 'flow.source_names', 'DNS names of the source.'),
  column('destination_names', 'lines', 'flow.destination_names', 'DNS names of the destination.'),
  column('l7_type', 'u8', 'flow.l7.type', '1 request, 2 response, 3 sample.'),
  column('l7_latency_ns', 'u64', 'flow.l7.latency_ns', 'Latency of a response, nanoseconds.'),
  column('l7_protocol', 'u8', 'flow.l7', 'Member of l7: 0 none, 1 DNS, 2 HTTP, 3 Kafka.'),
  column('dns_query', 'lc', 'flow.l7.dns.query', 'DNS name asked.'),
  column('dns_ips', 'lines', 'flow.l7.dns.ips', 'Addresses answered.'),
  column('dns_ttl', 'u32', 'flow.l7.dns.ttl', 'TTL answered.'),
  column('dns_cnames', 'lines', 'flow.l7.dns.cnames', 'CNAMEs answered.'),
  column(
    'dns_observation_source',
    'lc',
    'flow.l7.dns.observation_source',
    'Who saw the DNS message.',
  ),
  column('dns_rcode', 'u32', 'flow.l7.dns.rcode', 'DNS response code.'),
  column('dns_qtypes', 'lines', 'flow.l7.dns.qtypes', 'Types asked.'),
  column('dns_rrtypes', 'lines', 'flow.l7.dns.rrtypes', 'Types answered.'),
  column('http_code', 'u32', 'flow.l7.http.code', 'HTTP status.'),
  column('http_method', 'lc', 'flow.l7.http.method', 'HTTP method.'),
  column('http_url', 'lc', 'flow.l7.http.url', 'HTTP URL.'),
  column('http_protocol', 'lc', 'flow.l7.http.protocol', 'HTTP protocol.'),
  column(
    'http_headers',
    'json',
    'flow.l7.http.headers',
    'HTTP headers as a JSON array of {key, value}.',
  ),
  column('kafka_error_code', 'i32', 'flow.l7.kafka.error_code', 'Kafka error code.'),
  column('kafka_api_version', 'i32', 'flow.l7.kafka.api_version', 'Kafka API version.'),
  column('kafka_api_key', 'lc', 'flow.l7.kafka.api_key', 'Kafka API key.'),
  column('kafka_correlation_id', 'i32', 'flow.l7.kafka.correlation_id', 'Kafka correlation id.'),
  column('kafka_topic', 'lc', 'flow.l7.kafka.topic', 'Kafka topic.'),
  column('reply', 'u8', 'flow.reply', 'Deprecated reply flag.'),
  column(
    'event_type',
    'i32',
    'flow.event_type.type',
    'Event type: 1 drop, 3 capture, 4 trace, 5 policy verdict, 129 L7.',
  ),
  column('event_sub_type', 'i32', 'flow.event_type.sub_type', 'Event sub type.'),
  column('source_service_name', 'lc', 'flow.source_service.name', 'Source service.'),
  column('source_service_namespace', 'lc', 'flow.source_service.namespace', 'Its namespace.'),
  column('destination_service_name', 'lc', 'flow.destination_service.name', 'Destination service.'),
  column(
    'destination_service_namespace',
    'lc',
    'flow.destination_service.namespace',
    'Its namespace.',
  ),
  column('traffic_direction', 'u8', 'flow.traffic_direction', '1 ingress, 2 egress.'),
  column('policy_match_type', 'u32', 'flow.policy_match_type', 'How the policy matched.'),
  column(
    'trace_observation_point',
    'u8',
    'flow.trace_observation_point',
    'Observation point number.',
  ),
  column('trace_reason', 'u8', 'flow.trace_reason', 'Trace reason number.'),
  column('file_name', 'lc', 'flow.file.name', 'Datapath source file of a drop.'),
  column('file_line', 'u32', 'flow.file.line', 'Its line.'),
  column('ip_trace_id', 'u64', 'flow.ip_trace_id.trace_id', 'IP trace id.'),
  column('ip_trace_option_type', 'u32', 'flow.ip_trace_id.ip_option_type', 'Its IP option type.'),
  column('is_reply', 'u8', 'flow.is_reply', '0 unknown, 1 false, 2 true.'),
  column('debug_capture_point', 'u8', 'flow.debug_capture_point', 'Capture point number.'),
  column('interface_index', 'u32', 'flow.interface.index', 'Interface index.'),
  column('interface_name', 'lc', 'flow.interface.name', 'Interface name.'),
  column('proxy_port', 'u32', 'flow.proxy_port', 'Proxy port.'),
  column('trace_id', 'lc', 'flow.trace_context.parent.trace_id', 'Trace id of the request.'),
  column('sock_xlate_point', 'u8', 'flow.sock_xlate_point', 'Socket translation point number.'),
  column('socket_cookie', 'u64', 'flow.socket_cookie', 'Socket cookie.'),
  column('cgroup_id', 'u64', 'flow.cgroup_id', 'Cgroup id.'),
  column('summary', 'lc', 'flow.Summary', 'Summary text as Hubble made it.'),
  column(
    'extensions',
    'string',
    'flow.extensions',
    'Bytes of the extensions message (google.protobuf.Any).',
  ),
  column('egress_allowed_by', 'json', 'flow.egress_allowed_by', 'Policies, a JSON array.'),
  column('ingress_allowed_by', 'json', 'flow.ingress_allowed_by', 'Policies, a JSON array.'),
  column('egress_denied_by', 'json', 'flow.egress_denied_by', 'Policies, a JSON array.'),
  column('ingress_denied_by', 'json', 'flow.ingress_denied_by', 'Policies, a JSON array.'),
  column('policy_log', 'lines', 'flow.policy_log', 'Log strings of the policies that matched.'),
  column(
    'aggregate_ingress',
    'u32',
    'flow.aggregate.ingress_flow_count',
    'Flows aggregated, ingress.',
  ),
  column(
    'aggregate_egress',
    'u32',
    'flow.aggregate.egress_flow_count',
    'Flows aggregated, egress.',
  ),
  column(
    'aggregate_unknown',
    'u32',
    'flow.aggregate.unknown_direction_flow_count',
    'Flows aggregated, direction unknown.',
  ),
  ...ENRICHED_COLUMNS,
] as const;

export type FlowColumnName = (typeof FLOW_COLUMNS)[number]['name'];

/** Bits of `presence`: what was there even when all of it was default values. Bit numbers, never renumbered. */
export const PRESENCE = {
  flow: 0,
  flowTime: 1,
  responseTime: 2,
  /** The outer node name equals the flow's (and is not repeated in its column). */
  sameNodeName: 3,
  ethernet: 4,
  ip: 5,
  l4: 6,
  tcpFlags: 7,
  source: 8,
  destination: 9,
  eventType: 10,
  sourceService: 11,
  destinationService: 12,
  l7: 13,
  traceContext: 14,
  traceParent: 15,
  file: 16,
  ipTraceId: 17,
  interface: 18,
  emitter: 19,
  aggregate: 20,
  extensions: 21,
  tunnel: 22,
  /** The uuid column was made by us: the flow had none. */
  uuidMade: 23,
  /** The uuid as sent is in uuid_text. */
  uuidText: 24,
} as const;

/** The table `events`: LostEvents and NodeStatus as they came; rare, so each keeps its response's bytes. */
export const EVENT_COLUMNS = [
  column('cluster', 'lc', undefined, 'Key of the observing cluster.'),
  column('relay', 'lc', undefined, 'Relay it came through, or `import`.'),
  column(
    'received_at',
    'i64',
    undefined,
    'When the batch’s first response arrived (UTC, ms).',
    "DateTime64(3, 'UTC')",
  ),
  column('time', 'i64', 'time', 'The response’s time, else received_at.', "DateTime64(9, 'UTC')"),
  column('uuid', 'uuid', undefined, 'Stable id made from the bytes.'),
  column(
    'kind',
    'lc',
    undefined,
    '`lost_events`, `node_status`, or `unknown` for what a newer Hubble sends.',
  ),
  column('node_name', 'lc', 'node_name', 'Node it speaks of.'),
  column(
    'lost_source',
    'u8',
    'lost_events.source',
    'Where events were lost: 1 perf ring, 2 observer queue, 3 Hubble ring.',
  ),
  column('num_events_lost', 'u64', 'lost_events.num_events_lost', 'How many.'),
  column('state_change', 'u8', 'node_status.state_change', 'Node state number.'),
  column('node_names', 'lines', 'node_status.node_names', 'Nodes whose state changed.'),
  column('message', 'string', 'node_status.message', 'Error text.'),
  column('raw', 'string', undefined, 'The response’s bytes.'),
] as const;
