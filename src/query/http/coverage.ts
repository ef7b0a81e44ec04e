// The route that says what a window of the store covers.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { parseMoment } from '../../hubble/filter/since.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';
import { type CoverageQuery, coverageOf } from '../coverage/coverage.ts';
import { reportOf } from '../coverage/report.ts';
import { FieldError } from './problem.ts';

export interface CoverageRouteDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** Aborts when the server stops. */
  readonly stopped: AbortSignal;
}

const NAMES = z.union([z.string(), z.array(z.string()).max(1000)]);
const requestSchema = z.strictObject({
  since: z.string().optional(),
  until: z.string().optional(),
  cluster: NAMES.optional(),
  node: NAMES.optional(),
});

const DEFAULT_MS = 3_600_000;
/** A window of more is more than the ledger is asked for at once. */
const MAX_MS = 32 * 86_400_000;

export function addCoverageRoutes(app: FastifyInstance, deps: CoverageRouteDeps): void {
  const { store, clock, stopped } = deps;
  app.get('/api/v1/coverage', async (request, reply) => {
    const query = readCoverageRequest(request.query, clock.now());
    const coverage = await coverageOf(store, query, clock.now(), stopped);
    return reply.header('cache-control', 'no-store').send(reportOf(coverage));
  });
}

/** Throws `input/invalid` with the field's name. */
export function readCoverageRequest(input: unknown, nowMs: number): CoverageQuery {
  const parsed = requestSchema.safeParse(input ?? {});
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field =
      issue?.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : (issue?.path.join('.') ?? '');
    throw new FieldError(field, `${field}: ${issue?.message ?? 'refused'}`, parsed.error);
  }
  const { since, until, cluster, node } = parsed.data;
  const untilMs = until === undefined ? nowMs : moment('until', until, nowMs);
  const sinceMs = since === undefined ? untilMs - DEFAULT_MS : moment('since', since, nowMs);
  if (sinceMs >= untilMs)
    throw new FieldError(
      'since',
      'since: must be before until; both are times such as 30m or 2026-03-14T10:00:00Z',
    );
  if (untilMs - sinceMs > MAX_MS)
    throw new FieldError('since', 'since: more than 32 days before until; ask for less at a time');
  return { sinceMs, untilMs, clusters: names(cluster), nodes: names(node) };
}

function names(value: string | string[] | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'string' ? [value] : value;
}

function moment(field: string, text: string, nowMs: number): number {
  try {
    return Number(parseMoment(text, BigInt(nowMs) * 1_000_000n) / 1_000_000n);
  } catch (error) {
    throw new FieldError(
      field,
      `${field}: ${JSON.stringify(text)} is no time; write 30m, 7d or 2026-03-14T10:00:00Z`,
      error,
    );
  }
}
