import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { KnownCluster } from '../../../query/doctor/identities.ts';
import { storeFindings } from '../../../query/doctor/store.ts';
import { wholeField } from '../../../query/request/fields.ts';
import { DAY_MS, nsToMs } from '../../../runtime/time.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';
import { doctorAnswer } from '../schemas/overview.ts';

export interface DoctorRouteDeps extends RouteDeps {
  /** As configured now. */
  readonly clusters: () => readonly KnownCluster[];
}

const DEFAULT_WINDOW_MS = 600_000;
const LONGEST_WINDOW_MS = DAY_MS;

export function addDoctorRoute(app: FastifyInstance, deps: DoctorRouteDeps): void {
  addDocumentRoute(app, deps, {
    path: '/api/v1/doctor',
    methods: 'get',
    summary: 'Findings of the doctor',
    description: 'Checks of the store, of ingestion, of identities and of coverage.',
    tag: 'server',
    input: z.strictObject({
      window: wholeField(1000, LONGEST_WINDOW_MS)
        .default(DEFAULT_WINDOW_MS)
        .describe('How far back rows are checked, in milliseconds.'),
    }),
    output: doctorAnswer,
    async answer({ input, store, nowNanos, signal, principal }) {
      const own = principal.scope?.clusters;
      const clusters = deps.clusters().filter(({ name }) => own?.includes(name) ?? true);
      const now = nsToMs(nowNanos);
      const checks = { now, window: input.window, clusters };
      return { findings: await storeFindings(store, checks, signal) };
    },
  });
}
