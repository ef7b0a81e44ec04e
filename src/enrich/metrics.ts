import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

// Long because it is the list of all its instruments.
export function writerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    records: new Counter({
      name: 'parallax_writer_records_total',
      help: 'Bus records stored, by whether they were marked as replay.',
      labelNames: ['replay'],
      registers,
    }),
    flows: new Counter({
      name: 'parallax_writer_flows_total',
      help: 'Flows stored, by observing cluster.',
      labelNames: ['cluster'],
      registers,
    }),
    events: new Counter({
      name: 'parallax_writer_events_total',
      help: 'Lost events and node states stored, by observing cluster.',
      labelNames: ['cluster'],
      registers,
    }),
    derived: new Counter({
      name: 'parallax_writer_derived_rows_total',
      help: 'Rows stored of what is derived from flows, by table (denials, incidents, flow_totals).',
      labelNames: ['table'],
      registers,
    }),
    foldedDenials: new Counter({
      name: 'parallax_writer_incidents_folded_total',
      help: 'Denials whose incident leaves out the port, because a batch had too many.',
      registers,
    }),
    foldedFlows: new Counter({
      name: 'parallax_writer_totals_folded_total',
      help: 'Flows counted without their port, because a batch had too many different ones.',
      registers,
    }),
    overlapping: new Counter({
      name: 'parallax_writer_contested_records_total',
      help: 'Records looked up like replays because another collector of the cluster published at the same time.',
      labelNames: ['cluster'],
      registers,
    }),
    coverage: new Counter({
      name: 'parallax_writer_coverage_rows_total',
      help: 'Rows of collectors’ reports of their completeness stored, by cluster.',
      labelNames: ['cluster'],
      registers,
    }),
    doubles: new Counter({
      name: 'parallax_writer_doubles_dropped_total',
      help: 'Responses of replayed batches that were stored already.',
      labelNames: ['cluster'],
      registers,
    }),
    asked: new Counter({
      name: 'parallax_writer_uuids_asked_total',
      help: 'Uuids of replayed batches that the store was queried for, by observing cluster.',
      labelNames: ['cluster'],
      registers,
    }),
    remembered: new Gauge({
      name: 'parallax_writer_remembered_bytes',
      help: 'Memory of the uuids stored last.',
      registers,
    }),
    deadLetters: new Counter({
      name: 'parallax_writer_dead_letters_total',
      help: 'Responses or records sent to the dead-letter topic, by reason.',
      labelNames: ['reason'],
      registers,
    }),
    retries: new Counter({
      name: 'parallax_writer_retries_total',
      help: 'Store calls retried, by error code.',
      labelNames: ['code'],
      registers,
    }),
    project: new Histogram({
      name: 'parallax_writer_project_seconds',
      help: 'Time to turn one record into column blocks.',
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
    insert: new Histogram({
      name: 'parallax_writer_insert_seconds',
      help: 'Time until the store had taken the blocks of one record, retries included.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30],
      registers,
    }),
    delay: new Histogram({
      name: 'parallax_writer_delay_seconds',
      help: 'Age of a record’s first response when the record became queryable, by cluster.',
      labelNames: ['cluster'],
      buckets: [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3, 5, 10, 30, 60, 300],
      registers,
    }),
    inFlight: new Gauge({
      name: 'parallax_writer_in_flight_records',
      help: 'Records being stored now.',
      registers,
    }),
  };
}

export type WriterMetrics = ReturnType<typeof writerMetrics>;

/** Of the catalogue of identities, clusters and pods, and its limits. */
export function catalogueMetrics(registry: Registry) {
  const registers = [registry];
  return {
    known: new Gauge({
      name: 'parallax_catalogue_identities',
      help: 'Identities, by labels and hour, that are known to be stored.',
      registers,
    }),
    limit: new Gauge({
      name: 'parallax_catalogue_identities_limit',
      help: 'Identities that are remembered at most (writer.catalogue.maxIdentities).',
      registers,
    }),
    evicted: new Counter({
      name: 'parallax_catalogue_identities_evicted_total',
      help: 'Identities forgotten because there were too many: they are stored again when they are seen.',
      registers,
    }),
    rows: new Counter({
      name: 'parallax_catalogue_rows_total',
      help: 'Rows made for the catalogue, by table.',
      labelNames: ['table'],
      registers,
    }),
    failures: new Counter({
      name: 'parallax_catalogue_failures_total',
      help: 'Times the catalogue could not be read or written; flows are stored all the same.',
      registers,
    }),
    pods: new Gauge({
      name: 'parallax_catalogue_pods',
      help: 'Pods whose workload, node and zone are known.',
      registers,
    }),
    podsLimit: new Gauge({
      name: 'parallax_catalogue_pods_limit',
      help: 'Pods that are remembered at most (writer.catalogue.maxPods).',
      registers,
    }),
  };
}

export type CatalogueMetrics = ReturnType<typeof catalogueMetrics>;

/** Of reading Kubernetes. */
export function kubernetesMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['cluster', 'resource'] as const;
  return {
    objects: new Gauge({
      name: 'parallax_kubernetes_objects',
      help: 'Objects known, by cluster and resource.',
      labelNames,
      registers,
    }),
    passedOver: new Gauge({
      name: 'parallax_kubernetes_objects_passed_over',
      help: 'Objects passed over because there are more than writer.catalogue allows.',
      labelNames,
      registers,
    }),
    failures: new Counter({
      name: 'parallax_kubernetes_failures_total',
      help: 'Lists and watches that failed and are retried.',
      labelNames,
      registers,
    }),
    up: new Gauge({
      name: 'parallax_kubernetes_up',
      help: '1 while the resource is listed and watched, 0 while it cannot be.',
      labelNames,
      registers,
    }),
  };
}

export type KubernetesMetrics = ReturnType<typeof kubernetesMetrics>;
