// The columns that an observation is made of: a little more than half of a flow's. The others are selected as nothing, so
// that `restoreFlow` reads the rows.
import type { FlowColumnName } from '../../store/schema/columns.ts';
import type { Sql } from '../../store/sql.ts';
import { RESTORE_COLUMNS, restoreSelect } from '../read/restore/select.ts';

const ENDS = ['source', 'destination'] as const;

const NEEDED: ReadonlySet<FlowColumnName> = new Set<FlowColumnName>([
  'time',
  'uuid',
  'uuid_text',
  'presence',
  'raw',
  'response_time',
  'response_node_name',
  'emitter_version',
  'verdict',
  'drop_reason',
  'drop_reason_desc',
  'ip_source_xlated',
  'l4_protocol',
  'tcp_flags',
  'icmp_type',
  ...ENDS.flatMap((end): FlowColumnName[] => [
    `ip_${end}`,
    `${end}_port`,
    `${end}_id`,
    `${end}_identity`,
    `${end}_cluster_name`,
    `${end}_namespace`,
    `${end}_labels`,
    `${end}_pod_name`,
    `${end}_workloads`,
    `${end}_names`,
    `${end}_service_name`,
    `${end}_service_namespace`,
  ]),
  'type',
  'node_name',
  'l7_type',
  'l7_latency_ns',
  'l7_protocol',
  'dns_query',
  'dns_rcode',
  'http_code',
  'http_method',
  'http_url',
  'reply',
  'event_type',
  'traffic_direction',
  'policy_match_type',
  'trace_observation_point',
  'is_reply',
  'egress_allowed_by',
  'ingress_allowed_by',
  'egress_denied_by',
  'ingress_denied_by',
]);

/** Where `raw` is among the values that `observationSelect` selects. */
export const RAW_AT = RESTORE_COLUMNS.findIndex(({ name }) => name === 'raw');

/** The SELECT list that `restoreFlow` takes, with nothing in place of what observations do not need. */
export function observationSelect(): Sql {
  return restoreSelect(NEEDED);
}
