// Declares the routes of /api/v1 that answer with one JSON document. Scope, coverage, cost, limits, caching, the access
// log and OpenAPI are applied here.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CostMeter } from '../../query/read/cost.ts';
import type { TimeRange } from '../../query/read/range.ts';
import { scopedStore, scopeKey } from '../../query/read/scope.ts';
import type { Clock } from '../../runtime/clock.ts';
import { msToNs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import type { ApiConfig } from '../config.ts';
import type { ApiMetrics } from '../metrics.ts';
import type { Principal } from '../principal.ts';
import type { Audit } from './audit.ts';
import { type AnswerCache, type CachedDocument, etagOf, matches } from './cache.ts';
import { within } from './deadline.ts';
import { costNote, coverageNote, coverageWithin } from './envelope.ts';
import { withField } from './field-errors.ts';
import type { Gate } from './gate.ts';
import { problemResponses } from './problem.ts';

/** Query functions return readonly documents. */
type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;

/** What a route answers from. */
export interface RouteContext<I> {
  /** Query string or body, parsed. */
  readonly input: I;
  /** Path parameters. */
  readonly params: Readonly<Record<string, string>>;
  /** Limited to the principal's scope; counts the cost. */
  readonly store: Reader;
  readonly nowNanos: bigint;
  /** Aborts when the client disconnects, a limit is reached or the server stops. */
  readonly signal: AbortSignal;
  readonly principal: Principal;
}

export interface DocumentRoute<I extends z.ZodType, O extends z.ZodObject> {
  /** `/api/v1/top`, `/api/v1/incidents/:id`. */
  readonly path: string;
  /** `query` adds POST at the path followed by `:query`, with the same fields in its body; `post` is that alone. */
  readonly methods?: 'get' | 'query' | 'post';
  readonly summary: string;
  readonly description?: string;
  readonly tag: string;
  readonly input: I;
  /** Path parameters; strings by default. */
  readonly params?: z.ZodObject;
  /** The document without coverage and cost. */
  readonly output: O;
  /** Other representations by media type. */
  readonly forms?: Readonly<Record<string, { readonly schema: z.ZodType }>>;
  /** The window of the document; its coverage is added to it. */
  readonly window?: (input: z.output<I>, nowNanos: bigint) => TimeRange;
  readonly answer: (context: RouteContext<z.output<I>>) => Promise<ReadonlyDeep<z.input<O>>>;
}

export interface RouteDeps {
  readonly config: Pick<ApiConfig, 'timeout' | 'cache'>;
  readonly store: Reader;
  readonly clock: Clock;
  readonly metrics: Pick<ApiMetrics, 'cached'>;
  /** For documents. */
  readonly enter: Gate;
  readonly principalOf: (request: FastifyRequest) => Principal;
  readonly cache: AnswerCache;
  readonly audit: Audit;
  /** Validates every document before it is sent; for tests only, since it takes as long as the query. */
  readonly check?: ((schema: z.ZodType, document: unknown) => void) | undefined;
}

const JSON_TYPE = 'application/json; charset=utf-8';

export function addDocumentRoute<I extends z.ZodType, O extends z.ZodObject>(
  app: FastifyInstance,
  deps: RouteDeps,
  route: DocumentRoute<I, O>,
): void {
  const { path, methods = 'query', summary, description, tag, input, window, forms } = route;
  const output = route.output.extend({ coverage: coverageNote, cost: costNote });
  const params = route.params ?? paramsOf(path);
  const schemaOf = (body: boolean) => ({
    summary,
    tags: [tag],
    ...(description && { description }),
    ...(params && { params }),
    response: {
      200: {
        description: 'The document.',
        headers: headersOf(route),
        content: { 'application/json': { schema: output }, ...forms },
      },
      ...(window && { 304: z.null().describe('Unchanged since the tag of `if-none-match`.') }),
      ...problemResponses({ body, negotiated: forms !== undefined }),
    },
  });
  const handler = new DocumentHandler(deps, route, output);
  if (methods !== 'post')
    app.get(path, { schema: { ...schemaOf(false), querystring: input } }, (request, reply) =>
      handler.answer(request, request.query, reply),
    );
  if (methods === 'get') return;
  // Two colons: the router reads one as the start of a parameter.
  const url = methods === 'post' ? path : `${path}::query`;
  app.post(url, { schema: { ...schemaOf(true), body: input } }, (request, reply) =>
    handler.answer(request, request.body, reply),
  );
}

class DocumentHandler<I extends z.ZodType, O extends z.ZodObject> {
  private readonly deps: RouteDeps;
  private readonly route: DocumentRoute<I, O>;
  private readonly output: z.ZodType;

  constructor(deps: RouteDeps, route: DocumentRoute<I, O>, output: z.ZodType) {
    this.deps = deps;
    this.route = route;
    this.output = output;
  }

  /** `input` has passed the route's schema. */
  async answer(request: FastifyRequest, input: unknown, reply: FastifyReply) {
    try {
      return await this.respond(request, input, reply);
    } catch (error) {
      throw withField(error, input);
    }
  }

  private async respond(request: FastifyRequest, input: unknown, reply: FastifyReply) {
    const { deps, route } = this;
    const parsed = input as z.output<I>; // by the route's schema
    const nowMs = deps.clock.now();
    const nowNanos = msToNs(nowMs);
    const window = route.window?.(parsed, nowNanos);
    const principal = deps.principalOf(request);
    const note = Object.assign(deps.audit.of(request), { principal, input: parsed, window });
    const params = request.params as Readonly<Record<string, string>>; // by the route's schema
    const closed =
      window !== undefined && isClosed(window, nowNanos, deps.config.cache.closedAfter);
    const key = closed ? keyOf(route.path, params, principal, parsed, window) : '';
    const cached = closed ? deps.cache.get(key) : undefined;
    if (cached !== undefined) {
      note.cached = true;
      return this.send(request, reply, cached, nowMs);
    }
    const meter = new CostMeter();
    const store = scopedStore(meter.reader(deps.store), principal.scope);
    const left = deps.enter(reply);
    const [document, coverage] = await within(deps.config.timeout, left, (signal) =>
      Promise.all([
        route.answer({ input: parsed, params, store, nowNanos, signal, principal }),
        window === undefined ? null : coverageWithin(store, window, nowMs, signal),
      ]),
    );
    const cost = await meter.cost();
    note.cost = cost;
    const complete = { ...document, coverage, cost };
    deps.check?.(this.output, complete);
    const body = JSON.stringify(complete);
    if (!closed) return reply.header('cache-control', 'no-store').type(JSON_TYPE).send(body);
    const entry = { body, etag: etagOf({ ...document, coverage }), madeAt: nowMs };
    deps.cache.set(key, entry);
    return this.send(request, reply, entry, nowMs);
  }

  private send(request: FastifyRequest, reply: FastifyReply, entry: CachedDocument, nowMs: number) {
    const { cached } = this.deps.metrics;
    const age = Math.floor((nowMs - entry.madeAt) / 1000);
    reply
      .header(
        'cache-control',
        `private, max-age=${Math.floor(this.deps.config.cache.maxAge / 1000)}`,
      )
      .header('vary', 'authorization, accept-encoding')
      .header('age', String(age))
      .header('etag', entry.etag);
    if (matches(request.headers['if-none-match'], entry.etag)) {
      cached.inc({ outcome: 'unchanged' });
      return reply.code(304).send();
    }
    cached.inc({ outcome: entry.madeAt === nowMs ? 'made' : 'given' });
    return reply.type(JSON_TYPE).send(entry.body);
  }
}

function isClosed({ since, until }: TimeRange, nowNanos: bigint, settleMs: number): boolean {
  if (since === undefined || until === undefined) return false;
  return until < nowNanos - msToNs(settleMs);
}

function keyOf(
  path: string,
  params: object,
  principal: Principal,
  input: unknown,
  { since, until }: TimeRange,
): string {
  return JSON.stringify(
    [path, params, scopeKey(principal.scope), input, since, until],
    (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  );
}

function paramsOf(path: string): z.ZodObject | undefined {
  const names = [...path.matchAll(/(?<!:):(\w+)/g)].map(([, name]) => name ?? '');
  if (names.length === 0) return undefined;
  return z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
}

/** Headers of documents about closed windows. */
function headersOf({ window }: { readonly window?: unknown }) {
  if (window === undefined) return undefined;
  return {
    etag: {
      type: 'string',
      description: 'Of documents about closed windows; for `if-none-match`.',
    },
    age: { type: 'string', description: 'Seconds since the document was made.' },
  };
}
