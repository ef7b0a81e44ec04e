// Lists deliveries and requests redeliveries, through the table `deliveries` alone: the process that runs the notifiers
// reads the requests there.
import type { DeliveryDocument, DeliveryService, ListedState } from '../../incident/delivery.ts';
import { incidentId } from '../../incident/incident.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Store } from '../../store/store.ts';
import { Ledger, type StoredDelivery } from './ledger.ts';

/** Redeliveries in one request. */
const MAX_REDELIVERIES = 1000;

export function createDeliveryService(
  store: Pick<Store, 'query' | 'insert'>,
  clock: Pick<Clock, 'now'>,
): DeliveryService {
  const ledger = new Ledger(store);
  return {
    async list(query, signal) {
      return (await ledger.latest(query, signal)).map(documentOf);
    },
    async redeliver({ keys, receiver, dead }, signal) {
      const state = dead ? ('dead' as const) : undefined;
      const query = { receiver, state, keys, limit: MAX_REDELIVERIES + 1 };
      const found = await ledger.latest(query, signal);
      const missing = keys.filter((key) => !found.some((each) => each.key === key));
      if (missing.length > 0)
        throw new ParallaxError(
          'input/not-found',
          `no delivery of ${missing.join(', ')}${dead ? ' that was given up' : ''}`,
        );
      const again = found.slice(0, MAX_REDELIVERIES).map(({ atMs: _, ...delivery }) => ({
        ...delivery,
        state: 'again' as const,
        attempts: 0,
        status: 0,
        reason: '',
      }));
      if (again.length > 0) await ledger.write(again, clock.now());
      return { again: again.length, more: found.length > MAX_REDELIVERIES };
    },
  };
}

function documentOf({ sequence, incident, atMs, ...rest }: StoredDelivery): DeliveryDocument {
  const { receiver, key, kind, attempts, status, reason } = rest;
  return {
    ...{ receiver, key, kind },
    state: rest.state as ListedState, // rows with a key have no other
    ...{ attempts, status, reason },
    cursor: String(sequence),
    incident: incidentId(incident),
    at: new Date(atMs).toISOString(),
  };
}
