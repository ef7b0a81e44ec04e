// The columns of what the writer derives from flows: the tables `denials`, `incidents` and `flow_totals`. Columns named
// as those of `flows` mean the same.
import { type Column, column, MILLIS, NANOS } from './column.ts';

const OBSERVER = column('cluster', 'lc', 'Key of the cluster whose node denied it.');
const RECEIVED = column('received_at', 'i64', 'When the batch arrived.', MILLIS);
const VERDICT = column('verdict', 'u8', '2 DROPPED, 4 AUDIT.');
const DIRECTION = column(
  'traffic_direction',
  'u8',
  '1 INGRESS: at the destination; 2 EGRESS: at the source.',
);
const REASON = column('drop_reason_desc', 'u16', 'Drop reason; 0 where a proxy refused it.');
const POLICIES = column(
  'policies',
  'lc',
  'Policies that deny it, a line `Kind namespace/name` each; empty: default deny, or none is named.',
);
const PROTOCOL = column('l4_protocol', 'u8', 'As in `flows`.');
const PORT = column('destination_port', 'u16', 'Port it went to.');
const INCIDENT = column('incident', 'u64', 'Number of the incident: a hash of what is denied.');

/** Columns of rows that are added up with others: which records of one collector's run are in them. */
const MARK = [
  column('origin', 'u64', 'Hash of the run of the collector and the cluster of its records.'),
  column('sequence', 'u64', 'The newest of its records that is in the row.'),
] as const;

function ends(detailed: boolean) {
  return (['source', 'destination'] as const).flatMap((end) => [
    column(`${end}_cluster`, 'lc', `Cluster of the ${end}, as in \`flows\`.`),
    column(`${end}_namespace`, 'lc', `Namespace of the ${end}.`),
    column(`${end}_workload`, 'lc', `Workload of the ${end} as \`namespace/Kind/name\`.`),
    column(
      `${end}_peer`,
      'lc',
      `What the ${end} is called where it has no workload: DNS name, \`cidr:\` or \`reserved:\` label, pod.`,
    ),
    ...(detailed
      ? [
          column(`${end}_pod_name`, 'lc', `Pod of the ${end}.`),
          column(`${end}_identity`, 'u32', `Identity of the ${end}.`),
          column(`${end}_labels`, 'lc', `Identity labels of the ${end}, a line each.`),
          column(`ip_${end}`, 'lc', `Address of the ${end}.`),
        ]
      : []),
  ]);
}

/** The table `denials`: what one node denied of one conversation within one batch. */
export const DENIAL_COLUMNS: readonly Column[] = [
  OBSERVER,
  RECEIVED,
  column('time_slot', 'i32', 'Five-minute slot of `time`.'),
  INCIDENT,
  column('time', 'i64', 'First of its flows.', NANOS),
  column('last', 'i64', 'Last of its flows.', NANOS),
  column('uuid', 'uuid', 'Of the first of its flows.'),
  column('node_name', 'lc', 'Node that denied it.'),
  VERDICT,
  DIRECTION,
  REASON,
  POLICIES,
  column('policy_match_type', 'u32', 'What its policy verdict matched on.'),
  PROTOCOL,
  column('source_port', 'u16', 'Port it came from.'),
  PORT,
  column('icmp_type', 'u32', 'As in `flows`.'),
  column('http_method', 'lc', 'Of the request that a proxy refused.'),
  column('http_url', 'lc', 'Of the request that a proxy refused.'),
  column('dns_query', 'lc', 'Of the request that a proxy refused.'),
  ...ends(true),
  column('destination_names', 'lc', 'DNS names of the destination, a line each.'),
  column('destination_service', 'lc', 'Service of the destination as `namespace/name`.'),
  column('drops', 'u32', 'Drop events.'),
  column('verdicts', 'u32', 'Policy verdicts, and refusals of a proxy.'),
];

/** The table `incidents`: denials by incident and hour. */
export const INCIDENT_COLUMNS: readonly Column[] = [
  column('hour', 'i32', 'Hours since 1970.'),
  INCIDENT,
  column('received_at', 'i64', 'When the newest batch in it arrived.', MILLIS),
  OBSERVER,
  VERDICT,
  DIRECTION,
  REASON,
  POLICIES,
  PROTOCOL,
  PORT,
  ...ends(false),
  ...MARK,
  column('first_seen', 'i64', 'First denial of the hour.', NANOS),
  column('last_seen', 'i64', 'Last denial of the hour.', NANOS),
  column('stored_at', 'i64', 'When it was last stored.', MILLIS),
  column('denials', 'u64', 'Rows of `denials`.'),
  column('drops', 'u64', 'Drop events.'),
  column('verdicts', 'u64', 'Policy verdicts, and refusals of a proxy.'),
];

/** Stored name of the column that queries call has_reported_ends: it is part of a sorting key and cannot be renamed. */
export const STORED_HAS_REPORTED_ENDS = 'told';

/** The table `flow_totals`: flows by slot, source and destination. */
export const FLOW_TOTAL_COLUMNS: readonly Column[] = [
  column('time_slot', 'i32', 'Five-minute slot.'),
  column('received_at', 'i64', 'When the newest batch in it arrived.', MILLIS),
  column('verdict', 'u8', 'As in `flows`.'),
  column('cluster', 'lc', 'Key of the observing cluster.'),
  column('traffic_direction', 'u8', 'As in `flows`.'),
  column('drop_reason_desc', 'u16', 'As in `flows`.'),
  column('type', 'u8', 'As in `flows`.'),
  PROTOCOL,
  column('client_is_source', 'u8', '1: the source called; 0: it is an answer.'),
  column('server_port', 'u16', 'Port of the end that was called.'),
  ...ends(false),
  ...(['source', 'destination'] as const).flatMap((end) => [
    column(`${end}_cluster_name`, 'lc', `What flows call the cluster of the ${end}.`),
    column(`${end}_workloads`, 'lc', `Workloads that flows name at the ${end}, a line each.`),
  ]),
  column(
    STORED_HAS_REPORTED_ENDS,
    'u8',
    'Stored form of `has_reported_ends`, an ALIAS column: 1 when the four columns before are filled in.',
  ),
  ...MARK,
  column('flows', 'u64', 'How many.'),
];

/** Columns that say what an incident is, in the order in which its number is the hash of them. */
export const INCIDENT_MEMBERS = [
  'cluster',
  'verdict',
  'traffic_direction',
  'drop_reason_desc',
  'policies',
  'l4_protocol',
  'destination_port',
  'source_cluster',
  'source_namespace',
  'source_workload',
  'source_peer',
  'destination_cluster',
  'destination_namespace',
  'destination_workload',
  'destination_peer',
] as const;
