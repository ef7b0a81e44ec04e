// What the evaluator and the notifiers count.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function alertMetrics(registry: Registry) {
  const registers = [registry];
  return {
    events: new Counter({
      name: 'parallax_alert_incident_events_total',
      help: 'Transitions of incidents written to the log, by kind; silent ones are told to nobody.',
      labelNames: ['kind', 'silent'],
      registers,
    }),
    delay: new Histogram({
      name: 'parallax_alert_delay_seconds',
      help: 'From the last denial of a new incident to its place in the log.',
      buckets: [0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 7.5, 10, 30, 60, 300],
      registers,
    }),
    open: new Gauge({
      name: 'parallax_alert_open_incidents',
      help: 'Open incidents kept in memory.',
      registers,
    }),
    stale: new Gauge({
      name: 'parallax_alert_stale_incidents',
      help: 'Open incidents that are quiet, where nobody looked for long enough to say that they are over.',
      registers,
    }),
    limit: new Gauge({
      name: 'parallax_alert_open_incidents_limit',
      help: 'Open incidents that may be kept in memory (alert.maxOpen).',
      registers,
    }),
    waiting: new Gauge({
      name: 'parallax_alert_waiting_incidents',
      help: 'Incidents that the last look found and that wait for room in memory.',
      registers,
    }),
    looks: new Histogram({
      name: 'parallax_alert_look_seconds',
      help: 'Time of one look at what was stored of incidents.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
      registers,
    }),
    failures: new Counter({
      name: 'parallax_alert_failures_total',
      help: 'Looks that failed and are made again.',
      registers,
    }),
    attempts: new Counter({
      name: 'parallax_alert_attempts_total',
      help: 'Attempts to tell a receiver, by outcome.',
      labelNames: ['receiver', 'outcome'],
      registers,
    }),
    attemptSeconds: new Histogram({
      name: 'parallax_alert_attempt_seconds',
      help: 'Time of one attempt.',
      labelNames: ['receiver'],
      buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    delivered: new Counter({
      name: 'parallax_alert_delivered_total',
      help: 'Events that a receiver took.',
      labelNames: ['receiver'],
      registers,
    }),
    dead: new Counter({
      name: 'parallax_alert_dead_total',
      help: 'Events that were given up; the table deliveries has them with their reasons.',
      labelNames: ['receiver'],
      registers,
    }),
    held: new Gauge({
      name: 'parallax_alert_held_events',
      help: 'Events in memory that a receiver has not taken yet; those behind wait in the log.',
      labelNames: ['receiver'],
      registers,
    }),
    behind: new Gauge({
      name: 'parallax_alert_behind_seconds',
      help: 'Age of the oldest event that a receiver has not taken yet; 0 when there is none.',
      labelNames: ['receiver'],
      registers,
    }),
  };
}

export type AlertMetrics = ReturnType<typeof alertMetrics>;
