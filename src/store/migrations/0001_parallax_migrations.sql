-- What ran, once a file. Always the first: the others are recorded here.
CREATE TABLE IF NOT EXISTS parallax_migrations
(
  version UInt32,
  name String,
  checksum String,
  applied_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY version
SETTINGS non_replicated_deduplication_window = 1000;
