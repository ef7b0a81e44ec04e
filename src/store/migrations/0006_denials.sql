-- What the writer derives from flows while it has them at hand: denials, the incidents they are of, and totals. Columns:
-- src/store/denial-columns.ts. All three are stored under the record's token before its flows, so that each is stored
-- once however often the record comes. Rows of the last two are added up; `origin` and `sequence` say how far the
-- records of a collector's life are in them, `received_at` when the newest was received. No codecs: each costs every
-- insert some 50 µs, and these tables are a hundredth of what flows take.
--
-- One row a denial: what one node denied of one conversation within one batch. Kept longer than flows.
CREATE TABLE IF NOT EXISTS denials
(
  cluster LowCardinality(String),
  received_at DateTime64(3, 'UTC'),
  time_slot Int32,
  incident UInt64,
  time DateTime64(9, 'UTC'),
  last DateTime64(9, 'UTC'),
  uuid UUID CODEC(NONE),
  node_name LowCardinality(String),
  verdict UInt8,
  traffic_direction UInt8,
  drop_reason_desc UInt16,
  policies LowCardinality(String),
  policy_match_type UInt32,
  l4_protocol UInt8,
  source_port UInt16,
  destination_port UInt16,
  icmp_type UInt32,
  http_method LowCardinality(String),
  http_url LowCardinality(String),
  dns_query LowCardinality(String),
  source_cluster LowCardinality(String),
  source_namespace LowCardinality(String),
  source_workload LowCardinality(String),
  source_peer LowCardinality(String),
  source_pod_name LowCardinality(String),
  source_identity UInt32,
  source_labels LowCardinality(String),
  ip_source LowCardinality(String),
  destination_cluster LowCardinality(String),
  destination_namespace LowCardinality(String),
  destination_workload LowCardinality(String),
  destination_peer LowCardinality(String),
  destination_pod_name LowCardinality(String),
  destination_identity UInt32,
  destination_labels LowCardinality(String),
  ip_destination LowCardinality(String),
  destination_names LowCardinality(String),
  destination_service LowCardinality(String),
  drops UInt32,
  verdicts UInt32,
  INDEX time_range time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toMonday(received_at)
ORDER BY (time_slot, incident, time)
TTL toDateTime(received_at) + toIntervalSecond(15552000)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- The same by incident and hour. The columns after the number say what it is the hash of, the same in all its rows.
CREATE TABLE IF NOT EXISTS incidents
(
  hour Int32,
  incident UInt64,
  received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  cluster LowCardinality(String),
  verdict UInt8,
  traffic_direction UInt8,
  drop_reason_desc UInt16,
  policies LowCardinality(String),
  l4_protocol UInt8,
  destination_port UInt16,
  source_cluster LowCardinality(String),
  source_namespace LowCardinality(String),
  source_workload LowCardinality(String),
  source_peer LowCardinality(String),
  destination_cluster LowCardinality(String),
  destination_namespace LowCardinality(String),
  destination_workload LowCardinality(String),
  destination_peer LowCardinality(String),
  origin UInt64,
  sequence SimpleAggregateFunction(max, UInt64),
  first_seen SimpleAggregateFunction(min, DateTime64(9, 'UTC')),
  last_seen SimpleAggregateFunction(max, DateTime64(9, 'UTC')),
  stored_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  denials SimpleAggregateFunction(sum, UInt64),
  drops SimpleAggregateFunction(sum, UInt64),
  verdicts SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toMonday(received_at)
PRIMARY KEY (hour, incident)
ORDER BY (
  hour, incident, cluster, verdict, traffic_direction, drop_reason_desc, policies, l4_protocol, destination_port,
  source_cluster, source_namespace, source_workload, source_peer, destination_cluster, destination_namespace,
  destination_workload, destination_peer, origin
)
TTL toDateTime(received_at) + toIntervalSecond(15552000)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- Flows counted by who sent them to whom, in five-minute slots: what tops, maps and series of long windows are read
-- from.
CREATE TABLE IF NOT EXISTS flow_totals
(
  time_slot Int32,
  received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  verdict UInt8,
  cluster LowCardinality(String),
  traffic_direction UInt8,
  drop_reason_desc UInt16,
  type UInt8,
  l4_protocol UInt8,
  client_is_source UInt8,
  server_port UInt16,
  source_cluster LowCardinality(String),
  source_namespace LowCardinality(String),
  source_workload LowCardinality(String),
  source_peer LowCardinality(String),
  destination_cluster LowCardinality(String),
  destination_namespace LowCardinality(String),
  destination_workload LowCardinality(String),
  destination_peer LowCardinality(String),
  origin UInt64,
  sequence SimpleAggregateFunction(max, UInt64),
  flows SimpleAggregateFunction(sum, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (
  time_slot, verdict, cluster, destination_namespace, source_namespace, destination_workload, source_workload,
  destination_cluster, source_cluster, destination_peer, source_peer, traffic_direction, drop_reason_desc, type,
  l4_protocol, client_is_source, server_port, origin
)
TTL toDateTime(received_at) + toIntervalSecond(7776000)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
