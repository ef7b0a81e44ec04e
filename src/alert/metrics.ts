import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function alertMetrics(registry: Registry) {
  const registers = [registry];
  return {
    events: new Counter({
      name: 'parallax_alert_incident_events_total',
      help: 'Incident events written to the log, by kind; receivers do not get silent ones.',
      labelNames: ['kind', 'silent'],
      registers,
    }),
    delay: new Histogram({
      name: 'parallax_alert_delay_seconds',
      help: 'Time from the last denial of a new incident to its event in the log.',
      buckets: [0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 30, 60, 300],
      registers,
    }),
    open: new Gauge({
      name: 'parallax_alert_open_incidents',
      help: 'Open incidents in memory.',
      registers,
    }),
    stale: new Gauge({
      name: 'parallax_alert_stale_incidents',
      help: 'Open incidents that are silent, whose clusters were not collected for long enough to resolve them.',
      registers,
    }),
    limit: new Gauge({
      name: 'parallax_alert_open_incidents_limit',
      help: 'Limit of open incidents in memory (alert.maxOpen).',
      registers,
    }),
    waiting: new Gauge({
      name: 'parallax_alert_waiting_incidents',
      help: 'Incidents found by the last evaluation that exceed alert.maxOpen.',
      registers,
    }),
    looks: new Histogram({
      name: 'parallax_alert_look_seconds',
      help: 'Duration of one evaluation of stored denials.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    failures: new Counter({
      name: 'parallax_alert_failures_total',
      help: 'Evaluations that failed; they are repeated.',
      registers,
    }),
    attempts: new Counter({
      name: 'parallax_alert_attempts_total',
      help: 'Delivery attempts, by outcome.',
      labelNames: ['receiver', 'outcome'],
      registers,
    }),
    attemptSeconds: new Histogram({
      name: 'parallax_alert_attempt_seconds',
      help: 'Duration of one delivery attempt.',
      labelNames: ['receiver'],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    delivered: new Counter({
      name: 'parallax_alert_delivered_total',
      help: 'Events delivered.',
      labelNames: ['receiver'],
      registers,
    }),
    dead: new Counter({
      name: 'parallax_alert_dead_total',
      help: 'Events given up; the table deliveries has the reasons.',
      labelNames: ['receiver'],
      registers,
    }),
    held: new Gauge({
      name: 'parallax_alert_held_events',
      help: 'Undelivered events in memory; further ones wait in the log.',
      labelNames: ['receiver'],
      registers,
    }),
    behind: new Gauge({
      name: 'parallax_alert_behind_seconds',
      help: 'Age of the oldest undelivered event; 0 when there is none.',
      labelNames: ['receiver'],
      registers,
    }),
  };
}

export type AlertMetrics = ReturnType<typeof alertMetrics>;
