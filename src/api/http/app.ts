// The application behind the server: limits on what comes in, who asks, how refusals look, and what is counted and logged
// of each answer. Knows no route of the API.
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
import { PROBLEM_JSON, problemOf } from './problem.ts';

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
/** What compresses; events are sent as they come, and would wait in a compressor. */
const COMPRESSED =
  /^(application\/(json|x-ndjson|problem\+json)|text\/(csv|plain|html|css|javascript))/;
/** Whoever gets one of these may ask again. */
const RETRIED: ReadonlySet<number> = new Set([429, 503]);
const OPEN = /^\/(healthz|readyz|docs|openapi\.json)(\/|\?|$)/;
const METRICS = /^\/metrics(\?|$)/;

export async function buildApp(deps: AppDeps): Promise<App> {
  const { config, metrics, logger, stopped, audit, endless } = deps;
  const app = createApp(deps);
  app.setValidatorCompiler(({ schema }) => checkedBy(schema as z.ZodType)); // as the routes declare them
  app.setSerializerCompiler(() => (document) => JSON.stringify(document));
  const paths = new KnownPaths();
  paths.watch(app);
  const principals = new WeakMap<FastifyRequest, Principal>();
  const failed = (error: unknown) => {
    if (stopped.aborted) return;
    const { code, status } = problemOf(error);
    metrics.errors.inc({ code });
    if (status >= 500) logger.error({ err: error }, 'request failed');
  };
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(String(body), config.maxDepth));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
  app.addHook('onRequest', async (request, reply) => {
    // Whatever is answered is what it says it is, to browsers too.
    reply.header('x-content-type-options', 'nosniff');
    checkHead(request, config);
    principals.set(request, principalOf(deps, request));
    // Before a body is read: whoever asks at a wrong place should learn of that, not of the body.
    if (request.is404) return noSuchRoute(request, reply);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.requests.inc({ route, status: String(reply.statusCode) });
    if (!endless.has(reply)) metrics.seconds.observe({ route }, reply.elapsedTime / 1000);
    if (request.url.startsWith('/api/')) {
      audit.of(request).principal ??= principals.get(request) ?? { name: 'unknown' };
      audit.write(request, reply);
    }
  });
  const refuse = (error: unknown, reply: FastifyReply) => {
    failed(error);
    const problem = problemOf(error);
    if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="parallax"');
    if (problem.code === 'query/busy') reply.header('retry-after', '1');
    // The rate limit has said it more exactly.
    else if (RETRIED.has(problem.status) && !reply.hasHeader('retry-after'))
      reply.header('retry-after', '5');
    return reply.code(problem.status).type(PROBLEM_JSON).send(JSON.stringify(problem));
  };
  app.setErrorHandler(async (error, request, reply) =>
    refuse(fromFramework(error, config, request), reply),
  );
  const noSuchRoute = (request: FastifyRequest, reply: FastifyReply) => {
    const [path = ''] = request.url.split('?');
    const methods = paths.methodsOf(path);
    const { method } = request;
    if (methods.length === 0)
      return refuse(
        new ParallaxError('input/not-found', `there is no ${path}; /docs shows what there is`),
        reply,
      );
    reply.header('allow', methods.join(', '));
    if (method === 'OPTIONS') return reply.code(204).send();
    const text = `${path} takes ${methods.join(', ')}, not ${method}`;
    return refuse(new ParallaxError('input/method', text), reply);
  };
  app.setNotFoundHandler(noSuchRoute);
  await addRateLimit(app, config, principals);
  if (config.compress)
    await app.register(import('@fastify/compress'), {
      threshold: 1024,
      encodings: ['zstd', 'br', 'gzip', 'deflate'],
      customTypes: COMPRESSED,
      globalDecompression: false,
    });
  const known = (request: FastifyRequest) => {
    const principal = principals.get(request);
    if (principal === undefined)
      throw new ParallaxError('internal', 'nobody is known to have asked');
    return principal;
  };
  return { app, principalOf: known, failed };
}

/** Fastify loads ajv unless other factories of compilers are named; the compilers set above take their place. */
function unused(): never {
  throw new ParallaxError('internal', 'a compiler of schemas was set already');
}

function createApp({ config, tls, metrics, logger }: AppDeps): FastifyInstance {
  const { requestTimeout } = config;
  const server = {
    // Node refuses longer headers, the URL among them, before anything is read.
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
    frameworkErrors: (error: Error, request: Head, reply: FastifyReply) => {
      const problem = problemOf(fromFramework(error, config, request));
      void reply.code(problem.status).type(PROBLEM_JSON).send(JSON.stringify(problem));
    },
  };
  // The two differ in the type of their server only, which nobody looks at.
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
    logger.debug({ connections: config.maxConnections }, 'connection refused: too many are open');
  });
  return app;
}

/** Throws `auth/required` for who must be known and is not, `auth/forbidden` for a page of another site. */
function principalOf({ tokens, config }: AppDeps, request: FastifyRequest): Principal {
  const { url, headers } = request;
  if (OPEN.test(url) || (METRICS.test(url) && config.auth.metrics === 'open'))
    return { name: 'anyone' };
  const principal = tokens.principalOf(headers.authorization);
  if (tokens.needed) return principal;
  const host = hostOf(headers.host ?? '');
  if (isLoopback(host) || config.auth.hosts.includes(host)) return principal;
  throw new ParallaxError(
    'auth/forbidden',
    `the API is asked for as ${JSON.stringify(host)}; without tokens it answers to names of loopback and those of api.auth.hosts only`,
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
    // Tokens have names that no address has.
    keyGenerator: (request) => `${principals.get(request)?.name ?? ''} ${request.ip}`,
    allowList: (request) => !request.url.startsWith('/api/'),
    errorResponseBuilder: (_request, { after }) =>
      new ParallaxError(
        'query/rate',
        `more than ${requests} requests in ${window} ms, as many as api.rateLimit allows one client; try again in ${after}`,
      ),
  });
}

/** A request's part, read by its schema. A body that is not there is an empty one. */
function checkedBy(schema: z.ZodType) {
  return (data: unknown) => {
    const parsed = schema.safeParse(data ?? {});
    return parsed.success ? { value: parsed.data } : { error: schemaError(parsed.error) };
  };
}
