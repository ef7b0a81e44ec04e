// The routes of what is known beside the flows: clusters and identities.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { parseMoment } from '../../hubble/filter/since.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';
import { queryClusters } from '../clusters.ts';
import { type IdentityQuery, queryIdentities } from '../identities.ts';
import { labelsAt, type UnlabelledEnd } from '../labels-at.ts';
import { FieldError } from './problem.ts';

export interface CatalogueRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** Aborts when the server stops. */
  readonly stopped: AbortSignal;
}

const MAX_IDENTITIES = 10_000;
/** Three values an end: ClickHouse parses no more than 256 KiB of a statement. */
const MAX_ENDS = 1000;

const number = (max: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/, 'expected a whole number')
    .transform(Number)
    .refine((value) => value <= max, `at most ${max}`);

const schema = z.strictObject({
  identity: number(2 ** 32 - 1).optional(),
  cluster: z.string().max(63).optional(),
  at: z.string().optional(),
  limit: number(MAX_IDENTITIES).optional(),
});

export function addCatalogueRoutes(app: FastifyInstance, deps: CatalogueRouteDeps): void {
  const { store, clock, stopped: signal } = deps;
  app.get('/api/v1/clusters', () => queryClusters(store, { signal }));
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
  return { identity, cluster, limit, ...(at ? { atMs: momentOf(at, nowMs) } : {}) };
}

function readEnds(input: unknown, nowMs: number): readonly UnlabelledEnd[] {
  return checked(endsSchema, input).ends.map(({ at, ...end }) => ({
    ...end,
    atMs: momentOf(at, nowMs),
  }));
}

function checked<T>(type: z.ZodType<T>, input: unknown): T {
  const parsed = type.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  throw new FieldError(field ?? '', `${field}: ${issue?.message}`, parsed.error);
}

function momentOf(text: string, nowMs: number): number {
  try {
    return Number(parseMoment(text, BigInt(nowMs) * 1_000_000n) / 1_000_000n);
  } catch (error) {
    throw new FieldError(
      'at',
      `at: ${JSON.stringify(text)} is no time; write 30m, 7d or 2026-03-14T10:00:00Z`,
      error,
    );
  }
}
