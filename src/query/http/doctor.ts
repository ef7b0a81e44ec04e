// What the doctor can see in this server's store.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import type { Reader } from '../../store/store.ts';
import type { KnownCluster } from '../doctor/identities.ts';
import { storeFindings } from '../doctor/store.ts';
import { FieldError } from './problem.ts';

export interface DoctorRouteDeps {
  readonly store: Reader;
  readonly clock: Clock;
  readonly clusters: () => readonly KnownCluster[];
  readonly stopped: AbortSignal;
}

const DEFAULT_WINDOW_MS = 600_000;
const LONGEST_WINDOW_MS = 86_400_000;

const query = z.strictObject({
  window: z.coerce.number().int().min(1000).max(LONGEST_WINDOW_MS).default(DEFAULT_WINDOW_MS),
});

export function addDoctorRoute(app: FastifyInstance, deps: DoctorRouteDeps): void {
  app.get('/api/v1/doctor', async (request, reply) => {
    const parsed = query.safeParse(request.query);
    if (!parsed.success)
      throw new FieldError(
        'window',
        `window: milliseconds of at least 1000 and at most ${LONGEST_WINDOW_MS} are expected`,
        parsed.error,
      );
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, deps.stopped]);
    const checks = { now: deps.clock.now(), window: parsed.data.window, clusters: deps.clusters() };
    return { findings: await storeFindings(deps.store, checks, signal) };
  });
}
