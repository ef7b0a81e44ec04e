// The one function by which routes of /api/v1 that give a document are declared: the place where scope, coverage, cost,
// limits, who asked and OpenAPI come in.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import type { Reader } from '../../store/store.ts';
import { CostMeter } from '../cost.ts';
import type { TimeRange } from '../range.ts';
import { scopedStore } from '../scope.ts';
import type { Asker } from './asker.ts';
import { costNote, coverageNote, coverageWithin } from './envelope.ts';
import type { Gate } from './gate.ts';

/** Answers come from code that changes nothing of them. */
type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;

/** What a route's answer is made from. */
export interface Asked<I> {
  /** Of the query string or the body. */
  readonly input: I;
  /** Of the path. */
  readonly params: Readonly<Record<string, string>>;
  /** Reads as who asked may, and counts the cost. */
  readonly store: Reader;
  readonly nowNanos: bigint;
  /** Aborts when the client has left, a limit is reached, or the server stops. */
  readonly signal: AbortSignal;
  readonly asker: Asker;
}

export interface DocumentRoute<I extends z.ZodType, O extends z.ZodObject> {
  /** `/api/v1/top`, `/api/v1/incidents/:id`. */
  readonly path: string;
  /** `query` answers POST too, at the path with `:query` behind it, with the same fields in its body. */
  readonly methods?: 'get' | 'query';
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly input: I;
  /** The document without coverage and cost. */
  readonly output: O;
  /** The window that the answer is about: its coverage goes with the answer. */
  readonly window?: (input: z.output<I>, nowNanos: bigint) => TimeRange;
  readonly answer: (asked: Asked<z.output<I>>) => Promise<ReadonlyDeep<z.input<O>>>;
}

export interface RouteDeps {
  readonly store: Reader;
  readonly clock: Clock;
  readonly enter: Gate;
  readonly askerOf: (request: FastifyRequest) => Asker;
}

export function addDocumentRoute<I extends z.ZodType, O extends z.ZodObject>(
  app: FastifyInstance,
  deps: RouteDeps,
  route: DocumentRoute<I, O>,
): void {
  const { path, methods = 'query', summary, description, tag, input, output } = route;
  const common = {
    summary,
    tags: [tag],
    ...(description && { description }),
    response: { 200: output.extend({ coverage: coverageNote, cost: costNote }) },
  };
  app.get(path, { schema: { ...common, querystring: input } }, (request, reply) =>
    answer(deps, route, request, request.query, reply),
  );
  if (methods !== 'query') return;
  // Two colons: the router takes one for the beginning of a parameter.
  app.post(`${path}::query`, { schema: { ...common, body: input } }, (request, reply) =>
    answer(deps, route, request, request.body, reply),
  );
}

async function answer<I extends z.ZodType, O extends z.ZodObject>(
  deps: RouteDeps,
  route: DocumentRoute<I, O>,
  request: FastifyRequest,
  // Checked by the route's schema before it comes here.
  input: unknown,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const parsed = input as z.output<I>;
  const nowMs = deps.clock.now();
  const nowNanos = BigInt(nowMs) * 1_000_000n;
  const window = route.window?.(parsed, nowNanos);
  const asker = deps.askerOf(request);
  const meter = new CostMeter();
  const signal = deps.enter(reply);
  const store = scopedStore(meter.reader(deps.store), asker.scope);
  const params = request.params as Readonly<Record<string, string>>;
  const [document, coverage] = await Promise.all([
    route.answer({ input: parsed, params, store, nowNanos, signal, asker }),
    window === undefined ? null : coverageWithin(store, window, nowMs, signal),
  ]);
  const cost = await meter.cost();
  return reply.header('cache-control', 'no-store').send({ ...document, coverage, cost });
}
