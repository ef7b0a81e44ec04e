// All receivers: each has a courier of its own, so that one that is slow or gone delays no other.
import type { Logger } from 'pino';
import { readByKeys } from '../../query/denials/feed/incident-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type Component, type Health, worstOf } from '../../runtime/component.ts';
import type { Store } from '../../store/store.ts';
import type { AlertMetrics } from '../metrics.ts';
import { Courier } from './delivery-worker.ts';
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
  /** There is more in the log. */
  poke(): void;
}

/** How often it is looked whether somebody asked to have events told again. */
const AGAIN_MS = 10_000;

/** Start it before whatever writes to the log: a new receiver is told what comes after its start. */
export function createNotifications(deps: NotificationsDeps): Notifications {
  return new AllNotifications(deps);
}

class AllNotifications implements Notifications {
  readonly name = 'notifications';
  private readonly deps: NotificationsDeps;
  private readonly ledger: Ledger;
  private readonly couriers: readonly Courier[];
  private readonly over = new AbortController();
  private looking: Promise<void> = Promise.resolve();

  constructor(deps: NotificationsDeps) {
    this.deps = deps;
    const ledger = new Ledger(deps.store);
    this.ledger = ledger;
    this.couriers = deps.notifiers.map((notifier) => new Courier({ ...deps, notifier, ledger }));
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const courier of this.couriers) await courier.open(signal);
    for (const courier of this.couriers) courier.run();
    if (this.couriers.length > 0) this.looking = this.look();
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.over.abort();
    await Promise.all([this.looking, ...this.couriers.map((courier) => courier.stop(limit))]);
  }

  health(): Health {
    return worstOf(this.couriers.map((courier) => courier.health()));
  }

  poke(): void {
    for (const courier of this.couriers) courier.poke();
  }

  private async look(): Promise<void> {
    const { clock, store, logger } = this.deps;
    const { signal } = this.over;
    while (!signal.aborted) {
      try {
        const asked = await this.ledger.again(signal);
        for (const courier of this.couriers) {
          const keys = asked.get(courier.name);
          if (keys !== undefined)
            courier.again(await readByKeys(store, keys, { signal, own: true }));
        }
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ err: error }, 'cannot look whether events are to be told again');
      }
      await clock.sleep(AGAIN_MS, signal);
    }
  }
}
