-- has_reported_ends is the name to query. The column stays stored as `told`: it is part of the sorting key, and
-- ClickHouse renames no column of a key (error 524). Writers of the version before go on inserting `told`.
ALTER TABLE flow_totals ADD COLUMN IF NOT EXISTS has_reported_ends UInt8 ALIAS told AFTER told;
