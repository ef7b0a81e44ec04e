// The last columns of the table `flows`: what enrichment adds to what a flow says. None of them is read when a row is
// turned back into its response, so they may be wrong without `-o jsonpb` being wrong.
import { column, MILLIS } from './column.ts';

const CLUSTER_ORIGIN =
  'Which fact said so: 0 none, 1 flow, 2 label, 3 identity number, 4 address in a network of the cluster.';
const WORKLOAD_ORIGIN =
  'Which fact said so: 0 none, 1 flow, 2 Kubernetes, 3 other flows of the pod, 4 derived from the pod’s name.';
const RESOLUTION =
  '0 named by the flow; 1 outside all known clusters; 2 unresolved: the flow says `world`, but the address belongs to a cluster.';

type End = 'source' | 'destination';

function clusterOf<const E extends End>(end: E) {
  return [
    column(
      `${end}_cluster`,
      'lc',
      `Cluster of the ${end}: its key here, else the name it has in its mesh.`,
    ),
    column(
      `${end}_cluster_id`,
      'u16',
      `Cluster id in the ${end} identity number, 0 when it carries none.`,
    ),
    column(`${end}_cluster_origin`, 'u8', CLUSTER_ORIGIN),
  ] as const;
}

function placeOf<const E extends End>(end: E) {
  return [
    column(`${end}_workload`, 'lc', `Workload of the ${end} as \`namespace/Kind/name\`.`),
    column(`${end}_workload_origin`, 'u8', WORKLOAD_ORIGIN),
    column(`${end}_node`, 'lc', `Node the ${end} runs on, without its cluster, as far as known.`),
    column(`${end}_zone`, 'lc', 'Zone of that node (label topology.kubernetes.io/zone).'),
    column(`${end}_resolution`, 'u8', RESOLUTION),
  ] as const;
}

export const ENRICHED_COLUMNS = [
  ...clusterOf('source'),
  ...clusterOf('destination'),
  ...placeOf('source'),
  ...placeOf('destination'),
  column(
    'service_scope',
    'lc',
    'Annotations of the destination’s service, else the source’s, such as `global affinity=local`.',
  ),
] as const;

/** Names of an end's columns here without the end. */
export const LOCATION_COLUMNS = [
  'cluster',
  'cluster_id',
  'cluster_origin',
  'workload',
  'workload_origin',
  'node',
  'zone',
  'resolution',
] as const;

/** The table `identities`: which labels an identity number had in a cluster, hour by hour. */
export const IDENTITY_COLUMNS = [
  column('cluster', 'lc', 'Key of the cluster that allocated the number.'),
  column('identity', 'u32', 'The number.'),
  column('slot', 'i32', 'Hour of `first_seen` since 1970.'),
  column('labels_hash', 'u64', 'Of `labels`.'),
  column('labels', 'string', 'Labels, a line each, sorted.'),
  column('origin', 'u8', 'Bits: 1 flows, 2 Kubernetes.'),
  column('first_seen', 'i64', 'First time seen so within the slot.', MILLIS),
  column('last_seen', 'i64', 'Last time seen so since then.', MILLIS),
  column('received_at', 'i64', 'When it was last stored.', MILLIS),
] as const;

/** The table `cluster_facts`: facts about clusters, with their source and since when they hold. */
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
  column('received_at', 'i64', 'When it was last stored.', MILLIS),
] as const;
