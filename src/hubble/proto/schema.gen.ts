// Generated from proto/ by scripts/generate.mjs. Change the .proto files and run `npm run generate`.
import { enumeration, field, type MessageType, message, wrapper } from './schema.ts';
import { Any, FieldMask, Timestamp } from './wellknown.ts';

export interface Emitter {
  name?: string | undefined;
  version?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Emitter: MessageType<Emitter> = message(
  'flow.Emitter',
  [
    field('name', 1, 'string'),
    field('version', 2, 'string'),
  ],
  () => ({}),
);

export const Verdict = enumeration('flow.Verdict', {
  VERDICT_UNKNOWN: 0,
  FORWARDED: 1,
  DROPPED: 2,
  ERROR: 3,
  AUDIT: 4,
  REDIRECTED: 5,
  TRACED: 6,
  TRANSLATED: 7,
});

export const AuthType = enumeration('flow.AuthType', {
  DISABLED: 0,
  SPIRE: 1,
  TEST_ALWAYS_FAIL: 2,
});

export interface Ethernet {
  source?: string | undefined;
  destination?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Ethernet: MessageType<Ethernet> = message(
  'flow.Ethernet',
  [
    field('source', 1, 'string'),
    field('destination', 2, 'string'),
  ],
  () => ({}),
);

export const IPVersion = enumeration('flow.IPVersion', {
  IP_NOT_USED: 0,
  IPv4: 1,
  IPv6: 2,
});

export interface IP {
  source?: string | undefined;
  /** The source address before or after NAT. */
  source_xlated?: string | undefined;
  destination?: string | undefined;
  ipVersion?: number | undefined;
  encrypted?: boolean | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const IP: MessageType<IP> = message(
  'flow.IP',
  [
    field('source', 1, 'string'),
    field('source_xlated', 5, 'string'),
    field('destination', 2, 'string'),
    field('ipVersion', 3, IPVersion),
    field('encrypted', 4, 'bool'),
  ],
  () => ({}),
);

export interface TCPFlags {
  FIN?: boolean | undefined;
  SYN?: boolean | undefined;
  RST?: boolean | undefined;
  PSH?: boolean | undefined;
  ACK?: boolean | undefined;
  URG?: boolean | undefined;
  ECE?: boolean | undefined;
  CWR?: boolean | undefined;
  NS?: boolean | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const TCPFlags: MessageType<TCPFlags> = message(
  'flow.TCPFlags',
  [
    field('FIN', 1, 'bool'),
    field('SYN', 2, 'bool'),
    field('RST', 3, 'bool'),
    field('PSH', 4, 'bool'),
    field('ACK', 5, 'bool'),
    field('URG', 6, 'bool'),
    field('ECE', 7, 'bool'),
    field('CWR', 8, 'bool'),
    field('NS', 9, 'bool'),
  ],
  () => ({}),
);

export interface TCP {
  source_port?: number | undefined;
  destination_port?: number | undefined;
  flags?: TCPFlags | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const TCP: MessageType<TCP> = message(
  'flow.TCP',
  [
    field('source_port', 1, 'uint32'),
    field('destination_port', 2, 'uint32'),
    field('flags', 3, TCPFlags),
  ],
  () => ({}),
);

export interface UDP {
  source_port?: number | undefined;
  destination_port?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const UDP: MessageType<UDP> = message(
  'flow.UDP',
  [
    field('source_port', 1, 'uint32'),
    field('destination_port', 2, 'uint32'),
  ],
  () => ({}),
);

export interface ICMPv4 {
  type?: number | undefined;
  code?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ICMPv4: MessageType<ICMPv4> = message(
  'flow.ICMPv4',
  [
    field('type', 1, 'uint32'),
    field('code', 2, 'uint32'),
  ],
  () => ({}),
);

export interface ICMPv6 {
  type?: number | undefined;
  code?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ICMPv6: MessageType<ICMPv6> = message(
  'flow.ICMPv6',
  [
    field('type', 1, 'uint32'),
    field('code', 2, 'uint32'),
  ],
  () => ({}),
);

export interface SCTP {
  source_port?: number | undefined;
  destination_port?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const SCTP: MessageType<SCTP> = message(
  'flow.SCTP',
  [
    field('source_port', 1, 'uint32'),
    field('destination_port', 2, 'uint32'),
  ],
  () => ({}),
);

export interface VRRP {
  type?: number | undefined;
  vrid?: number | undefined;
  priority?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const VRRP: MessageType<VRRP> = message(
  'flow.VRRP',
  [
    field('type', 1, 'uint32'),
    field('vrid', 2, 'uint32'),
    field('priority', 3, 'uint32'),
  ],
  () => ({}),
);

export interface IGMP {
  type?: number | undefined;
  group_address?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const IGMP: MessageType<IGMP> = message(
  'flow.IGMP',
  [
    field('type', 1, 'uint32'),
    field('group_address', 2, 'string'),
  ],
  () => ({}),
);

/** The transport of the packet. */
export interface Layer4 {
  TCP?: TCP | undefined;
  UDP?: UDP | undefined;
  ICMPv4?: ICMPv4 | undefined;
  ICMPv6?: ICMPv6 | undefined;
  SCTP?: SCTP | undefined;
  VRRP?: VRRP | undefined;
  IGMP?: IGMP | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Layer4: MessageType<Layer4> = message(
  'flow.Layer4',
  [
    field('TCP', 1, TCP, { oneof: 'protocol', excludes: ['UDP', 'ICMPv4', 'ICMPv6', 'SCTP', 'VRRP', 'IGMP'] }),
    field('UDP', 2, UDP, { oneof: 'protocol', excludes: ['TCP', 'ICMPv4', 'ICMPv6', 'SCTP', 'VRRP', 'IGMP'] }),
    field('ICMPv4', 3, ICMPv4, { oneof: 'protocol', excludes: ['TCP', 'UDP', 'ICMPv6', 'SCTP', 'VRRP', 'IGMP'] }),
    field('ICMPv6', 4, ICMPv6, { oneof: 'protocol', excludes: ['TCP', 'UDP', 'ICMPv4', 'SCTP', 'VRRP', 'IGMP'] }),
    field('SCTP', 5, SCTP, { oneof: 'protocol', excludes: ['TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'VRRP', 'IGMP'] }),
    field('VRRP', 6, VRRP, { oneof: 'protocol', excludes: ['TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'SCTP', 'IGMP'] }),
    field('IGMP', 7, IGMP, { oneof: 'protocol', excludes: ['TCP', 'UDP', 'ICMPv4', 'ICMPv6', 'SCTP', 'VRRP'] }),
  ],
  () => ({}),
);

export const TunnelProtocol = enumeration('flow.Tunnel.Protocol', {
  UNKNOWN: 0,
  VXLAN: 1,
  GENEVE: 2,
});

/** The encapsulation the packet was seen in. */
export interface Tunnel {
  protocol?: number | undefined;
  IP?: IP | undefined;
  l4?: Layer4 | undefined;
  vni?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Tunnel: MessageType<Tunnel> = message(
  'flow.Tunnel',
  [
    field('protocol', 1, TunnelProtocol),
    field('IP', 2, IP),
    field('l4', 3, Layer4),
    field('vni', 4, 'uint32'),
  ],
  () => ({}),
);

export interface Workload {
  name?: string | undefined;
  kind?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Workload: MessageType<Workload> = message(
  'flow.Workload',
  [
    field('name', 1, 'string'),
    field('kind', 2, 'string'),
  ],
  () => ({}),
);

export interface Endpoint {
  /** Number on its node; 0 for endpoints of other nodes. */
  ID?: number | undefined;
  /** Numeric security identity; see src/hubble/identity.ts for its scopes. */
  identity?: number | undefined;
  cluster_name?: string | undefined;
  namespace?: string | undefined;
  labels?: string[] | undefined;
  pod_name?: string | undefined;
  workloads?: Workload[] | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Endpoint: MessageType<Endpoint> = message(
  'flow.Endpoint',
  [
    field('ID', 1, 'uint32'),
    field('identity', 2, 'uint32'),
    field('cluster_name', 7, 'string'),
    field('namespace', 3, 'string'),
    field('labels', 4, 'string', { repeated: true }),
    field('pod_name', 5, 'string'),
    field('workloads', 6, Workload, { repeated: true }),
  ],
  () => ({}),
);

export const FlowType = enumeration('flow.FlowType', {
  UNKNOWN_TYPE: 0,
  L3_L4: 1,
  L7: 2,
  SOCK: 3,
});

export const L7FlowType = enumeration('flow.L7FlowType', {
  UNKNOWN_L7_TYPE: 0,
  REQUEST: 1,
  RESPONSE: 2,
  SAMPLE: 3,
});

export interface DNS {
  query?: string | undefined;
  ips?: string[] | undefined;
  ttl?: number | undefined;
  cnames?: string[] | undefined;
  observation_source?: string | undefined;
  rcode?: number | undefined;
  qtypes?: string[] | undefined;
  rrtypes?: string[] | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const DNS: MessageType<DNS> = message(
  'flow.DNS',
  [
    field('query', 1, 'string'),
    field('ips', 2, 'string', { repeated: true }),
    field('ttl', 3, 'uint32'),
    field('cnames', 4, 'string', { repeated: true }),
    field('observation_source', 5, 'string'),
    field('rcode', 6, 'uint32'),
    field('qtypes', 7, 'string', { repeated: true }),
    field('rrtypes', 8, 'string', { repeated: true }),
  ],
  () => ({}),
);

export interface HTTPHeader {
  key?: string | undefined;
  value?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const HTTPHeader: MessageType<HTTPHeader> = message(
  'flow.HTTPHeader',
  [
    field('key', 1, 'string'),
    field('value', 2, 'string'),
  ],
  () => ({}),
);

export interface HTTP {
  code?: number | undefined;
  method?: string | undefined;
  url?: string | undefined;
  protocol?: string | undefined;
  headers?: HTTPHeader[] | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const HTTP: MessageType<HTTP> = message(
  'flow.HTTP',
  [
    field('code', 1, 'uint32'),
    field('method', 2, 'string'),
    field('url', 3, 'string'),
    field('protocol', 4, 'string'),
    field('headers', 5, HTTPHeader, { repeated: true }),
  ],
  () => ({}),
);

export interface Kafka {
  error_code?: number | undefined;
  api_version?: number | undefined;
  api_key?: string | undefined;
  correlation_id?: number | undefined;
  topic?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Kafka: MessageType<Kafka> = message(
  'flow.Kafka',
  [
    field('error_code', 1, 'int32'),
    field('api_version', 2, 'int32'),
    field('api_key', 3, 'string'),
    field('correlation_id', 4, 'int32'),
    field('topic', 5, 'string'),
  ],
  () => ({}),
);

/** The request or response an L7 proxy saw. */
export interface Layer7 {
  type?: number | undefined;
  latency_ns?: bigint | undefined;
  dns?: DNS | undefined;
  http?: HTTP | undefined;
  kafka?: Kafka | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Layer7: MessageType<Layer7> = message(
  'flow.Layer7',
  [
    field('type', 1, L7FlowType),
    field('latency_ns', 2, 'uint64'),
    field('dns', 100, DNS, { oneof: 'record', excludes: ['http', 'kafka'] }),
    field('http', 101, HTTP, { oneof: 'record', excludes: ['dns', 'kafka'] }),
    field('kafka', 102, Kafka, { oneof: 'record', excludes: ['dns', 'http'] }),
  ],
  () => ({}),
);

export interface CiliumEventType {
  type?: number | undefined;
  sub_type?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const CiliumEventType: MessageType<CiliumEventType> = message(
  'flow.CiliumEventType',
  [
    field('type', 1, 'int32'),
    field('sub_type', 2, 'int32'),
  ],
  () => ({}),
);

export interface Service {
  name?: string | undefined;
  namespace?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Service: MessageType<Service> = message(
  'flow.Service',
  [
    field('name', 1, 'string'),
    field('namespace', 2, 'string'),
  ],
  () => ({}),
);

export const TrafficDirection = enumeration('flow.TrafficDirection', {
  TRAFFIC_DIRECTION_UNKNOWN: 0,
  INGRESS: 1,
  EGRESS: 2,
});

export const TraceObservationPoint = enumeration('flow.TraceObservationPoint', {
  UNKNOWN_POINT: 0,
  TO_PROXY: 1,
  TO_HOST: 2,
  TO_STACK: 3,
  TO_OVERLAY: 4,
  TO_ENDPOINT: 101,
  FROM_ENDPOINT: 5,
  FROM_PROXY: 6,
  FROM_HOST: 7,
  FROM_STACK: 8,
  FROM_OVERLAY: 9,
  FROM_NETWORK: 10,
  TO_NETWORK: 11,
  FROM_CRYPTO: 12,
  TO_CRYPTO: 13,
});

export const TraceReason = enumeration('flow.TraceReason', {
  TRACE_REASON_UNKNOWN: 0,
  NEW: 1,
  ESTABLISHED: 2,
  REPLY: 3,
  RELATED: 4,
  REOPENED: 5,
  SRV6_ENCAP: 6,
  SRV6_DECAP: 7,
  ENCRYPT_OVERLAY: 8,
});

export interface FileInfo {
  name?: string | undefined;
  line?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const FileInfo: MessageType<FileInfo> = message(
  'flow.FileInfo',
  [
    field('name', 1, 'string'),
    field('line', 2, 'uint32'),
  ],
  () => ({}),
);

export interface IPTraceID {
  trace_id?: bigint | undefined;
  ip_option_type?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const IPTraceID: MessageType<IPTraceID> = message(
  'flow.IPTraceID',
  [
    field('trace_id', 1, 'uint64'),
    field('ip_option_type', 2, 'uint32'),
  ],
  () => ({}),
);

export const DropReason = enumeration('flow.DropReason', {
  DROP_REASON_UNKNOWN: 0,
  INVALID_SOURCE_MAC: 130,
  INVALID_DESTINATION_MAC: 131,
  INVALID_SOURCE_IP: 132,
  POLICY_DENIED: 133,
  INVALID_PACKET_DROPPED: 134,
  CT_TRUNCATED_OR_INVALID_HEADER: 135,
  CT_MISSING_TCP_ACK_FLAG: 136,
  CT_UNKNOWN_L4_PROTOCOL: 137,
  CT_CANNOT_CREATE_ENTRY_FROM_PACKET: 138,
  UNSUPPORTED_L3_PROTOCOL: 139,
  MISSED_TAIL_CALL: 140,
  ERROR_WRITING_TO_PACKET: 141,
  UNKNOWN_L4_PROTOCOL: 142,
  UNKNOWN_ICMPV4_CODE: 143,
  UNKNOWN_ICMPV4_TYPE: 144,
  UNKNOWN_ICMPV6_CODE: 145,
  UNKNOWN_ICMPV6_TYPE: 146,
  ERROR_RETRIEVING_TUNNEL_KEY: 147,
  ERROR_RETRIEVING_TUNNEL_OPTIONS: 148,
  INVALID_GENEVE_OPTION: 149,
  UNKNOWN_L3_TARGET_ADDRESS: 150,
  STALE_OR_UNROUTABLE_IP: 151,
  NO_MATCHING_LOCAL_CONTAINER_FOUND: 152,
  ERROR_WHILE_CORRECTING_L3_CHECKSUM: 153,
  ERROR_WHILE_CORRECTING_L4_CHECKSUM: 154,
  CT_MAP_INSERTION_FAILED: 155,
  INVALID_IPV6_EXTENSION_HEADER: 156,
  IP_FRAGMENTATION_NOT_SUPPORTED: 157,
  SERVICE_BACKEND_NOT_FOUND: 158,
  NO_TUNNEL_OR_ENCAPSULATION_ENDPOINT: 160,
  FAILED_TO_INSERT_INTO_PROXYMAP: 161,
  REACHED_EDT_RATE_LIMITING_DROP_HORIZON: 162,
  UNKNOWN_CONNECTION_TRACKING_STATE: 163,
  LOCAL_HOST_IS_UNREACHABLE: 164,
  NO_CONFIGURATION_AVAILABLE_TO_PERFORM_POLICY_DECISION: 165,
  UNSUPPORTED_L2_PROTOCOL: 166,
  NO_MAPPING_FOR_NAT_MASQUERADE: 167,
  UNSUPPORTED_PROTOCOL_FOR_NAT_MASQUERADE: 168,
  FIB_LOOKUP_FAILED: 169,
  ENCAPSULATION_TRAFFIC_IS_PROHIBITED: 170,
  INVALID_IDENTITY: 171,
  UNKNOWN_SENDER: 172,
  NAT_NOT_NEEDED: 173,
  IS_A_CLUSTERIP: 174,
  FIRST_LOGICAL_DATAGRAM_FRAGMENT_NOT_FOUND: 175,
  FORBIDDEN_ICMPV6_MESSAGE: 176,
  DENIED_BY_LB_SRC_RANGE_CHECK: 177,
  SOCKET_LOOKUP_FAILED: 178,
  SOCKET_ASSIGN_FAILED: 179,
  PROXY_REDIRECTION_NOT_SUPPORTED_FOR_PROTOCOL: 180,
  POLICY_DENY: 181,
  VLAN_FILTERED: 182,
  INVALID_VNI: 183,
  INVALID_TC_BUFFER: 184,
  NO_SID: 185,
  MISSING_SRV6_STATE: 186,
  NAT46: 187,
  NAT64: 188,
  AUTH_REQUIRED: 189,
  CT_NO_MAP_FOUND: 190,
  SNAT_NO_MAP_FOUND: 191,
  INVALID_CLUSTER_ID: 192,
  UNSUPPORTED_PROTOCOL_FOR_DSR_ENCAP: 193,
  NO_EGRESS_GATEWAY: 194,
  UNENCRYPTED_TRAFFIC: 195,
  TTL_EXCEEDED: 196,
  NO_NODE_ID: 197,
  DROP_RATE_LIMITED: 198,
  IGMP_HANDLED: 199,
  IGMP_SUBSCRIBED: 200,
  MULTICAST_HANDLED: 201,
  DROP_HOST_NOT_READY: 202,
  DROP_EP_NOT_READY: 203,
  DROP_NO_EGRESS_IP: 204,
  DROP_PUNT_PROXY: 205,
});

export const DebugCapturePoint = enumeration('flow.DebugCapturePoint', {
  DBG_CAPTURE_POINT_UNKNOWN: 0,
  DBG_CAPTURE_DELIVERY: 4,
  DBG_CAPTURE_FROM_LB: 5,
  DBG_CAPTURE_AFTER_V46: 6,
  DBG_CAPTURE_AFTER_V64: 7,
  DBG_CAPTURE_PROXY_PRE: 8,
  DBG_CAPTURE_PROXY_POST: 9,
  DBG_CAPTURE_SNAT_PRE: 10,
  DBG_CAPTURE_SNAT_POST: 11,
});

export interface NetworkInterface {
  index?: number | undefined;
  name?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const NetworkInterface: MessageType<NetworkInterface> = message(
  'flow.NetworkInterface',
  [
    field('index', 1, 'uint32'),
    field('name', 2, 'string'),
  ],
  () => ({}),
);

export interface TraceParent {
  trace_id?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const TraceParent: MessageType<TraceParent> = message(
  'flow.TraceParent',
  [
    field('trace_id', 1, 'string'),
  ],
  () => ({}),
);

export interface TraceContext {
  parent?: TraceParent | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const TraceContext: MessageType<TraceContext> = message(
  'flow.TraceContext',
  [
    field('parent', 1, TraceParent),
  ],
  () => ({}),
);

export const SocketTranslationPoint = enumeration('flow.SocketTranslationPoint', {
  SOCK_XLATE_POINT_UNKNOWN: 0,
  SOCK_XLATE_POINT_PRE_DIRECTION_FWD: 1,
  SOCK_XLATE_POINT_POST_DIRECTION_FWD: 2,
  SOCK_XLATE_POINT_PRE_DIRECTION_REV: 3,
  SOCK_XLATE_POINT_POST_DIRECTION_REV: 4,
});

export interface Policy {
  name?: string | undefined;
  namespace?: string | undefined;
  labels?: string[] | undefined;
  revision?: bigint | undefined;
  kind?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Policy: MessageType<Policy> = message(
  'flow.Policy',
  [
    field('name', 1, 'string'),
    field('namespace', 2, 'string'),
    field('labels', 3, 'string', { repeated: true }),
    field('revision', 4, 'uint64'),
    field('kind', 5, 'string'),
  ],
  () => ({}),
);

export interface Aggregate {
  ingress_flow_count?: number | undefined;
  egress_flow_count?: number | undefined;
  unknown_direction_flow_count?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Aggregate: MessageType<Aggregate> = message(
  'flow.Aggregate',
  [
    field('ingress_flow_count', 1, 'uint32'),
    field('egress_flow_count', 2, 'uint32'),
    field('unknown_direction_flow_count', 3, 'uint32'),
  ],
  () => ({}),
);

/** What a node saw of one packet, connection or request. */
export interface Flow {
  /** When the node saw it, by its own clock. */
  time?: Timestamp | undefined;
  /** Unique per observation; absent in flows of old versions. */
  uuid?: string | undefined;
  /** The program that made the flow. */
  emitter?: Emitter | undefined;
  verdict?: number | undefined;
  /** Superseded by drop_reason_desc. */
  drop_reason?: number | undefined;
  auth_type?: number | undefined;
  ethernet?: Ethernet | undefined;
  IP?: IP | undefined;
  l4?: Layer4 | undefined;
  tunnel?: Tunnel | undefined;
  source?: Endpoint | undefined;
  destination?: Endpoint | undefined;
  Type?: number | undefined;
  /** "cluster/node", or the bare node name in a cluster called "default". */
  node_name?: string | undefined;
  /** Labels of the observing node. */
  node_labels?: string[] | undefined;
  /** DNS names known for the source address. */
  source_names?: string[] | undefined;
  destination_names?: string[] | undefined;
  l7?: Layer7 | undefined;
  /** Superseded by is_reply, which can say "unknown". */
  reply?: boolean | undefined;
  event_type?: CiliumEventType | undefined;
  source_service?: Service | undefined;
  destination_service?: Service | undefined;
  traffic_direction?: number | undefined;
  /** Of policy verdicts only. */
  policy_match_type?: number | undefined;
  trace_observation_point?: number | undefined;
  trace_reason?: number | undefined;
  file?: FileInfo | undefined;
  ip_trace_id?: IPTraceID | undefined;
  drop_reason_desc?: number | undefined;
  /** Absent when unknown, as on nearly all drops. */
  is_reply?: boolean | undefined;
  debug_capture_point?: number | undefined;
  interface?: NetworkInterface | undefined;
  proxy_port?: number | undefined;
  trace_context?: TraceContext | undefined;
  sock_xlate_point?: number | undefined;
  socket_cookie?: bigint | undefined;
  cgroup_id?: bigint | undefined;
  /** Text made by the node, printed as it is. */
  Summary?: string | undefined;
  extensions?: Any | undefined;
  /** Policies that matched, by direction and outcome. */
  egress_allowed_by?: Policy[] | undefined;
  ingress_allowed_by?: Policy[] | undefined;
  egress_denied_by?: Policy[] | undefined;
  ingress_denied_by?: Policy[] | undefined;
  policy_log?: string[] | undefined;
  /** Only on flows that stand for many. */
  aggregate?: Aggregate | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Flow: MessageType<Flow> = message(
  'flow.Flow',
  [
    field('time', 1, Timestamp),
    field('uuid', 34, 'string'),
    field('emitter', 41, Emitter),
    field('verdict', 2, Verdict),
    field('drop_reason', 3, 'uint32'),
    field('auth_type', 35, AuthType),
    field('ethernet', 4, Ethernet),
    field('IP', 5, IP),
    field('l4', 6, Layer4),
    field('tunnel', 39, Tunnel),
    field('source', 8, Endpoint),
    field('destination', 9, Endpoint),
    field('Type', 10, FlowType),
    field('node_name', 11, 'string'),
    field('node_labels', 37, 'string', { repeated: true }),
    field('source_names', 13, 'string', { repeated: true }),
    field('destination_names', 14, 'string', { repeated: true }),
    field('l7', 15, Layer7),
    field('reply', 16, 'bool'),
    field('event_type', 19, CiliumEventType),
    field('source_service', 20, Service),
    field('destination_service', 21, Service),
    field('traffic_direction', 22, TrafficDirection),
    field('policy_match_type', 23, 'uint32'),
    field('trace_observation_point', 24, TraceObservationPoint),
    field('trace_reason', 36, TraceReason),
    field('file', 38, FileInfo),
    field('ip_trace_id', 40, IPTraceID),
    field('drop_reason_desc', 25, DropReason),
    wrapper('is_reply', 26, 'bool'),
    field('debug_capture_point', 27, DebugCapturePoint),
    field('interface', 28, NetworkInterface),
    field('proxy_port', 29, 'uint32'),
    field('trace_context', 30, TraceContext),
    field('sock_xlate_point', 31, SocketTranslationPoint),
    field('socket_cookie', 32, 'uint64'),
    field('cgroup_id', 33, 'uint64'),
    field('Summary', 100000, 'string'),
    field('extensions', 150000, Any),
    field('egress_allowed_by', 21001, Policy, { repeated: true }),
    field('ingress_allowed_by', 21002, Policy, { repeated: true }),
    field('egress_denied_by', 21004, Policy, { repeated: true }),
    field('ingress_denied_by', 21005, Policy, { repeated: true }),
    field('policy_log', 21006, 'string', { repeated: true }),
    field('aggregate', 21007, Aggregate),
  ],
  () => ({}),
);

export interface EventTypeFilter {
  type?: number | undefined;
  match_sub_type?: boolean | undefined;
  sub_type?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const EventTypeFilter: MessageType<EventTypeFilter> = message(
  'flow.EventTypeFilter',
  [
    field('type', 1, 'int32'),
    field('match_sub_type', 2, 'bool'),
    field('sub_type', 3, 'int32'),
  ],
  () => ({}),
);

export interface FlowFilterExperimental {
  cel_expression?: string[] | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const FlowFilterExperimental: MessageType<FlowFilterExperimental> = message(
  'flow.FlowFilter.Experimental',
  [
    field('cel_expression', 1, 'string', { repeated: true }),
  ],
  () => ({}),
);

/** Values of one field are alternatives; all fields that are set must match. */
export interface FlowFilter {
  uuid?: string[] | undefined;
  source_ip?: string[] | undefined;
  source_ip_xlated?: string[] | undefined;
  source_pod?: string[] | undefined;
  source_fqdn?: string[] | undefined;
  source_label?: string[] | undefined;
  source_service?: string[] | undefined;
  source_workload?: Workload[] | undefined;
  source_cluster_name?: string[] | undefined;
  destination_ip?: string[] | undefined;
  destination_pod?: string[] | undefined;
  destination_fqdn?: string[] | undefined;
  destination_label?: string[] | undefined;
  destination_service?: string[] | undefined;
  destination_workload?: Workload[] | undefined;
  destination_cluster_name?: string[] | undefined;
  traffic_direction?: number[] | undefined;
  verdict?: number[] | undefined;
  drop_reason_desc?: number[] | undefined;
  interface?: NetworkInterface[] | undefined;
  event_type?: EventTypeFilter[] | undefined;
  http_status_code?: string[] | undefined;
  protocol?: string[] | undefined;
  source_port?: string[] | undefined;
  destination_port?: string[] | undefined;
  reply?: boolean[] | undefined;
  dns_query?: string[] | undefined;
  source_identity?: number[] | undefined;
  destination_identity?: number[] | undefined;
  http_method?: string[] | undefined;
  http_path?: string[] | undefined;
  http_url?: string[] | undefined;
  http_header?: HTTPHeader[] | undefined;
  tcp_flags?: TCPFlags[] | undefined;
  node_name?: string[] | undefined;
  node_labels?: string[] | undefined;
  ip_version?: number[] | undefined;
  trace_id?: string[] | undefined;
  ip_trace_id?: bigint[] | undefined;
  encrypted?: boolean[] | undefined;
  experimental?: FlowFilterExperimental | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const FlowFilter: MessageType<FlowFilter> = message(
  'flow.FlowFilter',
  [
    field('uuid', 29, 'string', { repeated: true }),
    field('source_ip', 1, 'string', { repeated: true }),
    field('source_ip_xlated', 34, 'string', { repeated: true }),
    field('source_pod', 2, 'string', { repeated: true }),
    field('source_fqdn', 7, 'string', { repeated: true }),
    field('source_label', 10, 'string', { repeated: true }),
    field('source_service', 16, 'string', { repeated: true }),
    field('source_workload', 26, Workload, { repeated: true }),
    field('source_cluster_name', 37, 'string', { repeated: true }),
    field('destination_ip', 3, 'string', { repeated: true }),
    field('destination_pod', 4, 'string', { repeated: true }),
    field('destination_fqdn', 8, 'string', { repeated: true }),
    field('destination_label', 11, 'string', { repeated: true }),
    field('destination_service', 17, 'string', { repeated: true }),
    field('destination_workload', 27, Workload, { repeated: true }),
    field('destination_cluster_name', 38, 'string', { repeated: true }),
    field('traffic_direction', 30, TrafficDirection, { repeated: true }),
    field('verdict', 5, Verdict, { repeated: true }),
    field('drop_reason_desc', 33, DropReason, { repeated: true }),
    field('interface', 35, NetworkInterface, { repeated: true }),
    field('event_type', 6, EventTypeFilter, { repeated: true }),
    field('http_status_code', 9, 'string', { repeated: true }),
    field('protocol', 12, 'string', { repeated: true }),
    field('source_port', 13, 'string', { repeated: true }),
    field('destination_port', 14, 'string', { repeated: true }),
    field('reply', 15, 'bool', { repeated: true }),
    field('dns_query', 18, 'string', { repeated: true }),
    field('source_identity', 19, 'uint32', { repeated: true }),
    field('destination_identity', 20, 'uint32', { repeated: true }),
    field('http_method', 21, 'string', { repeated: true }),
    field('http_path', 22, 'string', { repeated: true }),
    field('http_url', 31, 'string', { repeated: true }),
    field('http_header', 32, HTTPHeader, { repeated: true }),
    field('tcp_flags', 23, TCPFlags, { repeated: true }),
    field('node_name', 24, 'string', { repeated: true }),
    field('node_labels', 36, 'string', { repeated: true }),
    field('ip_version', 25, IPVersion, { repeated: true }),
    field('trace_id', 28, 'string', { repeated: true }),
    field('ip_trace_id', 39, 'uint64', { repeated: true }),
    field('encrypted', 40, 'bool', { repeated: true }),
    field('experimental', 999, FlowFilterExperimental),
  ],
  () => ({}),
);

export const EventType = enumeration('flow.EventType', {
  UNKNOWN: 0,
  EventSample: 9,
  RecordLost: 2,
});

export const LostEventSource = enumeration('flow.LostEventSource', {
  UNKNOWN_LOST_EVENT_SOURCE: 0,
  PERF_EVENT_RING_BUFFER: 1,
  OBSERVER_EVENTS_QUEUE: 2,
  HUBBLE_RING_BUFFER: 3,
});

/** Events that were overwritten before they were read. */
export interface LostEvent {
  source?: number | undefined;
  num_events_lost?: bigint | undefined;
  /** Absent when the loss was not on a per-CPU buffer. */
  cpu?: number | undefined;
  first?: Timestamp | undefined;
  last?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const LostEvent: MessageType<LostEvent> = message(
  'flow.LostEvent',
  [
    field('source', 1, LostEventSource),
    field('num_events_lost', 2, 'uint64'),
    wrapper('cpu', 3, 'int32'),
    field('first', 4, Timestamp),
    field('last', 5, Timestamp),
  ],
  () => ({}),
);

export const AgentEventType = enumeration('flow.AgentEventType', {
  AGENT_EVENT_UNKNOWN: 0,
  AGENT_STARTED: 2,
  POLICY_UPDATED: 3,
  POLICY_DELETED: 4,
  ENDPOINT_REGENERATE_SUCCESS: 5,
  ENDPOINT_REGENERATE_FAILURE: 6,
  ENDPOINT_CREATED: 7,
  ENDPOINT_DELETED: 8,
  IPCACHE_UPSERTED: 9,
  IPCACHE_DELETED: 10,
  SERVICE_UPSERTED: 11,
  SERVICE_DELETED: 12,
});

export interface AgentEventUnknown {
  type?: string | undefined;
  notification?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const AgentEventUnknown: MessageType<AgentEventUnknown> = message(
  'flow.AgentEventUnknown',
  [
    field('type', 1, 'string'),
    field('notification', 2, 'string'),
  ],
  () => ({}),
);

export interface TimeNotification {
  time?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const TimeNotification: MessageType<TimeNotification> = message(
  'flow.TimeNotification',
  [
    field('time', 1, Timestamp),
  ],
  () => ({}),
);

export interface PolicyUpdateNotification {
  labels?: string[] | undefined;
  revision?: bigint | undefined;
  rule_count?: bigint | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const PolicyUpdateNotification: MessageType<PolicyUpdateNotification> = message(
  'flow.PolicyUpdateNotification',
  [
    field('labels', 1, 'string', { repeated: true }),
    field('revision', 2, 'uint64'),
    field('rule_count', 3, 'int64'),
  ],
  () => ({}),
);

export interface EndpointRegenNotification {
  id?: bigint | undefined;
  labels?: string[] | undefined;
  error?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const EndpointRegenNotification: MessageType<EndpointRegenNotification> = message(
  'flow.EndpointRegenNotification',
  [
    field('id', 1, 'uint64'),
    field('labels', 2, 'string', { repeated: true }),
    field('error', 3, 'string'),
  ],
  () => ({}),
);

export interface EndpointUpdateNotification {
  id?: bigint | undefined;
  labels?: string[] | undefined;
  error?: string | undefined;
  pod_name?: string | undefined;
  namespace?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const EndpointUpdateNotification: MessageType<EndpointUpdateNotification> = message(
  'flow.EndpointUpdateNotification',
  [
    field('id', 1, 'uint64'),
    field('labels', 2, 'string', { repeated: true }),
    field('error', 3, 'string'),
    field('pod_name', 4, 'string'),
    field('namespace', 5, 'string'),
  ],
  () => ({}),
);

export interface IPCacheNotification {
  cidr?: string | undefined;
  identity?: number | undefined;
  old_identity?: number | undefined;
  host_ip?: string | undefined;
  old_host_ip?: string | undefined;
  encrypt_key?: number | undefined;
  namespace?: string | undefined;
  pod_name?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const IPCacheNotification: MessageType<IPCacheNotification> = message(
  'flow.IPCacheNotification',
  [
    field('cidr', 1, 'string'),
    field('identity', 2, 'uint32'),
    wrapper('old_identity', 3, 'uint32'),
    field('host_ip', 4, 'string'),
    field('old_host_ip', 5, 'string'),
    field('encrypt_key', 6, 'uint32'),
    field('namespace', 7, 'string'),
    field('pod_name', 8, 'string'),
  ],
  () => ({}),
);

export interface ServiceUpsertNotificationAddr {
  ip?: string | undefined;
  port?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ServiceUpsertNotificationAddr: MessageType<ServiceUpsertNotificationAddr> = message(
  'flow.ServiceUpsertNotificationAddr',
  [
    field('ip', 1, 'string'),
    field('port', 2, 'uint32'),
  ],
  () => ({}),
);

export interface ServiceUpsertNotification {
  id?: number | undefined;
  frontend_address?: ServiceUpsertNotificationAddr | undefined;
  backend_addresses?: ServiceUpsertNotificationAddr[] | undefined;
  type?: string | undefined;
  traffic_policy?: string | undefined;
  name?: string | undefined;
  namespace?: string | undefined;
  ext_traffic_policy?: string | undefined;
  int_traffic_policy?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ServiceUpsertNotification: MessageType<ServiceUpsertNotification> = message(
  'flow.ServiceUpsertNotification',
  [
    field('id', 1, 'uint32'),
    field('frontend_address', 2, ServiceUpsertNotificationAddr),
    field('backend_addresses', 3, ServiceUpsertNotificationAddr, { repeated: true }),
    field('type', 4, 'string'),
    field('traffic_policy', 5, 'string'),
    field('name', 6, 'string'),
    field('namespace', 7, 'string'),
    field('ext_traffic_policy', 8, 'string'),
    field('int_traffic_policy', 9, 'string'),
  ],
  () => ({}),
);

export interface ServiceDeleteNotification {
  id?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ServiceDeleteNotification: MessageType<ServiceDeleteNotification> = message(
  'flow.ServiceDeleteNotification',
  [
    field('id', 1, 'uint32'),
  ],
  () => ({}),
);

/** What an agent did; relays do not serve these. */
export interface AgentEvent {
  type?: number | undefined;
  unknown?: AgentEventUnknown | undefined;
  agent_start?: TimeNotification | undefined;
  policy_update?: PolicyUpdateNotification | undefined;
  endpoint_regenerate?: EndpointRegenNotification | undefined;
  endpoint_update?: EndpointUpdateNotification | undefined;
  ipcache_update?: IPCacheNotification | undefined;
  service_upsert?: ServiceUpsertNotification | undefined;
  service_delete?: ServiceDeleteNotification | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const AgentEvent: MessageType<AgentEvent> = message(
  'flow.AgentEvent',
  [
    field('type', 1, AgentEventType),
    field('unknown', 100, AgentEventUnknown, { oneof: 'notification', excludes: ['agent_start', 'policy_update', 'endpoint_regenerate', 'endpoint_update', 'ipcache_update', 'service_upsert', 'service_delete'] }),
    field('agent_start', 101, TimeNotification, { oneof: 'notification', excludes: ['unknown', 'policy_update', 'endpoint_regenerate', 'endpoint_update', 'ipcache_update', 'service_upsert', 'service_delete'] }),
    field('policy_update', 102, PolicyUpdateNotification, { oneof: 'notification', excludes: ['unknown', 'agent_start', 'endpoint_regenerate', 'endpoint_update', 'ipcache_update', 'service_upsert', 'service_delete'] }),
    field('endpoint_regenerate', 103, EndpointRegenNotification, { oneof: 'notification', excludes: ['unknown', 'agent_start', 'policy_update', 'endpoint_update', 'ipcache_update', 'service_upsert', 'service_delete'] }),
    field('endpoint_update', 104, EndpointUpdateNotification, { oneof: 'notification', excludes: ['unknown', 'agent_start', 'policy_update', 'endpoint_regenerate', 'ipcache_update', 'service_upsert', 'service_delete'] }),
    field('ipcache_update', 105, IPCacheNotification, { oneof: 'notification', excludes: ['unknown', 'agent_start', 'policy_update', 'endpoint_regenerate', 'endpoint_update', 'service_upsert', 'service_delete'] }),
    field('service_upsert', 106, ServiceUpsertNotification, { oneof: 'notification', excludes: ['unknown', 'agent_start', 'policy_update', 'endpoint_regenerate', 'endpoint_update', 'ipcache_update', 'service_delete'] }),
    field('service_delete', 107, ServiceDeleteNotification, { oneof: 'notification', excludes: ['unknown', 'agent_start', 'policy_update', 'endpoint_regenerate', 'endpoint_update', 'ipcache_update', 'service_upsert'] }),
  ],
  () => ({}),
);

/** Numbers above 0 are kept and printed as numbers: nothing here reads debug events. */
export const DebugEventType = enumeration('flow.DebugEventType', {
  DBG_EVENT_UNKNOWN: 0,
});

/** A debug message of the datapath; relays do not serve these. */
export interface DebugEvent {
  type?: number | undefined;
  source?: Endpoint | undefined;
  hash?: number | undefined;
  arg1?: number | undefined;
  arg2?: number | undefined;
  arg3?: number | undefined;
  message?: string | undefined;
  cpu?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const DebugEvent: MessageType<DebugEvent> = message(
  'flow.DebugEvent',
  [
    field('type', 1, DebugEventType),
    field('source', 2, Endpoint),
    wrapper('hash', 3, 'uint32'),
    wrapper('arg1', 4, 'uint32'),
    wrapper('arg2', 5, 'uint32'),
    wrapper('arg3', 6, 'uint32'),
    field('message', 7, 'string'),
    wrapper('cpu', 8, 'int32'),
  ],
  () => ({}),
);

export const NodeState = enumeration('relay.NodeState', {
  UNKNOWN_NODE_STATE: 0,
  NODE_CONNECTED: 1,
  NODE_UNAVAILABLE: 2,
  NODE_GONE: 3,
  NODE_ERROR: 4,
});

/** A change of what nodes the relay reads from. */
export interface NodeStatusEvent {
  state_change?: number | undefined;
  node_names?: string[] | undefined;
  message?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const NodeStatusEvent: MessageType<NodeStatusEvent> = message(
  'relay.NodeStatusEvent',
  [
    field('state_change', 1, NodeState),
    field('node_names', 2, 'string', { repeated: true }),
    field('message', 3, 'string'),
  ],
  () => ({}),
);

export interface ServerStatusRequest {
  readonly $unknown?: Uint8Array | undefined;
}
export const ServerStatusRequest: MessageType<ServerStatusRequest> = message(
  'observer.ServerStatusRequest',
  [],
  () => ({}),
);

export interface ServerStatusResponse {
  num_flows?: bigint | undefined;
  max_flows?: bigint | undefined;
  seen_flows?: bigint | undefined;
  uptime_ns?: bigint | undefined;
  num_connected_nodes?: number | undefined;
  num_unavailable_nodes?: number | undefined;
  /** At most ten names. */
  unavailable_nodes?: string[] | undefined;
  version?: string | undefined;
  /** Flows per second. */
  flows_rate?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ServerStatusResponse: MessageType<ServerStatusResponse> = message(
  'observer.ServerStatusResponse',
  [
    field('num_flows', 1, 'uint64'),
    field('max_flows', 2, 'uint64'),
    field('seen_flows', 3, 'uint64'),
    field('uptime_ns', 4, 'uint64'),
    wrapper('num_connected_nodes', 5, 'uint32'),
    wrapper('num_unavailable_nodes', 6, 'uint32'),
    field('unavailable_nodes', 7, 'string', { repeated: true }),
    field('version', 8, 'string'),
    field('flows_rate', 9, 'double'),
  ],
  () => ({}),
);

export interface GetFlowsRequestExperimental {
  readonly $unknown?: Uint8Array | undefined;
}
export const GetFlowsRequestExperimental: MessageType<GetFlowsRequestExperimental> = message(
  'observer.GetFlowsRequest.Experimental',
  [],
  () => ({}),
);

export interface GetFlowsRequest {
  /** How many flows; 0 is no limit. */
  number?: bigint | undefined;
  /** Count from the oldest instead of from the newest. */
  first?: boolean | undefined;
  follow?: boolean | undefined;
  /** A flow that matches any of these is left out. */
  blacklist?: FlowFilter[] | undefined;
  /** A flow must match one of these, when there are any. */
  whitelist?: FlowFilter[] | undefined;
  since?: Timestamp | undefined;
  until?: Timestamp | undefined;
  /** Fields of the flow to send; all when absent. */
  field_mask?: FieldMask | undefined;
  experimental?: GetFlowsRequestExperimental | undefined;
  extensions?: Any | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetFlowsRequest: MessageType<GetFlowsRequest> = message(
  'observer.GetFlowsRequest',
  [
    field('number', 1, 'uint64'),
    field('first', 9, 'bool'),
    field('follow', 3, 'bool'),
    field('blacklist', 5, FlowFilter, { repeated: true }),
    field('whitelist', 6, FlowFilter, { repeated: true }),
    field('since', 7, Timestamp),
    field('until', 8, Timestamp),
    field('field_mask', 10, FieldMask),
    field('experimental', 999, GetFlowsRequestExperimental),
    field('extensions', 150000, Any),
  ],
  () => ({}),
);

/** One message of the stream: a flow, or news about the stream itself. */
export interface GetFlowsResponse {
  flow?: Flow | undefined;
  node_status?: NodeStatusEvent | undefined;
  lost_events?: LostEvent | undefined;
  /** The node the message comes from. */
  node_name?: string | undefined;
  time?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetFlowsResponse: MessageType<GetFlowsResponse> = message(
  'observer.GetFlowsResponse',
  [
    field('flow', 1, Flow, { oneof: 'response_types', excludes: ['node_status', 'lost_events'] }),
    field('node_status', 2, NodeStatusEvent, { oneof: 'response_types', excludes: ['flow', 'lost_events'] }),
    field('lost_events', 3, LostEvent, { oneof: 'response_types', excludes: ['flow', 'node_status'] }),
    field('node_name', 1000, 'string'),
    field('time', 1001, Timestamp),
  ],
  () => ({}),
);

export interface GetAgentEventsRequest {
  number?: bigint | undefined;
  first?: boolean | undefined;
  follow?: boolean | undefined;
  since?: Timestamp | undefined;
  until?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetAgentEventsRequest: MessageType<GetAgentEventsRequest> = message(
  'observer.GetAgentEventsRequest',
  [
    field('number', 1, 'uint64'),
    field('first', 9, 'bool'),
    field('follow', 2, 'bool'),
    field('since', 7, Timestamp),
    field('until', 8, Timestamp),
  ],
  () => ({}),
);

export interface GetAgentEventsResponse {
  agent_event?: AgentEvent | undefined;
  node_name?: string | undefined;
  time?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetAgentEventsResponse: MessageType<GetAgentEventsResponse> = message(
  'observer.GetAgentEventsResponse',
  [
    field('agent_event', 1, AgentEvent),
    field('node_name', 1000, 'string'),
    field('time', 1001, Timestamp),
  ],
  () => ({}),
);

export interface GetDebugEventsRequest {
  number?: bigint | undefined;
  first?: boolean | undefined;
  follow?: boolean | undefined;
  since?: Timestamp | undefined;
  until?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetDebugEventsRequest: MessageType<GetDebugEventsRequest> = message(
  'observer.GetDebugEventsRequest',
  [
    field('number', 1, 'uint64'),
    field('first', 9, 'bool'),
    field('follow', 2, 'bool'),
    field('since', 7, Timestamp),
    field('until', 8, Timestamp),
  ],
  () => ({}),
);

export interface GetDebugEventsResponse {
  debug_event?: DebugEvent | undefined;
  node_name?: string | undefined;
  time?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetDebugEventsResponse: MessageType<GetDebugEventsResponse> = message(
  'observer.GetDebugEventsResponse',
  [
    field('debug_event', 1, DebugEvent),
    field('node_name', 1000, 'string'),
    field('time', 1001, Timestamp),
  ],
  () => ({}),
);

export interface GetNodesRequest {
  readonly $unknown?: Uint8Array | undefined;
}
export const GetNodesRequest: MessageType<GetNodesRequest> = message(
  'observer.GetNodesRequest',
  [],
  () => ({}),
);

/** How the relay talks to the node. */
export interface TLS {
  enabled?: boolean | undefined;
  server_name?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const TLS: MessageType<TLS> = message(
  'observer.TLS',
  [
    field('enabled', 1, 'bool'),
    field('server_name', 2, 'string'),
  ],
  () => ({}),
);

export interface Node {
  name?: string | undefined;
  version?: string | undefined;
  address?: string | undefined;
  state?: number | undefined;
  tls?: TLS | undefined;
  uptime_ns?: bigint | undefined;
  num_flows?: bigint | undefined;
  max_flows?: bigint | undefined;
  seen_flows?: bigint | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Node: MessageType<Node> = message(
  'observer.Node',
  [
    field('name', 1, 'string'),
    field('version', 2, 'string'),
    field('address', 3, 'string'),
    field('state', 4, NodeState),
    field('tls', 5, TLS),
    field('uptime_ns', 6, 'uint64'),
    field('num_flows', 7, 'uint64'),
    field('max_flows', 8, 'uint64'),
    field('seen_flows', 9, 'uint64'),
  ],
  () => ({}),
);

export interface GetNodesResponse {
  nodes?: Node[] | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetNodesResponse: MessageType<GetNodesResponse> = message(
  'observer.GetNodesResponse',
  [
    field('nodes', 1, Node, { repeated: true }),
  ],
  () => ({}),
);

export interface GetNamespacesRequest {
  readonly $unknown?: Uint8Array | undefined;
}
export const GetNamespacesRequest: MessageType<GetNamespacesRequest> = message(
  'observer.GetNamespacesRequest',
  [],
  () => ({}),
);

export interface Namespace {
  cluster?: string | undefined;
  namespace?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const Namespace: MessageType<Namespace> = message(
  'observer.Namespace',
  [
    field('cluster', 1, 'string'),
    field('namespace', 2, 'string'),
  ],
  () => ({}),
);

export interface GetNamespacesResponse {
  namespaces?: Namespace[] | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const GetNamespacesResponse: MessageType<GetNamespacesResponse> = message(
  'observer.GetNamespacesResponse',
  [
    field('namespaces', 1, Namespace, { repeated: true }),
  ],
  () => ({}),
);

/** One line of the flow log that agents write to a file. */
export interface ExportEvent {
  flow?: Flow | undefined;
  node_status?: NodeStatusEvent | undefined;
  lost_events?: LostEvent | undefined;
  agent_event?: AgentEvent | undefined;
  debug_event?: DebugEvent | undefined;
  node_name?: string | undefined;
  time?: Timestamp | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ExportEvent: MessageType<ExportEvent> = message(
  'observer.ExportEvent',
  [
    field('flow', 1, Flow, { oneof: 'response_types', excludes: ['node_status', 'lost_events', 'agent_event', 'debug_event'] }),
    field('node_status', 2, NodeStatusEvent, { oneof: 'response_types', excludes: ['flow', 'lost_events', 'agent_event', 'debug_event'] }),
    field('lost_events', 3, LostEvent, { oneof: 'response_types', excludes: ['flow', 'node_status', 'agent_event', 'debug_event'] }),
    field('agent_event', 4, AgentEvent, { oneof: 'response_types', excludes: ['flow', 'node_status', 'lost_events', 'debug_event'] }),
    field('debug_event', 5, DebugEvent, { oneof: 'response_types', excludes: ['flow', 'node_status', 'lost_events', 'agent_event'] }),
    field('node_name', 1000, 'string'),
    field('time', 1001, Timestamp),
  ],
  () => ({}),
);

export interface NotifyRequest {
  readonly $unknown?: Uint8Array | undefined;
}
export const NotifyRequest: MessageType<NotifyRequest> = message(
  'peer.NotifyRequest',
  [],
  () => ({}),
);

export const ChangeNotificationType = enumeration('peer.ChangeNotificationType', {
  UNKNOWN: 0,
  PEER_ADDED: 1,
  PEER_DELETED: 2,
  PEER_UPDATED: 3,
});

/** Present when the peer expects TLS. */
export interface PeerTLS {
  server_name?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const PeerTLS: MessageType<PeerTLS> = message(
  'peer.TLS',
  [
    field('server_name', 1, 'string'),
  ],
  () => ({}),
);

/** A node that came, went or changed. */
export interface ChangeNotification {
  name?: string | undefined;
  address?: string | undefined;
  type?: number | undefined;
  tls?: PeerTLS | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const ChangeNotification: MessageType<ChangeNotification> = message(
  'peer.ChangeNotification',
  [
    field('name', 1, 'string'),
    field('address', 2, 'string'),
    field('type', 3, ChangeNotificationType),
    field('tls', 4, PeerTLS),
  ],
  () => ({}),
);

export interface HealthCheckRequest {
  /** Empty asks about the server as a whole. */
  service?: string | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const HealthCheckRequest: MessageType<HealthCheckRequest> = message(
  'grpc.health.v1.HealthCheckRequest',
  [
    field('service', 1, 'string'),
  ],
  () => ({}),
);

export const HealthCheckResponseServingStatus = enumeration('grpc.health.v1.HealthCheckResponse.ServingStatus', {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
});

export interface HealthCheckResponse {
  status?: number | undefined;
  readonly $unknown?: Uint8Array | undefined;
}
export const HealthCheckResponse: MessageType<HealthCheckResponse> = message(
  'grpc.health.v1.HealthCheckResponse',
  [
    field('status', 1, HealthCheckResponseServingStatus),
  ],
  () => ({}),
);
