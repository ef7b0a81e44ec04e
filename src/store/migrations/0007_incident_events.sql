-- The log of what happened to incidents, and what became of telling it. Columns: src/store/alert-columns.ts.
--
-- One row a transition. Whoever reads it takes a key once: two evaluators may have written the same.
CREATE TABLE IF NOT EXISTS incident_events
(
  sequence UInt64 CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  uuid UUID CODEC(NONE),
  evaluator LowCardinality(String) CODEC(ZSTD(1)),
  key String CODEC(ZSTD(1)),
  incident UInt64 CODEC(ZSTD(1)),
  episode UInt64 CODEC(ZSTD(1)),
  kind LowCardinality(String) CODEC(ZSTD(1)),
  step UInt32 CODEC(ZSTD(1)),
  silent UInt8 CODEC(ZSTD(1)),
  opened_at DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  last_seen DateTime64(9, 'UTC') CODEC(Delta(8), ZSTD(1)),
  drops UInt64 CODEC(T64, ZSTD(1)),
  verdicts UInt64 CODEC(T64, ZSTD(1)),
  drops_before UInt64 CODEC(T64, ZSTD(1)),
  verdicts_before UInt64 CODEC(T64, ZSTD(1)),
  cluster LowCardinality(String) CODEC(ZSTD(1)),
  verdict UInt8 CODEC(ZSTD(1)),
  source_cluster LowCardinality(String) CODEC(ZSTD(1)),
  source_namespace LowCardinality(String) CODEC(ZSTD(1)),
  destination_cluster LowCardinality(String) CODEC(ZSTD(1)),
  destination_namespace LowCardinality(String) CODEC(ZSTD(1)),
  document String CODEC(ZSTD(1)),
  INDEX of_incident incident TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toMonday(received_at)
ORDER BY sequence
TTL toDateTime(received_at) + toIntervalSecond(15552000)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000, index_granularity = 1024;

-- One row each time that something is decided about a receiver and a transition, or about how far it has come.
CREATE TABLE IF NOT EXISTS deliveries
(
  receiver LowCardinality(String) CODEC(ZSTD(1)),
  sequence UInt64 CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  uuid UUID CODEC(NONE),
  state LowCardinality(String) CODEC(ZSTD(1)),
  key String CODEC(ZSTD(1)),
  incident UInt64 CODEC(ZSTD(1)),
  kind LowCardinality(String) CODEC(ZSTD(1)),
  attempts UInt32 CODEC(ZSTD(1)),
  status UInt16 CODEC(ZSTD(1)),
  reason String CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toMonday(received_at)
ORDER BY (receiver, sequence, received_at)
TTL toDateTime(received_at) + toIntervalSecond(15552000)
SETTINGS ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

-- What was written down since the last look: all but the newest parts are passed over.
ALTER TABLE incidents ADD INDEX IF NOT EXISTS stored_range stored_at TYPE minmax GRANULARITY 1;
