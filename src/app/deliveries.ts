// Deliveries in a store that no server is asked about: opened for the one question.
import { createDeliveryService } from '../alert/notify/delivery-service.ts';
import type { DeliveryService } from '../incident/delivery.ts';
import { createStore } from '../store/open.ts';
import type { ParallaxConfig } from './config.ts';
import type { RoleDeps } from './role.ts';

export async function withDeliveries(
  config: ParallaxConfig,
  { logger, registry, clock }: RoleDeps,
  work: (desk: DeliveryService, signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const store = createStore({ config: config.store, logger, registry, clock });
  const { signal } = new AbortController();
  await store.start(signal);
  try {
    await work(createDeliveryService(store, clock), signal);
    return 0;
  } finally {
    await store.stop(AbortSignal.timeout(config.shutdownTimeout));
  }
}
