// All receivers, each with a worker of its own, so that a slow one delays no other.
import type { Logger } from 'pino';
import { incidentLog } from '../../query/denials/feed/incident-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type Component, type Health, worstOf } from '../../runtime/component.ts';
import type { Store } from '../../store/store.ts';
import type { AlertMetrics } from '../metrics.ts';
import { DeliveryWorker } from './delivery-worker.ts';
import { Ledger } from './ledger.ts';
import type { Notifier } from './notifier.ts';

export interface NotificationsDeps {
  readonly notifiers: readonly Notifier[];
  readonly store: Pick<Store, 'query' | 'insert'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: AlertMetrics;
}

export interface Notifications extends Component {
  /** Reads the log at once. */
  poke(): void;
}

/** How often requests for redelivery are read. */
const REDELIVER_MS = 10_000;

/** Start it before the evaluator: a new receiver gets the events that are logged after its start. */
export function createNotifications(deps: NotificationsDeps): Notifications {
  return new WorkerNotifications(deps);
}

class WorkerNotifications implements Notifications {
  readonly name = 'notifications';
  private readonly deps: NotificationsDeps;
  private readonly ledger: Ledger;
  private readonly workers: readonly DeliveryWorker[];
  private readonly stopping = new AbortController();
  private redelivering: Promise<void> = Promise.resolve();

  constructor(deps: NotificationsDeps) {
    this.deps = deps;
    const ledger = new Ledger(deps.store);
    this.ledger = ledger;
    this.workers = deps.notifiers.map(
      (notifier) => new DeliveryWorker({ ...deps, notifier, ledger }),
    );
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const worker of this.workers) await worker.open(signal);
    for (const worker of this.workers) worker.run();
    if (this.workers.length > 0) this.redelivering = this.redeliver();
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.stopping.abort();
    await Promise.all([this.redelivering, ...this.workers.map((worker) => worker.stop(limit))]);
  }

  health(): Health {
    return worstOf(this.workers.map((worker) => worker.health()));
  }

  poke(): void {
    for (const worker of this.workers) worker.poke();
  }

  private async redeliver(): Promise<void> {
    const { clock, store, logger } = this.deps;
    const { signal } = this.stopping;
    const log = incidentLog(store, { signal, own: true });
    while (!signal.aborted) {
      try {
        const requested = await this.ledger.again(signal);
        for (const worker of this.workers) {
          const keys = requested.get(worker.name);
          if (keys !== undefined) worker.redeliver(await log.byKeys(keys));
        }
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'redelivery requests unavailable');
      }
      await clock.sleep(REDELIVER_MS, signal);
    }
  }
}
