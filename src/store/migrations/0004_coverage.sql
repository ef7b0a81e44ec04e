-- What collectors know of their own completeness: one row a node and report. Columns: src/store/coverage-columns.ts.
CREATE TABLE IF NOT EXISTS coverage
(
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  relay LowCardinality(String) CODEC(ZSTD(1)),
  received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  uuid UUID CODEC(NONE),
  collector LowCardinality(String) CODEC(ZSTD(1)),
  sequence UInt64 CODEC(ZSTD(1)),
  node LowCardinality(String) CODEC(ZSTD(1)),
  minute DateTime('UTC') CODEC(Delta(4), ZSTD(1)),
  up_ms UInt32 CODEC(ZSTD(1)),
  paused_ms UInt32 CODEC(ZSTD(1)),
  down_ms UInt32 CODEC(ZSTD(1)),
  received UInt64 CODEC(ZSTD(1)),
  repeated UInt64 CODEC(ZSTD(1)),
  lost_unknown UInt64 CODEC(ZSTD(1)),
  lost_perf UInt64 CODEC(ZSTD(1)),
  lost_queue UInt64 CODEC(ZSTD(1)),
  lost_ring UInt64 CODEC(ZSTD(1)),
  oversize UInt64 CODEC(ZSTD(1)),
  too_large UInt64 CODEC(ZSTD(1)),
  foreign UInt64 CODEC(ZSTD(1)),
  delays UInt32 CODEC(ZSTD(1)),
  delay_p50_ms UInt32 CODEC(ZSTD(1)),
  delay_max_ms UInt32 CODEC(ZSTD(1)),
  skew_ms Int64 CODEC(ZSTD(1)),
  skew_known UInt32 CODEC(ZSTD(1)),
  stream UInt32 CODEC(ZSTD(1)),
  opened_ms Int64 CODEC(ZSTD(1)),
  boot_ms Int64 CODEC(ZSTD(1)),
  start UInt64 CODEC(ZSTD(1)),
  slack UInt64 CODEC(ZSTD(1)),
  placed UInt32 CODEC(ZSTD(1)),
  position UInt64 CODEC(ZSTD(1)),
  final UInt32 CODEC(ZSTD(1)),
  oldest_ms Int64 CODEC(ZSTD(1)),
  newest_ms Int64 CODEC(ZSTD(1)),
  heard_ms Int64 CODEC(ZSTD(1)),
  state UInt32 CODEC(ZSTD(1)),
  seen UInt64 CODEC(ZSTD(1)),
  held UInt64 CODEC(ZSTD(1)),
  capacity UInt64 CODEC(ZSTD(1)),
  uptime_ns UInt64 CODEC(ZSTD(1)),
  version LowCardinality(String) CODEC(ZSTD(1)),
  address LowCardinality(String) CODEC(ZSTD(1)),
  tls UInt32 CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (cluster, minute, node)
TTL toDateTime(received_at) + toIntervalSecond(2592000)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;
