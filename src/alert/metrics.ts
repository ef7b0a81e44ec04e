import type { Registry } from 'prom-client';
import { instruments } from '../telemetry/instruments.ts';

export function alertMetrics(registry: Registry) {
  const { counter, gauge, histogram } = instruments(registry, 'parallax_alert_');
  return {
    events: counter(
      'incident_events_total',
      'Incident events written to the log, by kind; receivers do not get silent ones.',
      'kind',
      'silent',
    ),
    delay: histogram(
      'delay_seconds',
      'Time from the last denial of a new incident to its event in the log.',
      [0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 30, 60, 300],
    ),
    open: gauge('open_incidents', 'Open incidents in memory.'),
    stale: gauge(
      'stale_incidents',
      'Open incidents that are silent, whose clusters were not collected for long enough to resolve them.',
    ),
    limit: gauge('open_incidents_limit', 'Limit of open incidents in memory (alert.maxOpen).'),
    waiting: gauge(
      'waiting_incidents',
      'Incidents found by the last evaluation that exceed alert.maxOpen.',
    ),
    looks: histogram(
      'look_seconds',
      'Duration of one evaluation of stored denials.',
      [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    ),
    failures: counter('failures_total', 'Evaluations that failed; they are repeated.'),
    attempts: counter('attempts_total', 'Delivery attempts, by outcome.', 'receiver', 'outcome'),
    attemptSeconds: histogram(
      'attempt_seconds',
      'Duration of one delivery attempt.',
      [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      'receiver',
    ),
    delivered: counter('delivered_total', 'Events delivered.', 'receiver'),
    dead: counter(
      'dead_total',
      'Events given up; the table deliveries has the reasons.',
      'receiver',
    ),
    held: gauge(
      'held_events',
      'Undelivered events in memory; further ones wait in the log.',
      'receiver',
    ),
    behind: gauge(
      'behind_seconds',
      'Age of the oldest undelivered event; 0 when there is none.',
      'receiver',
    ),
  };
}

export type AlertMetrics = ReturnType<typeof alertMetrics>;
