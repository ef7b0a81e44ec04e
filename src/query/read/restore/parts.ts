// The messages inside a flow, each from its columns.
import type {
  Endpoint,
  HTTPHeader,
  IP,
  Layer4,
  Layer7,
  TCPFlags,
  Workload,
} from '../../../hubble/proto/schema.gen.ts';
import { present } from './present.ts';
import type { FlowRow } from './row.ts';

export function endpointOf(row: FlowRow, end: 'source' | 'destination'): Endpoint {
  return present({
    ID: row.number(`${end}_id`),
    identity: row.number(`${end}_identity`),
    cluster_name: row.text(`${end}_cluster_name`),
    namespace: row.text(`${end}_namespace`),
    labels: row.lines(`${end}_labels`),
    pod_name: row.text(`${end}_pod_name`),
    workloads: row.lines(`${end}_workloads`)?.map(workloadOf),
  });
}

export function ipOf(row: FlowRow): IP {
  return present({
    source: row.text('ip_source'),
    source_xlated: row.text('ip_source_xlated'),
    destination: row.text('ip_destination'),
    ipVersion: row.number('ip_version'),
    encrypted: row.flag('ip_encrypted'),
  });
}

export function layer4Of(row: FlowRow): Layer4 {
  switch (row.number('l4_protocol')) {
    case 1:
      return { TCP: present({ ...portsOf(row), flags: tcpFlagsOf(row) }) };
    case 2:
      return { UDP: portsOf(row) };
    case 3:
      return { ICMPv4: icmpOf(row) };
    case 4:
      return { ICMPv6: icmpOf(row) };
    case 5:
      return { SCTP: portsOf(row) };
    case 6:
      return {
        VRRP: present({
          type: row.number('icmp_type'),
          vrid: row.number('vrrp_vrid'),
          priority: row.number('vrrp_priority'),
        }),
      };
    case 7:
      return {
        IGMP: present({
          type: row.number('icmp_type'),
          group_address: row.text('igmp_group_address'),
        }),
      };
    default:
      return {};
  }
}

export function layer7Of(row: FlowRow): Layer7 {
  const protocol = row.number('l7_protocol');
  return present({
    type: row.number('l7_type'),
    latency_ns: row.bigint('l7_latency_ns'),
    dns: protocol === 1 ? dnsOf(row) : undefined,
    http: protocol === 2 ? httpOf(row) : undefined,
    kafka: protocol === 3 ? kafkaOf(row) : undefined,
  });
}

function workloadOf(text: string): Workload {
  const slash = text.indexOf('/');
  return present({
    name: text.slice(slash + 1) || undefined,
    kind: text.slice(0, slash) || undefined,
  });
}

function portsOf(row: FlowRow) {
  return present({
    source_port: row.number('source_port'),
    destination_port: row.number('destination_port'),
  });
}

function icmpOf(row: FlowRow) {
  return present({ type: row.number('icmp_type'), code: row.number('icmp_code') });
}

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS'] as const;

function tcpFlagsOf(row: FlowRow): TCPFlags | undefined {
  if (!row.has('tcpFlags')) return undefined;
  const bits = row.number('tcp_flags') ?? 0;
  const flags: TCPFlags = {};
  for (const [bit, flag] of TCP_FLAGS.entries()) if (bits & (1 << bit)) flags[flag] = true;
  return flags;
}

function dnsOf(row: FlowRow) {
  return present({
    query: row.text('dns_query'),
    ips: row.lines('dns_ips'),
    ttl: row.number('dns_ttl'),
    cnames: row.lines('dns_cnames'),
    observation_source: row.text('dns_observation_source'),
    rcode: row.number('dns_rcode'),
    qtypes: row.lines('dns_qtypes'),
    rrtypes: row.lines('dns_rrtypes'),
  });
}

function httpOf(row: FlowRow) {
  return present({
    code: row.number('http_code'),
    method: row.text('http_method'),
    url: row.text('http_url'),
    protocol: row.text('http_protocol'),
    // Written as such by the projection.
    headers: row.json('http_headers') as HTTPHeader[] | undefined,
  });
}

function kafkaOf(row: FlowRow) {
  return present({
    error_code: row.number('kafka_error_code'),
    api_version: row.number('kafka_api_version'),
    api_key: row.text('kafka_api_key'),
    correlation_id: row.number('kafka_correlation_id'),
    topic: row.text('kafka_topic'),
  });
}
