// Makes the bus that the configuration asks for.
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../runtime/clock.ts';
import type { Bus } from './bus.ts';
import type { BusConfig } from './config.ts';
import { createKafkaBus } from './kafka/kafka.ts';
import { createMemoryBus } from './memory/memory.ts';
import { busMetrics } from './metrics.ts';

export interface BusDeps {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
}

export function createBus(config: BusConfig, { logger, registry, clock }: BusDeps): Bus {
  const metrics = busMetrics(registry);
  switch (config.kind) {
    case 'memory':
      return createMemoryBus(config.memory, { logger, metrics, clock });
    case 'kafka':
      return createKafkaBus(config.kafka, { logger, metrics, clock });
    default:
      return config.kind satisfies never;
  }
}
