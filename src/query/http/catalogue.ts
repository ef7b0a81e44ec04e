// The routes of what is known beside the flows: clusters and identities.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { queryClusters } from '../clusters.ts';
import { type IdentityQuery, queryIdentities } from '../identities.ts';
import { labelsAt, type UnlabelledEnd } from '../labels-at.ts';
import { limitField, momentOf, schemaError, wholeField } from './fields.ts';
import { addDocumentRoute, type RouteDeps } from './route.ts';
import { clustersAnswer } from './schemas/clusters.ts';

export interface CatalogueRouteDeps extends RouteDeps {
  /** Aborts when the server stops. */
  readonly stopped: AbortSignal;
}

const MAX_IDENTITIES = 10_000;
/** Three values an end: ClickHouse parses no more than 256 KiB of a statement. */
const MAX_ENDS = 1000;

const schema = z.strictObject({
  identity: wholeField(0, 2 ** 32 - 1).optional(),
  cluster: z.string().max(63).optional(),
  at: z.string().optional(),
  limit: limitField(MAX_IDENTITIES, 1000),
});

export function addCatalogueRoutes(app: FastifyInstance, deps: CatalogueRouteDeps): void {
  const { store, clock, stopped: signal } = deps;
  addDocumentRoute(app, deps, {
    path: '/api/v1/clusters',
    methods: 'get',
    summary: 'Clusters that are known',
    description:
      'What is known of each cluster from the configuration, from flows and from Kubernetes, when it was said, and what does not fit together.',
    tag: 'catalogue',
    input: z.strictObject({}),
    output: clustersAnswer,
    answer: (asked) => queryClusters(asked.store, { signal: asked.signal }),
  });
  app.get('/api/v1/identities', (request) =>
    queryIdentities(store, readIdentityQuery(request.query, clock.now()), { signal }),
  );
  // Two colons: the router takes one for the beginning of a parameter.
  app.post('/api/v1/identities::resolve', async (request) => ({
    labels: await labelsAt(store, readEnds(request.body, clock.now()), { signal }),
  }));
}

const endsSchema = z.strictObject({
  ends: z
    .array(
      z.strictObject({
        cluster: z.string().max(63),
        identity: z
          .int()
          .min(0)
          .max(2 ** 32 - 1),
        at: z.string(),
      }),
    )
    .max(MAX_ENDS),
});

/** Throws `input/invalid` with the field's name. */
export function readIdentityQuery(input: unknown, nowMs: number): IdentityQuery {
  const { identity, cluster, at, limit = 1000 } = checked(schema, input);
  return { identity, cluster, limit, atMs: atMsOf(at, nowMs) };
}

function readEnds(input: unknown, nowMs: number): readonly UnlabelledEnd[] {
  return checked(endsSchema, input).ends.map(({ at, ...end }) => ({
    ...end,
    atMs: atMsOf(at, nowMs) ?? nowMs,
  }));
}

function checked<T>(type: z.ZodType<T>, input: unknown): T {
  const parsed = type.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  throw schemaError(parsed.error);
}

function atMsOf(text: string | undefined, nowMs: number): number | undefined {
  const at = momentOf('at', text, BigInt(nowMs) * 1_000_000n);
  return at === undefined ? undefined : Number(at / 1_000_000n);
}
