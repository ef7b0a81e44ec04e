-- What is known beside the flows: identities and clusters. Rows say what was seen when; the same row twice, late or from
-- two writers is one row, so nothing here needs a token. Columns: src/store/columns-enriched.ts.
--
-- A number is handed out again half an hour after its last use at the earliest, so within one hour an identity has its
-- labels once, and `first_seen` and `last_seen` of a slot never span another identity's time.
CREATE TABLE IF NOT EXISTS identities
(
  cluster LowCardinality(String),
  identity UInt32,
  slot Int32,
  labels_hash UInt64,
  labels SimpleAggregateFunction(any, String) CODEC(ZSTD(1)),
  origin SimpleAggregateFunction(groupBitOr, UInt8),
  first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')) CODEC(Delta(8), ZSTD(1)),
  last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(Delta(8), ZSTD(1)),
  received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')) CODEC(Delta(8), ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (cluster, identity, slot, labels_hash)
TTL toDateTime(received_at) + toIntervalSecond(2592000);

CREATE TABLE IF NOT EXISTS cluster_facts
(
  cluster LowCardinality(String),
  kind LowCardinality(String),
  value String,
  origin LowCardinality(String),
  first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
  last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
  received_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (cluster, kind, value, origin)
TTL toDateTime(received_at) + toIntervalSecond(2592000);
