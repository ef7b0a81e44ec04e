// The last columns of the table `flows`: what enrichment adds to what a flow says. None of them is read when a row is
// turned back into its response, so they may be wrong without `-o jsonpb` being wrong.
import { column, MILLIS } from './column.ts';

const CLUSTER_ORIGIN =
  'Which fact said so: 0 none, 1 flow, 2 label, 3 identity number, 4 address in a network of the cluster.';
const WORKLOAD_ORIGIN =
  'Which fact said so: 0 none, 1 flow, 2 Kubernetes, 3 other flows of the pod, 4 derived from the pod’s name.';
const RESOLUTION =
  '0 the flow says what it is; 1 outside every cluster, as far as known; 2 unresolved: the flow says `world`, and the address is one of a cluster’s.';

export const ENRICHED_COLUMNS = [
  column(
    'source_cluster',
    'lc',
    'Cluster of the source: its key here, else the name it has in its mesh.',
  ),
  column(
    'source_cluster_id',
    'u16',
    'Cluster id in the source identity number, 0 when it carries none.',
  ),
  column('source_cluster_origin', 'u8', CLUSTER_ORIGIN),
  column(
    'destination_cluster',
    'lc',
    'Cluster of the destination: its key here, else the name it has in its mesh.',
  ),
  column(
    'destination_cluster_id',
    'u16',
    'Cluster id in the destination identity number, 0 when it carries none.',
  ),
  column('destination_cluster_origin', 'u8', CLUSTER_ORIGIN),
  column('source_workload', 'lc', 'Workload of the source as `namespace/Kind/name`.'),
  column('source_workload_origin', 'u8', WORKLOAD_ORIGIN),
  column('source_node', 'lc', 'Node the source runs on, without its cluster, as far as known.'),
  column('source_zone', 'lc', 'Zone of that node (label topology.kubernetes.io/zone).'),
  column('source_resolution', 'u8', RESOLUTION),
  column('destination_workload', 'lc', 'Workload of the destination as `namespace/Kind/name`.'),
  column('destination_workload_origin', 'u8', WORKLOAD_ORIGIN),
  column(
    'destination_node',
    'lc',
    'Node the destination runs on, without its cluster, as far as known.',
  ),
  column('destination_zone', 'lc', 'Zone of that node (label topology.kubernetes.io/zone).'),
  column('destination_resolution', 'u8', RESOLUTION),
  column(
    'service_scope',
    'lc',
    'What the annotations of the destination’s service (else the source’s) say, such as `global affinity=local`.',
  ),
] as const;

/** The table `identities`: which labels an identity number had in a cluster, hour by hour. */
export const IDENTITY_COLUMNS = [
  column('cluster', 'lc', 'Key of the cluster that handed the number out.'),
  column('identity', 'u32', 'The number.'),
  column('slot', 'i32', 'Hour of `first_seen` since 1970.'),
  column('labels_hash', 'u64', 'Of `labels`.'),
  column('labels', 'string', 'Labels, a line each, sorted.'),
  column('origin', 'u8', 'Bits: 1 flows, 2 Kubernetes.'),
  column('first_seen', 'i64', 'First time seen so within the slot.', MILLIS),
  column('last_seen', 'i64', 'Last time seen so since then.', MILLIS),
  column('received_at', 'i64', 'When it was last written down.', MILLIS),
] as const;

/** The table `cluster_facts`: what is known of clusters, from whom, since when. */
export const CLUSTER_FACT_COLUMNS = [
  column('cluster', 'lc', 'Key of the cluster.'),
  column(
    'kind',
    'lc',
    '`name`, `node_prefix` (of node names it observed), `id`, `max_connected_clusters`, `mesh`, `pod_cidr`, `node_cidr`, `namespace` or `relay`.',
  ),
  column('value', 'string', 'The fact, as text.'),
  column('origin', 'lc', '`config`, `flow` or `kubernetes`.'),
  column('first_seen', 'i64', 'First time it held.', MILLIS),
  column('last_seen', 'i64', 'Last time it held.', MILLIS),
  column('received_at', 'i64', 'When it was last written down.', MILLIS),
] as const;
