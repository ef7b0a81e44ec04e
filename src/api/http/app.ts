// The Fastify application without its routes: limits of requests, authentication, problem details, metrics and the access
// log.
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { schemaError } from '../../query/request/fields.ts';
import { parseJson } from '../../query/request/json-body.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { TlsPems } from '../../runtime/tls-files.ts';
import type { Tokens } from '../auth.ts';
import type { ApiConfig } from '../config.ts';
import { hostOf, isLoopback } from '../loopback.ts';
import type { ApiMetrics } from '../metrics.ts';
import type { Principal } from '../principal.ts';
import type { Audit } from './audit.ts';
import { refuseConnection } from './client-error.ts';
import { checkHead, fromFramework, type Head, MAX_PARAM } from './framework-errors.ts';
import { KnownPaths } from './known-paths.ts';
import { PROBLEM_JSON, type Problem, problemOf } from './problem.ts';

export interface AppDeps {
  readonly config: ApiConfig;
  readonly tokens: Tokens;
  readonly metrics: ApiMetrics;
  readonly audit: Audit;
  readonly logger: Logger;
  readonly stopped: AbortSignal;
  readonly endless: WeakSet<object>;
  /** Of HTTPS. */
  readonly tls?: TlsPems | undefined;
}

export interface App {
  readonly app: FastifyInstance;
  readonly principalOf: (request: FastifyRequest) => Principal;
  readonly failed: (error: unknown) => void;
}

/** Headers of one request; a browser sends about twenty. */
const MAX_HEADERS = 100;
const CHECK_MS = 1000;
/** Server-sent events are not compressed: a compressor would hold them back. */
const COMPRESSED =
  /^(application\/(json|x-ndjson|problem\+json)|text\/(csv|plain|html|css|javascript))/;
/** Statuses after which a client may repeat its request. */
const RETRIED: ReadonlySet<number> = new Set([429, 503]);
const OPEN = /^\/(healthz|readyz|docs|openapi\.json)(\/|\?|$)/;
const METRICS = /^\/metrics(\?|$)/;

export async function buildApp(deps: AppDeps): Promise<App> {
  const { config, metrics, logger, stopped } = deps;
  const app = createApp(deps);
  const principals = new WeakMap<FastifyRequest, Principal>();
  const failed = (error: unknown) => {
    if (stopped.aborted) return;
    const { code, status } = problemOf(error);
    metrics.errors.inc({ code });
    if (status >= 500) logger.error({ err: error }, 'request failed');
  };
  const refuse = (error: unknown, reply: FastifyReply) => {
    failed(error);
    return sendProblem(problemOf(error), reply);
  };
  readBodies(app, config.maxDepth);
  app.setErrorHandler(async (error, request, reply) =>
    refuse(fromFramework(error, config, request), reply),
  );
  const noSuchRoute = notFoundHandler(app, refuse);
  app.setNotFoundHandler(noSuchRoute);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    checkHead(request, config);
    principals.set(request, authenticate(deps, request));
    // Before the body is read: a wrong path is reported as such, not as a wrong body.
    if (request.is404) return noSuchRoute(request, reply);
  });
  countResponses(app, deps, principals);
  await addRateLimit(app, config, principals);
  if (config.compress)
    await app.register(import('@fastify/compress'), {
      threshold: 1024,
      encodings: ['zstd', 'br', 'gzip', 'deflate'],
      customTypes: COMPRESSED,
      globalDecompression: false,
    });
  const principalOf = (request: FastifyRequest) => {
    const principal = principals.get(request);
    if (principal === undefined) throw new ParallaxError('internal', 'no principal of the request');
    return principal;
  };
  return { app, principalOf, failed };
}

/** Bodies are JSON of bounded depth; each part of a request is read by the schema of its route. */
function readBodies(app: FastifyInstance, maxDepth: number): void {
  app.setValidatorCompiler(({ schema }) => checkedBy(schema as z.ZodType)); // as the routes declare them
  app.setSerializerCompiler(() => (document) => JSON.stringify(document));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(String(body), maxDepth));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function countResponses(
  app: FastifyInstance,
  { metrics, audit, endless }: AppDeps,
  principals: WeakMap<FastifyRequest, Principal>,
): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.requests.inc({ route, status: String(reply.statusCode) });
    if (!endless.has(reply)) metrics.seconds.observe({ route }, reply.elapsedTime / 1000);
    if (!request.url.startsWith('/api/')) return;
    audit.of(request).principal ??= principals.get(request) ?? { name: 'unknown' };
    audit.write(request, reply);
  });
}

function sendProblem(problem: Problem, reply: FastifyReply): FastifyReply {
  const { status, code } = problem;
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="parallax"');
  if (code === 'query/busy') reply.header('retry-after', '1');
  // The rate limit has set a more exact time.
  else if (RETRIED.has(status) && !reply.hasHeader('retry-after')) reply.header('retry-after', '5');
  return reply.code(status).type(PROBLEM_JSON).send(JSON.stringify(problem));
}

