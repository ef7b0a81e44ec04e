// grpc.health.v1: whether the process serves, asked once or watched.
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseServingStatus,
} from '../../hubble/proto/schema.gen.ts';
import { OBSERVER_HEALTH_SERVICE } from '../../hubble/proto/services.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { HealthReport } from '../../runtime/run.ts';
import type { Write } from './calls.ts';

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponseServingStatus.numbers;
const SERVICES: readonly string[] = ['', OBSERVER_HEALTH_SERVICE, 'observer.Observer', 'peer.Peer'];
const LOOK_MS = 1000;

export interface HealthDeps {
  readonly health: () => HealthReport;
  readonly clock: Clock;
}

/** Throws `input/not-found` for a service that is not there. */
export async function checkHealth(
  deps: HealthDeps,
  { service = '' }: HealthCheckRequest,
): Promise<HealthCheckResponse> {
  if (!SERVICES.includes(service))
    throw new ParallaxError('input/not-found', `unknown service ${JSON.stringify(service)}`);
  return { status: statusNow(deps) };
}

/** Tells the status at once and whenever it changes. */
export async function watchHealth(
  deps: HealthDeps,
  { service = '' }: HealthCheckRequest,
  write: Write<HealthCheckResponse>,
  signal: AbortSignal,
): Promise<void> {
  const known = SERVICES.includes(service);
  let told: number | undefined;
  while (!signal.aborted) {
    const status = known ? statusNow(deps) : SERVICE_UNKNOWN;
    if (status !== told) await write({ status });
    told = status;
    await deps.clock.sleep(LOOK_MS, signal);
  }
}

function statusNow({ health }: HealthDeps): number {
  return health().state === 'failed' ? NOT_SERVING : SERVING;
}
