// Deliveries as people ask about them, by the table alone: whoever runs the notifiers finds there what is to be told again.
import type { DeliveryDesk, DeliveryDocument, ListedState } from '../../incident/delivery.ts';
import { incidentId } from '../../incident/incident.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Store } from '../../store/store.ts';
import { Ledger, type StoredDelivery } from './ledger.ts';

/** Taken at once. */
const MOST = 1000;

export function createDeliveryDesk(
  store: Pick<Store, 'query' | 'insert'>,
  clock: Pick<Clock, 'now'>,
): DeliveryDesk {
  const ledger = new Ledger(store);
  return {
    async list(question, signal) {
      return (await ledger.latest(question, signal)).map(documentOf);
    },
    async redeliver({ keys, receiver, dead }, signal) {
      const state = dead ? ('dead' as const) : undefined;
      const found = await ledger.latest({ receiver, state, keys, limit: MOST + 1 }, signal);
      const missing = keys.filter((key) => !found.some((each) => each.key === key));
      if (missing.length > 0)
        throw new ParallaxError(
          'input/not-found',
          `no delivery of ${missing.join(', ')}${dead ? ' that was given up' : ''}`,
        );
      const again = found.slice(0, MOST).map(({ atMs: _, ...delivery }) => ({
        ...delivery,
        state: 'again' as const,
        attempts: 0,
        status: 0,
        reason: '',
      }));
      if (again.length > 0) await ledger.write(again, clock.now());
      return { again: again.length, more: found.length > MOST };
    },
  };
}

function documentOf({
  sequence,
  incident,
  atMs,
  state,
  ...rest
}: StoredDelivery): DeliveryDocument {
  const { receiver, key, kind, attempts, status, reason } = rest;
  return {
    ...{ receiver, key, kind },
    state: state as ListedState, // rows with a key have no other
    ...{ attempts, status, reason },
    cursor: String(sequence),
    incident: incidentId(incident),
    at: new Date(atMs).toISOString(),
  };
}
