-- What the writer derives from flows while it has them at hand: denials, the incidents they are of, and totals. Columns:
-- src/store/denial-columns.ts. All three are stored under the record's token before its flows, so that each is stored
-- once however often the record comes. Rows of the last two are added up; `origin` and `sequence` say how far the
-- records of a collector's life are in them, `received_at` when the newest was received. One codec, so that
-- the columns of an insert share a stream: several cost 1 ms of it, and these tables are a hundredth of what flows take.
--
-- One row a denial: what one node denied of one conversation within one batch. Kept longer than flows.
CREATE TABLE IF NOT EXISTS denials
(
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  received_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  time_slot Int32 CODEC(ZSTD(1)),
  incident UInt64 CODEC(ZSTD(1)),
  time DateTime64(9, 'UTC') CODEC(ZSTD(1)),
  last DateTime64(9, 'UTC') CODEC(ZSTD(1)),
  uuid UUID CODEC(NONE),
  node_name LowCardinality(String) CODEC(ZSTD(1)),
  verdict UInt8 CODEC(ZSTD(1)),
  traffic_direction UInt8 CODEC(ZSTD(1)),
  drop_reason_desc UInt16 CODEC(ZSTD(1)),
  policies LowCardinality(String) CODEC(ZSTD(1)),
  policy_match_type UInt32 CODEC(ZSTD(1)),
  l4_protocol UInt8 CODEC(ZSTD(1)),
  source_port UInt16 CODEC(ZSTD(1)),
  destination_port UInt16 CODEC(ZSTD(1)),
  icmp_type UInt32 CODEC(ZSTD(1)),
  http_method LowCardinality(String) CODEC(ZSTD(1)),
  http_url LowCardinality(String) CODEC(ZSTD(1)),
  dns_query LowCardinality(String) CODEC(ZSTD(1)),
  source_cluster LowCardinality(String) CODEC(ZSTD(1)),
  source_namespace LowCardinality(String) CODEC(ZSTD(1)),
  source_workload LowCardinality(String) CODEC(ZSTD(1)),
  source_peer LowCardinality(String) CODEC(ZSTD(1)),
  source_pod_name LowCardinality(String) CODEC(ZSTD(1)),
  source_identity UInt32 CODEC(ZSTD(1)),
  source_labels LowCardinality(String) CODEC(ZSTD(1)),
  ip_source LowCardinality(String) CODEC(ZSTD(1)),
  destination_cluster LowCardinality(String) CODEC(ZSTD(1)),
  destination_namespace LowCardinality(String) CODEC(ZSTD(1)),
  destination_workload LowCardinality(String) CODEC(ZSTD(1)),
  destination_peer LowCardinality(String) CODEC(ZSTD(1)),
  destination_pod_name LowCardinality(String) CODEC(ZSTD(1)),
  destination_identity UInt32 CODEC(ZSTD(1)),
  destination_labels LowCardinality(String) CODEC(ZSTD(1)),
  ip_destination LowCardinality(String) CODEC(ZSTD(1)),
  destination_names LowCardinality(String) CODEC(ZSTD(1)),
  destination_service LowCardinality(String) CODEC(ZSTD(1)),
  drops UInt32 CODEC(ZSTD(1)),
  verdicts UInt32 CODEC(ZSTD(1)),
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
  hour Int32 CODEC(ZSTD(1)),
  incident UInt64 CODEC(ZSTD(1)),
  received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  verdict UInt8 CODEC(ZSTD(1)),
  traffic_direction UInt8 CODEC(ZSTD(1)),
  drop_reason_desc UInt16 CODEC(ZSTD(1)),
  policies LowCardinality(String) CODEC(ZSTD(1)),
  l4_protocol UInt8 CODEC(ZSTD(1)),
  destination_port UInt16 CODEC(ZSTD(1)),
  source_cluster LowCardinality(String) CODEC(ZSTD(1)),
  source_namespace LowCardinality(String) CODEC(ZSTD(1)),
  source_workload LowCardinality(String) CODEC(ZSTD(1)),
  source_peer LowCardinality(String) CODEC(ZSTD(1)),
  destination_cluster LowCardinality(String) CODEC(ZSTD(1)),
  destination_namespace LowCardinality(String) CODEC(ZSTD(1)),
  destination_workload LowCardinality(String) CODEC(ZSTD(1)),
  destination_peer LowCardinality(String) CODEC(ZSTD(1)),
  origin UInt64 CODEC(ZSTD(1)),
  sequence SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1)),
  first_seen SimpleAggregateFunction(min, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
  last_seen SimpleAggregateFunction(max, DateTime64(9, 'UTC')) CODEC(ZSTD(1)),
  stored_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
  denials SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  drops SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1)),
  verdicts SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1))
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
  time_slot Int32 CODEC(ZSTD(1)),
  received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(ZSTD(1)),
  verdict UInt8 CODEC(ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  traffic_direction UInt8 CODEC(ZSTD(1)),
  drop_reason_desc UInt16 CODEC(ZSTD(1)),
  type UInt8 CODEC(ZSTD(1)),
  l4_protocol UInt8 CODEC(ZSTD(1)),
  client_is_source UInt8 CODEC(ZSTD(1)),
  server_port UInt16 CODEC(ZSTD(1)),
  source_cluster LowCardinality(String) CODEC(ZSTD(1)),
  source_namespace LowCardinality(String) CODEC(ZSTD(1)),
  source_workload LowCardinality(String) CODEC(ZSTD(1)),
  source_peer LowCardinality(String) CODEC(ZSTD(1)),
  destination_cluster LowCardinality(String) CODEC(ZSTD(1)),
  destination_namespace LowCardinality(String) CODEC(ZSTD(1)),
  destination_workload LowCardinality(String) CODEC(ZSTD(1)),
  destination_peer LowCardinality(String) CODEC(ZSTD(1)),
  origin UInt64 CODEC(ZSTD(1)),
  sequence SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1)),
  flows SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1))
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
