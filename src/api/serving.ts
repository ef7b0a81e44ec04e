// What both servers of the API are made from, HTTP and gRPC.
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
  /** Those of the configuration when left out. */
  readonly tokens?: Tokens;
  /** The state of the whole process, for readiness. */
  readonly health: () => HealthReport;
}

/** Of a server, by the address it listens at. */
export function listeningHealth(address: string | undefined): Health {
  return address === undefined ? { state: 'failed', reason: 'does not listen' } : { state: 'ok' };
}
