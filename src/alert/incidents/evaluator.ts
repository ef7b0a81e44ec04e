// Has an incident watch look several times a second. It keeps nothing, so it may be killed at any moment. Docs:
// decisions/0016.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { incidentId } from '../../incident/incident.ts';
import type { IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { nsToMs } from '../../runtime/time.ts';
import type { Store } from '../../store/store.ts';
import type { AlertConfig } from '../config.ts';
import type { AlertMetrics } from '../metrics.ts';
import { IncidentWatch } from './incident-watch.ts';
import { createIncidentLog } from './log.ts';
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

/** After failures, at most. */
const LONGEST_WAIT_MS = 10_000;

export function createEvaluator(deps: EvaluatorDeps): Component {
  return new Evaluator(deps);
}

class Evaluator implements Component {
  readonly name = 'incidents';
  private readonly deps: EvaluatorDeps;
  private readonly logger: Logger;
  private readonly watch: IncidentWatch;
  private readonly over = new AbortController();
  private running: Promise<void> = Promise.resolve();
  private state: Health = { state: 'failed', reason: 'not started' };

  constructor(deps: EvaluatorDeps) {
    const { config, store, metrics } = deps;
    const { signal } = this.over;
    this.deps = deps;
    this.logger = deps.logger.child({ component: this.name });
    this.watch = new IncidentWatch({
      config,
      source: createSource(store, signal),
      log: createIncidentLog(store, signal),
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
    this.over.abort();
    await this.running;
    this.state = { state: 'failed', reason: 'stopped' };
  }

  health(): Health {
    return this.state;
  }

  private async run(): Promise<void> {
    const { clock, config } = this.deps;
    let failures = 0;
    while (!this.over.signal.aborted) {
      const error = await this.look();
      failures = error === undefined ? 0 : failures + 1;
      if (this.over.signal.aborted) return;
      if (error === undefined) this.state = { state: 'ok' };
      else this.failed(error, failures);
      const wait = config.interval * 2 ** Math.min(failures, 10);
      await clock.sleep(failures === 0 ? wait : Math.min(LONGEST_WAIT_MS, wait), this.over.signal);
    }
  }

  /** Resolves with what went wrong. */
  private async look(): Promise<unknown> {
    const { clock, metrics } = this.deps;
    const end = metrics.looks.startTimer();
    try {
      await this.watch.look(clock.now());
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
    this.state = { state: 'degraded', reason: `incidents are not looked at: ${reason}` };
    this.logger.warn({ err: error, failures }, 'incidents could not be looked at, trying again');
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
