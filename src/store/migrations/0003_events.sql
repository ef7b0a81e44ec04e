-- LostEvents and NodeStatus, rare: what a relay said about flows it could not give. Columns: src/store/columns.ts.
CREATE TABLE IF NOT EXISTS events
(
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  relay LowCardinality(String) CODEC(ZSTD(1)),
  received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  time DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  uuid UUID CODEC(NONE),
  kind LowCardinality(String) CODEC(ZSTD(1)),
  node_name LowCardinality(String) CODEC(ZSTD(1)),
  lost_source UInt8 CODEC(ZSTD(1)),
  num_events_lost UInt64 CODEC(ZSTD(1)),
  state_change UInt8 CODEC(ZSTD(1)),
  node_names LowCardinality(String) CODEC(ZSTD(1)),
  message String CODEC(ZSTD(1)),
  raw String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (cluster, time)
TTL toDateTime(received_at) + toIntervalSecond(2592000)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
