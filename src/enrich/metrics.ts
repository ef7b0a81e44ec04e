import type { Registry } from 'prom-client';
import { instruments } from '../telemetry/instruments.ts';

// Long because it is the list of all its instruments.
export function writerMetrics(registry: Registry) {
  const { counter, gauge, histogram } = instruments(registry, 'parallax_writer_');
  return {
    records: counter(
      'records_total',
      'Bus records stored, by whether they were marked as replay.',
      'replay',
    ),
    flows: counter('flows_total', 'Flows stored, by observing cluster.', 'cluster'),
    events: counter(
      'events_total',
      'Lost events and node states stored, by observing cluster.',
      'cluster',
    ),
    derived: counter(
      'derived_rows_total',
      'Rows stored of what is derived from flows, by table (denials, incidents, flow_totals).',
      'table',
    ),
    foldedDenials: counter(
      'incidents_folded_total',
      'Denials whose incident leaves out the port, because a batch had too many.',
    ),
    foldedFlows: counter(
      'totals_folded_total',
      'Flows counted without their port, because a batch had too many different ones.',
    ),
    overlapping: counter(
      'contested_records_total',
      'Records looked up like replays because another collector of the cluster published at the same time.',
      'cluster',
    ),
    coverage: counter(
      'coverage_rows_total',
      'Rows of collectors’ reports of their completeness stored, by cluster.',
      'cluster',
    ),
    doubles: counter(
      'doubles_dropped_total',
      'Responses of replayed batches that were stored already.',
      'cluster',
    ),
    asked: counter(
      'uuids_asked_total',
      'Uuids of replayed batches that the store was queried for, by observing cluster.',
      'cluster',
    ),
    remembered: gauge('remembered_bytes', 'Memory of the uuids stored last.'),
    deadLetters: counter(
      'dead_letters_total',
      'Responses or records sent to the dead-letter topic, by reason.',
      'reason',
    ),
    retries: counter('retries_total', 'Store calls retried, by error code.', 'code'),
    project: histogram(
      'project_seconds',
      'Time to turn one record into column blocks.',
      [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
    ),
    insert: histogram(
      'insert_seconds',
      'Time until the store had taken the blocks of one record, retries included.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
    ),
    delay: histogram(
      'delay_seconds',
      'Age of a record’s first response when the record became queryable, by cluster.',
      [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 5, 10, 30, 60, 300],
      'cluster',
    ),
    inFlight: gauge('in_flight_records', 'Records being stored now.'),
  };
}

export type WriterMetrics = ReturnType<typeof writerMetrics>;

/** Of the catalogue of identities, clusters and pods, and its limits. */
export function catalogueMetrics(registry: Registry) {
  const { counter, gauge } = instruments(registry, 'parallax_catalogue_');
  return {
    known: gauge('identities', 'Identities, by labels and hour, that are known to be stored.'),
    limit: gauge(
      'identities_limit',
      'Identities that are remembered at most (writer.catalogue.maxIdentities).',
    ),
    evicted: counter(
      'identities_evicted_total',
      'Identities forgotten because there were too many: they are stored again when they are seen.',
    ),
    rows: counter('rows_total', 'Rows made for the catalogue, by table.', 'table'),
    failures: counter(
      'failures_total',
      'Times the catalogue could not be read or written; flows are stored all the same.',
    ),
    pods: gauge('pods', 'Pods whose workload, node and zone are known.'),
    podsLimit: gauge('pods_limit', 'Pods that are remembered at most (writer.catalogue.maxPods).'),
  };
}

export type CatalogueMetrics = ReturnType<typeof catalogueMetrics>;

/** Of reading Kubernetes. */
export function kubernetesMetrics(registry: Registry) {
  const { counter, gauge } = instruments(registry, 'parallax_kubernetes_');
  const labels = ['cluster', 'resource'] as const;
  return {
    objects: gauge('objects', 'Objects known, by cluster and resource.', ...labels),
    passedOver: gauge(
      'objects_passed_over',
      'Objects passed over because there are more than writer.catalogue allows.',
      ...labels,
    ),
    failures: counter(
      'failures_total',
      'Lists and watches that failed and are retried.',
      ...labels,
    ),
    up: gauge('up', '1 while the resource is listed and watched, 0 while it cannot be.', ...labels),
  };
}

export type KubernetesMetrics = ReturnType<typeof kubernetesMetrics>;
