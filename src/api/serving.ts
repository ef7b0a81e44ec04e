// Dependencies of the HTTP and the gRPC server.
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Overview } from '../query/catalogue/overview.ts';
import type { LiveFlows } from '../query/flows/follow.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Health } from '../runtime/component.ts';
import type { HealthReport } from '../runtime/run.ts';
import type { Reader } from '../store/store.ts';
import type { Tokens } from './auth.ts';
import type { ApiConfig } from './config.ts';

export interface ServingDeps {
  readonly config: ApiConfig;
  readonly store: Reader;
  readonly overview: Overview;
  /** Absent: `follow` is refused. */
  readonly live?: LiveFlows;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly version?: string;
  /** Those of the configuration by default. */
  readonly tokens?: Tokens;
  /** State of the process, for readiness and health. */
  readonly health: () => HealthReport;
}

/** A server is healthy while it listens. */
export function listeningHealth(address: string | undefined): Health {
  return address === undefined ? { state: 'failed', reason: 'does not listen' } : { state: 'ok' };
}
