// The last columns of the table `flows`: what enrichment adds to what a flow says. None of them is read when a row is
// turned back into its response, so they may be wrong without `-o jsonpb` being wrong.

const TYPES = { lc: 'LowCardinality(String)', u8: 'UInt8', u16: 'UInt16' } as const;

function added<const Name extends string, Encoding extends keyof typeof TYPES>(
  name: Name,
  encoding: Encoding,
  doc: string,
): {
  readonly name: Name;
  readonly encoding: Encoding;
  readonly type: string;
  readonly doc: string;
  readonly path?: string;
} {
  return { name, encoding, type: TYPES[encoding], doc };
}

const CLUSTER_ORIGIN =
  'Which fact said so: 0 none, 1 flow, 2 label, 3 identity number, 4 address in a network of the cluster.';
const WORKLOAD_ORIGIN =
  'Which fact said so: 0 none, 1 flow, 2 Kubernetes, 3 other flows of the pod, 4 derived from the pod’s name.';
const RESOLUTION =
  '0 the flow says what it is; 1 outside every cluster, as far as known; 2 unresolved: the flow says `world`, and the address is one of a cluster’s.';

export const ENRICHED_COLUMNS = [
  added(
    'source_cluster',
    'lc',
    'Cluster of the source: its key here, else the name it has in its mesh.',
  ),
  added(
    'source_cluster_id',
    'u16',
    'Cluster id in the source identity number, 0 when it carries none.',
  ),
  added('source_cluster_origin', 'u8', CLUSTER_ORIGIN),
  added(
    'destination_cluster',
    'lc',
    'Cluster of the destination: its key here, else the name it has in its mesh.',
  ),
  added(
    'destination_cluster_id',
    'u16',
    'Cluster id in the destination identity number, 0 when it carries none.',
  ),
  added('destination_cluster_origin', 'u8', CLUSTER_ORIGIN),
  added('source_workload', 'lc', 'Workload of the source as `namespace/Kind/name`.'),
  added('source_workload_origin', 'u8', WORKLOAD_ORIGIN),
  added('source_node', 'lc', 'Node the source runs on, without its cluster, as far as known.'),
  added('source_zone', 'lc', 'Zone of that node (label topology.kubernetes.io/zone).'),
  added('source_resolution', 'u8', RESOLUTION),
  added('destination_workload', 'lc', 'Workload of the destination as `namespace/Kind/name`.'),
  added('destination_workload_origin', 'u8', WORKLOAD_ORIGIN),
  added(
    'destination_node',
    'lc',
    'Node the destination runs on, without its cluster, as far as known.',
  ),
  added('destination_zone', 'lc', 'Zone of that node (label topology.kubernetes.io/zone).'),
  added('destination_resolution', 'u8', RESOLUTION),
  added(
    'service_scope',
    'lc',
    'What the annotations of the destination’s service (else the source’s) say, such as `global affinity=local`.',
  ),
] as const;

/** The table `identities`: which labels an identity number had in a cluster, hour by hour. */
export const IDENTITY_COLUMNS = [
  {
    name: 'cluster',
    encoding: 'lc',
    type: 'LowCardinality(String)',
    doc: 'Key of the cluster that handed the number out.',
  },
  { name: 'identity', encoding: 'u32', type: 'UInt32', doc: 'The number.' },
  { name: 'slot', encoding: 'i32', type: 'Int32', doc: 'Hour of `first_seen` since 1970.' },
  { name: 'labels_hash', encoding: 'u64', type: 'UInt64', doc: 'Of `labels`.' },
  { name: 'labels', encoding: 'string', type: 'String', doc: 'Labels, a line each, sorted.' },
  { name: 'origin', encoding: 'u8', type: 'UInt8', doc: 'Bits: 1 flows, 2 Kubernetes.' },
  {
    name: 'first_seen',
    encoding: 'i64',
    type: "DateTime64(3, 'UTC')",
    doc: 'First time seen so within the slot.',
  },
  {
    name: 'last_seen',
    encoding: 'i64',
    type: "DateTime64(3, 'UTC')",
    doc: 'Last time seen so since then.',
  },
  {
    name: 'received_at',
    encoding: 'i64',
    type: "DateTime64(3, 'UTC')",
    doc: 'When it was last written down.',
  },
] as const;

/** The table `cluster_facts`: what is known of clusters, from whom, since when. */
export const CLUSTER_FACT_COLUMNS = [
  { name: 'cluster', encoding: 'lc', type: 'LowCardinality(String)', doc: 'Key of the cluster.' },
  {
    name: 'kind',
    encoding: 'lc',
    type: 'LowCardinality(String)',
    doc: '`name`, `node_prefix` (of node names it observed), `id`, `max_connected_clusters`, `mesh`, `pod_cidr`, `node_cidr`, `namespace` or `relay`.',
  },
  { name: 'value', encoding: 'string', type: 'String', doc: 'The fact, as text.' },
  {
    name: 'origin',
    encoding: 'lc',
    type: 'LowCardinality(String)',
    doc: '`config`, `flow` or `kubernetes`.',
  },
  { name: 'first_seen', encoding: 'i64', type: "DateTime64(3, 'UTC')", doc: 'First time it held.' },
  { name: 'last_seen', encoding: 'i64', type: "DateTime64(3, 'UTC')", doc: 'Last time it held.' },
  {
    name: 'received_at',
    encoding: 'i64',
    type: "DateTime64(3, 'UTC')",
    doc: 'When it was last written down.',
  },
] as const;
