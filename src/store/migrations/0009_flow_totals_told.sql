-- What flows themselves say of their ends' cluster and workloads, so that totals can be asked for them with the filters of
-- flows. Rows from before have nothing there and `told` 0: until `parallax migrate --denials` has made them anew, such
-- questions are counted from flows.
ALTER TABLE flow_totals
  ADD COLUMN IF NOT EXISTS source_cluster_name LowCardinality(String) CODEC(ZSTD(1)) AFTER destination_peer,
  ADD COLUMN IF NOT EXISTS source_workloads LowCardinality(String) CODEC(ZSTD(1)) AFTER source_cluster_name,
  ADD COLUMN IF NOT EXISTS destination_cluster_name LowCardinality(String) CODEC(ZSTD(1)) AFTER source_workloads,
  ADD COLUMN IF NOT EXISTS destination_workloads LowCardinality(String) CODEC(ZSTD(1)) AFTER destination_cluster_name,
  ADD COLUMN IF NOT EXISTS told UInt8 CODEC(ZSTD(1)) AFTER destination_workloads,
  MODIFY ORDER BY (
    time_slot, verdict, cluster, destination_namespace, source_namespace, destination_workload, source_workload,
    destination_cluster, source_cluster, destination_peer, source_peer, traffic_direction, drop_reason_desc, type,
    l4_protocol, client_is_source, server_port, origin,
    source_cluster_name, source_workloads, destination_cluster_name, destination_workloads, told
  );
