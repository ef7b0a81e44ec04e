// Runs an incident watch several times a second. It keeps no state of its own, so it may be killed at any time; see
// docs/decisions/0016.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { incidentId } from '../../incident/incident.ts';
import {
  encodeIncidentLog,
  type IncidentLogRow,
  incidentLog,
} from '../../query/denials/feed/incident-log.ts';
import { backoff } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { nsToMs } from '../../runtime/time.ts';
import type { Store } from '../../store/store.ts';
import type { AlertConfig } from '../config.ts';
import type { AlertMetrics } from '../metrics.ts';
import { IncidentWatch } from './incident-watch.ts';
import { createSource } from './source.ts';

export interface EvaluatorDeps {
  readonly config: AlertConfig;
  readonly store: Pick<Store, 'query' | 'insert'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: AlertMetrics;
  /** Called when rows are in the log. */
  readonly appended: () => void;
}

/** Longest wait after failures. */
const MAX_WAIT_MS = 10_000;

export function createEvaluator(deps: EvaluatorDeps): Component {
  return new Evaluator(deps);
}

class Evaluator implements Component {
  readonly name = 'incidents';
  private readonly deps: EvaluatorDeps;
  private readonly logger: Logger;
  private readonly watch: IncidentWatch;
  private readonly stopping = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private state: Health = { state: 'failed', reason: 'not started' };

  constructor(deps: EvaluatorDeps) {
    const { config, store, metrics } = deps;
    const { signal } = this.stopping;
    this.deps = deps;
    this.logger = deps.logger.child({ component: this.name });
    this.watch = new IncidentWatch({
      config,
      source: createSource(store, signal),
      log: {
        ...incidentLog(store, { signal, own: true }),
        // A new token each time: rows of an insert that a kill cut short must not count as stored.
        append: (rows) => store.insert(encodeIncidentLog(rows), { token: randomUUID() }),
      },
      evaluator: randomUUID().slice(0, 8),
      appended: (rows) => this.appended(rows),
    });
    metrics.limit.set(config.maxOpen);
  }

  async start(): Promise<void> {
    this.state = { state: 'ok' };
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    this.state = { state: 'failed', reason: 'stopped' };
  }

  health(): Health {
    return this.state;
  }

  private async run(): Promise<void> {
    const { clock, config } = this.deps;
    const { signal } = this.stopping;
    const initialMs = 2 * config.interval;
    const retry = backoff({ initialMs, maxMs: MAX_WAIT_MS, floor: 1 });
    while (!signal.aborted) {
      const error = await this.evaluate();
      if (signal.aborted) return;
      if (error === undefined) {
        retry.reset();
        this.state = { state: 'ok' };
        await clock.sleep(config.interval, signal);
      } else {
        this.failed(error, retry.attempts + 1);
        await retry.wait(clock, signal);
      }
    }
  }

  /** Resolves to the error, if there was one. */
  private async evaluate(): Promise<unknown> {
    const { clock, metrics } = this.deps;
    const end = metrics.looks.startTimer();
    try {
      await this.watch.evaluate(clock.now());
      return undefined;
    } catch (error) {
      return error;
    } finally {
      end();
      metrics.open.set(this.watch.open);
      metrics.stale.set(this.watch.stale);
      metrics.waiting.set(this.watch.waiting);
    }
  }

  private failed(error: unknown, failures: number): void {
    this.deps.metrics.failures.inc();
    const reason = error instanceof Error ? error.message : String(error);
    this.state = { state: 'degraded', reason: `incidents are not evaluated: ${reason}` };
    this.logger.warn({ err: error, failures }, 'incident evaluation failed');
  }

  private appended(rows: readonly IncidentLogRow[]): void {
    const { metrics, clock } = this.deps;
    this.deps.appended();
    for (const { kind, silent, incident, key, cluster, lastSeen } of rows) {
      metrics.events.inc({ kind, silent: silent ? 'yes' : 'no' });
      if (silent) continue;
      const seconds = (clock.now() - nsToMs(lastSeen)) / 1000;
      if (kind === 'new') metrics.delay.observe(Math.max(0, seconds));
      this.logger.info({ incident: incidentId(incident), key, cluster }, `incident ${kind}`);
    }
  }
}
