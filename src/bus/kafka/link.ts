// Whether one part of the bus reaches the brokers: one log line a change of state, a gauge, and the health.
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import type { Health } from '../../runtime/component.ts';
import type { BusMetrics } from '../metrics.ts';
import { describeError } from './errors.ts';

export interface LinkDeps {
  readonly logger: Logger;
  readonly metrics: BusMetrics;
  readonly clock: Clock;
}

export class Link {
  private readonly part: string;
  private readonly deps: LinkDeps;
  private state: Health = { state: 'ok' };
  private downSince: number | undefined;

  constructor(part: string, deps: LinkDeps) {
    this.part = part;
    this.deps = deps;
  }

  get health(): Health {
    return this.state;
  }

  /** Says so once; later causes while it is down are logged for debugging only. */
  down(error: unknown): void {
    const { logger, metrics, clock } = this.deps;
    const reason = describeError(error);
    if (this.downSince === undefined) {
      this.downSince = clock.now();
      metrics.up.set({ part: this.part }, 0);
      logger.warn({ part: this.part, reason }, 'bus cannot be reached, trying again');
    } else logger.debug({ part: this.part, reason }, 'bus still cannot be reached');
    this.state = { state: 'degraded', reason: `bus ${this.part}: ${reason}` };
  }

  up(): void {
    const { logger, metrics, clock } = this.deps;
    metrics.up.set({ part: this.part }, 1);
    if (this.downSince !== undefined) {
      const downMs = clock.now() - this.downSince;
      logger.info({ part: this.part, downMs }, 'bus reached again');
    }
    this.downSince = undefined;
    this.state = { state: 'ok' };
  }

  fail(error: unknown): void {
    this.deps.metrics.up.set({ part: this.part }, 0);
    this.state = { state: 'failed', reason: `bus ${this.part}: ${describeError(error)}` };
  }
}
