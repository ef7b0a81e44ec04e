-- Networks, of IPv4 by their first 16 bits, of IPv6 by their first 48: outside addresses are too many for the sets of
-- 0002, so that a network in which nothing was had to be read for. The expressions are those of src/query/sql/network.ts.
-- Old parts get the indexes in the background (docs/decisions/0014).
ALTER TABLE flows
  ADD INDEX IF NOT EXISTS ip_source_net4 bitShiftRight(toUInt32(toIPv4OrDefault(ip_source)), 16) TYPE bloom_filter(0.01) GRANULARITY 1,
  ADD INDEX IF NOT EXISTS ip_destination_net4 bitShiftRight(toUInt32(toIPv4OrDefault(ip_destination)), 16) TYPE bloom_filter(0.01) GRANULARITY 1,
  ADD INDEX IF NOT EXISTS ip_source_net6 toUInt64(bitShiftRight(toUInt128(toIPv6OrDefault(ip_source)), 80)) TYPE bloom_filter(0.01) GRANULARITY 1,
  ADD INDEX IF NOT EXISTS ip_destination_net6 toUInt64(bitShiftRight(toUInt128(toIPv6OrDefault(ip_destination)), 80)) TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE flows
  MATERIALIZE INDEX IF EXISTS ip_source_net4,
  MATERIALIZE INDEX IF EXISTS ip_destination_net4,
  MATERIALIZE INDEX IF EXISTS ip_source_net6,
  MATERIALIZE INDEX IF EXISTS ip_destination_net6;
