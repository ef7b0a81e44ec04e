// What the bus counts, any kind it is; one instance a registry.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function busMetrics(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string, ...labelNames: string[]) =>
    new Counter({ name: `parallax_bus_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `parallax_bus_${name}`, help, labelNames, registers });
  return {
    published: counter('published_records_total', 'Records durable on the bus, by topic.', 'topic'),
    publishedBytes: counter(
      'published_bytes_total',
      'Bytes of the values published, as handed in (raw) and as sent (stored).',
      'topic',
      'form',
    ),
    publishSeconds: new Histogram({
      name: 'parallax_bus_publish_seconds',
      help: 'Time from accepting a record until it was durable.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 120],
      registers,
    }),
    refused: counter('refused_records_total', 'Records refused, by error code.', 'code'),
    sendFailures: counter(
      'send_failures_total',
      'Sends that failed and were done again by a new producer.',
      'topic',
    ),
    pendingRecords: gauge('pending_records', 'Records accepted and not yet durable.', 'topic'),
    pendingBytes: gauge('pending_bytes', 'Bytes held for them.', 'topic'),
    consumed: counter('consumed_records_total', 'Records handed to handlers.', 'group'),
    consumedBytes: counter('consumed_bytes_total', 'Bytes of their values.', 'group'),
    inFlight: gauge('in_flight_records', 'Records in the hands of handlers.', 'group'),
    commits: counter('commits_total', 'Commits of offsets, by outcome.', 'group', 'outcome'),
    rebalances: counter('rebalances_total', 'Times the group was shared out again.', 'group'),
    sessions: counter(
      'sessions_total',
      'Consumer sessions begun; more than 1 is trouble.',
      'group',
    ),
    lag: gauge('lag_records', 'Records behind the newest; NaN while unknown.', 'group'),
    expired: counter(
      'expired_records_total',
      'Records that the topic’s retention removed before they were stored: lost flows.',
      'group',
    ),
    deadLetters: counter('dead_letters_total', 'Dead letters, by reason.', 'reason'),
    tailRecords: counter('tail_records_total', 'Records handed to live listeners.'),
    tailErrors: counter('tail_errors_total', 'Live listeners that threw.'),
    up: gauge('up', '1 while this part of the bus can be reached, 0 while it cannot.', 'part'),
    memoryBytes: gauge('memory_bytes', 'Bytes held by the in-process bus.'),
    memoryLimit: gauge('memory_limit_bytes', 'Bytes the in-process bus may hold.'),
    memoryWaits: counter('memory_full_waits_total', 'Records that waited since the bus was full.'),
  };
}

export type BusMetrics = ReturnType<typeof busMetrics>;