type Refuse = (error: unknown, reply: FastifyReply) => FastifyReply;

/** 404 for an unknown path, 405 with `allow` for a wrong method. */
function notFoundHandler(app: FastifyInstance, refuse: Refuse) {
  const paths = new KnownPaths();
  paths.watch(app);
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const [path = ''] = request.url.split('?');
    const methods = paths.methodsOf(path);
    const { method } = request;
    if (methods.length === 0)
      return refuse(
        new ParallaxError('input/not-found', `there is no ${path}; /docs lists all paths`),
        reply,
      );
    reply.header('allow', methods.join(', '));
    if (method === 'OPTIONS') return reply.code(204).send();
    const text = `${path} takes ${methods.join(', ')}, not ${method}`;
    return refuse(new ParallaxError('input/method', text), reply);
  };
}

/** Named so that Fastify does not load ajv; the compilers set in readBodies take their place. */
function unused(): never {
  throw new ParallaxError('internal', 'a compiler of schemas was set already');
}

function createApp({ config, tls, metrics, logger }: AppDeps): FastifyInstance {
  const { requestTimeout } = config;
  const server = {
    // Node refuses longer headers, the URL among them, before it reads a body.
    maxHeaderSize: config.maxUrl + 8192,
    headersTimeout: Math.ceil(requestTimeout / 3),
    requestTimeout,
    connectionsCheckingInterval: Math.min(CHECK_MS, Math.ceil(requestTimeout / 4)),
  };
  const common = {
    schemaController: { compilersFactory: { buildValidator: unused, buildSerializer: unused } },
    bodyLimit: config.maxBody,
    requestTimeout,
    keepAliveTimeout: config.keepAlive,
    forceCloseConnections: 'idle' as const,
    routerOptions: { maxParamLength: MAX_PARAM },
    clientErrorHandler: refuseConnection((slow) => {
      if (slow) metrics.slowClients.inc({ while: 'sending' });
    }),
    frameworkErrors: (error: Error, request: Head, reply: FastifyReply) =>
      void sendProblem(problemOf(fromFramework(error, config, request)), reply),
  };
  // The two differ in the type of their server only, which nothing here depends on.
  const app = (
    tls
      ? Fastify({ ...common, https: { ...server, ...tls } })
      : Fastify({ ...common, http: server })
  ) as FastifyInstance;
  app.server.maxHeadersCount = MAX_HEADERS;
  app.server.maxConnections = config.maxConnections;
  metrics.openConnectionsLimit.set(config.maxConnections);
  app.server.on('connection', (socket) => {
    metrics.openConnections.inc();
    socket.once('close', () => metrics.openConnections.dec());
  });
  app.server.on('drop', () => {
    metrics.refusedConnections.inc();
    logger.debug({ limit: config.maxConnections }, 'connection refused');
  });
  return app;
}

/** Throws `auth/required` without a valid token, `auth/forbidden` for a request from a page of another site. */
function authenticate({ tokens, config }: AppDeps, request: FastifyRequest): Principal {
  const { url, headers } = request;
  if (OPEN.test(url) || (METRICS.test(url) && config.auth.metrics === 'open'))
    return { name: 'anyone' };
  const principal = tokens.principalOf(headers.authorization);
  if (tokens.needed) return principal;
  const host = hostOf(headers.host ?? '');
  if (isLoopback(host) || config.auth.hosts.includes(host)) return principal;
  throw new ParallaxError(
    'auth/forbidden',
    `host ${JSON.stringify(host)} is not allowed: without tokens the API accepts loopback names and those of api.auth.hosts only`,
  );
}

async function addRateLimit(
  app: FastifyInstance,
  { rateLimit: { requests, window } }: ApiConfig,
  principals: WeakMap<FastifyRequest, Principal>,
): Promise<void> {
  if (requests === 0) return;
  await app.register(import('@fastify/rate-limit'), {
    max: requests,
    timeWindow: window,
    // By token where there is one, else by address.
    keyGenerator: (request) => `${principals.get(request)?.name ?? ''} ${request.ip}`,
    allowList: (request) => !request.url.startsWith('/api/'),
    errorResponseBuilder: (_request, { after }) =>
      new ParallaxError(
        'query/rate',
        `more than ${requests} requests in ${window} ms, the limit of one client (api.rateLimit); try again in ${after}`,
      ),
  });
}

/** Reads a part of a request by its schema. A missing body counts as an empty one. */
function checkedBy(schema: z.ZodType) {
  return (data: unknown) => {
    const parsed = schema.safeParse(data ?? {});
    return parsed.success ? { value: parsed.data } : { error: schemaError(parsed.error) };
  };
}
