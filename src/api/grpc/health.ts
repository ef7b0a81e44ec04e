// grpc.health.v1. The library answers; the calls are ours, so that streams are counted, limited and end with the server.
import { EventEmitter } from 'node:events';
import type { ServiceDefinition, sendUnaryData, UntypedServiceImplementation } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { OBSERVER_HEALTH_SERVICE } from '../../hubble/proto/services.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { HealthReport } from '../../runtime/run.ts';
import type { Calls } from './calls.ts';

export interface HealthDeps {
  readonly health: () => HealthReport;
  readonly clock: Clock;
}

const SERVICES = ['', OBSERVER_HEALTH_SERVICE, 'observer.Observer', 'peer.Peer'];
const CHECK_MS = 1000;

/** Adds the service; Check and List report the state at the call, Watch within a second. */
export function addHealth(
  server: {
    addService(definition: ServiceDefinition, handlers: UntypedServiceImplementation): void;
  },
  calls: Calls,
  { health, clock }: HealthDeps,
): void {
  const implementation = new HealthImplementation();
  let current: 'SERVING' | 'NOT_SERVING' | undefined;
  const update = () => {
    const status = health().state === 'failed' ? 'NOT_SERVING' : 'SERVING';
    if (status === current) return;
    current = status;
    for (const service of SERVICES) implementation.setStatus(service, status);
  };
  implementation.addToServer({
    addService(definition, { check, list, watch }) {
      server.addService(definition, {
        check: calls.unary('Check', (request) => answered(check, request, update)),
        list: calls.unary('List', (request) => answered(list, request, update)),
        watch: calls.stream('Watch', async (request, write, signal) => {
          update();
          const call = Object.assign(new EventEmitter(), { request, write });
          (watch as unknown as (call: object) => void)(call); // reads the request, writes, waits for `cancelled`
          for (; !signal.aborted; await clock.sleep(CHECK_MS, signal)) update();
          call.emit('cancelled');
        }),
      });
    },
  });
}

/** The answer of a handler of the library. Throws `input/not-found` for a service that it does not know. */
function answered(handler: unknown, request: unknown, update: () => void): Promise<object> {
  update();
  return new Promise((resolve, reject) => {
    const callback: sendUnaryData<object> = (error, response) =>
      response
        ? resolve(response)
        : reject(new ParallaxError('input/not-found', error?.details ?? 'no answer'));
    (handler as (call: object, callback: sendUnaryData<object>) => void)({ request }, callback); // unary
  });
}
