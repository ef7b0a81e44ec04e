// The HTTP API: flows, health, metrics. On loopback unless the configuration says otherwise.
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { Clock } from '../../runtime/clock.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { HealthReport } from '../../runtime/run.ts';
import type { Store } from '../../store/store.ts';
import { close, listen } from '../../telemetry/listen.ts';
import { addOpsRoutes } from '../../telemetry/ops.ts';
import type { ApiConfig } from '../config.ts';
import { createFeed } from '../denials/feed.ts';
import type { KnownCluster } from '../doctor/identities.ts';
import type { LiveFlows } from '../follow.ts';
import { type ApiMetrics, apiMetrics } from '../metrics.ts';
import type { Overview } from '../overview.ts';
import { ANONYMOUS } from './asker.ts';
import { addCatalogueRoutes } from './catalogue.ts';
import { addConnectionRoutes } from './connections.ts';
import { addCoverageRoutes } from './coverage.ts';
import { addDenialRoutes } from './denials.ts';
import { addDoctorRoute } from './doctor.ts';
import { schemaError } from './fields.ts';
import { addFlowsRoutes } from './flows.ts';
import { createGate } from './gate.ts';
import { addIncidentFeedRoutes } from './incident-feed.ts';
import { addOverviewRoutes } from './overview.ts';
import { PROBLEM_JSON, problemOf } from './problem.ts';
import { addTotalsRoutes } from './totals.ts';

export interface HttpServerDeps {
  readonly config: ApiConfig;
  readonly store: Store;
  /** The clusters whose flows should be in the store. */
  readonly clusters: () => readonly KnownCluster[];
  readonly overview: Overview;
  /** Absent: `follow` is refused. */
  readonly live?: LiveFlows;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly clock: Clock;
  /** The state of the whole process, for readiness. */
  readonly health: () => HealthReport;
  /** All metrics of the process in Prometheus text; those of `registry` when left out. */
  readonly metrics?: () => Promise<string>;
  /** Called with the base URL once it listens. */
  readonly onAddress?: (url: string) => Promise<void> | void;
}

export interface HttpServer extends Component {
  /** Base URL once started, such as `http://127.0.0.1:4280`. */
  address(): string | undefined;
}

export function createHttpServer(deps: HttpServerDeps): HttpServer {
  return new Server(deps);
}

class Server implements HttpServer {
  readonly name = 'api';
  private readonly deps: HttpServerDeps;
  private readonly metrics: ApiMetrics;
  private readonly stopped = new AbortController();
  private app: FastifyInstance | undefined;
  private url: string | undefined;

  constructor(deps: HttpServerDeps) {
    this.deps = deps;
    this.metrics = apiMetrics(deps.registry);
    this.metrics.streamsLimit.set(deps.config.maxStreams);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, logger } = this.deps;
    const app = this.build();
    this.app = app;
    this.url = await listen(app, config.listen, signal);
    logger.info({ url: this.url }, 'api listens');
    await this.deps.onAddress?.(this.url);
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.stopped.abort();
    const { app } = this;
    this.url = undefined;
    if (app !== undefined) await close(app, limit);
  }

  health(): Health {
    return this.url === undefined
      ? { state: 'failed', reason: 'does not listen' }
      : { state: 'ok' };
  }

  address(): string | undefined {
    return this.url;
  }

  private build(): FastifyInstance {
    const { config, store, live, clock, health, registry, logger } = this.deps;
    const app = Fastify({
      bodyLimit: config.maxBody,
      // Node refuses longer headers, the URL among them, before anything is read.
      http: { maxHeaderSize: config.maxUrl + 8192 },
      forceCloseConnections: 'idle',
      routerOptions: { maxParamLength: 200 },
    });
    app.setValidatorCompiler(({ schema }) => checkedBy(schema as z.ZodType));
    app.setSerializerCompiler(() => JSON.stringify);
    const endless = new WeakSet<object>();
    app.addHook('onRequest', async (request) => {
      if (request.url.length > config.maxUrl)
        throw new ParallaxError(
          'input/invalid',
          `the URL has ${request.url.length} characters, ${config.maxUrl} are allowed; use POST /api/v1/flows:query`,
        );
    });
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown';
      this.metrics.requests.inc({ route, status: String(reply.statusCode) });
      if (!endless.has(reply)) this.metrics.seconds.observe({ route }, reply.elapsedTime / 1000);
    });
    const failed = (error: unknown) => {
      if (this.stopped.signal.aborted) return;
      const { code, status } = problemOf(error);
      this.metrics.errors.inc({ code });
      if (status >= 500) logger.error({ err: error }, 'request failed');
    };
    app.setErrorHandler(async (error, _request, reply) => {
      failed(error);
      const problem = problemOf(error);
      return reply.code(problem.status).type(PROBLEM_JSON).send(problem);
    });
    app.setNotFoundHandler(async (request, reply) => {
      const path = request.url.split('?')[0];
      const error = new ParallaxError('input/not-found', `there is no ${request.method} ${path}`);
      const problem = problemOf(error);
      return reply.code(problem.status).type(PROBLEM_JSON).send(problem);
    });
    addOpsRoutes(app, { health, metrics: this.deps.metrics ?? (() => registry.metrics()) });
    addDoctorRoute(app, {
      store,
      clock,
      clusters: this.deps.clusters,
      stopped: this.stopped.signal,
    });
    addOverviewRoutes(app, this.deps.overview);
    const enter = createGate(config.maxStreams, this.metrics, this.stopped.signal);
    const routes = { store, clock, enter, askerOf: () => ANONYMOUS };
    addCatalogueRoutes(app, { ...routes, stopped: this.stopped.signal });
    addCoverageRoutes(app, routes);
    addTotalsRoutes(app, { ...routes, config });
    addDenialRoutes(app, { ...routes, config, metrics: this.metrics });
    addFlowsRoutes(app, {
      config,
      answers: { store, live, limits: config },
      clock,
      metrics: this.metrics,
      enter,
      failed,
      endless,
    });
    const feed = createFeed({ ...this.deps, config: config.feed, stopped: this.stopped.signal });
    addIncidentFeedRoutes(app, { ...routes, config: config.feed, feed, failed, endless });
    addConnectionRoutes(app, { config, store, clock, metrics: this.metrics, enter });
    return app;
  }
}

/** A request's part, read by its schema. A body that is not there is an empty one. */
function checkedBy(schema: z.ZodType) {
  return (data: unknown) => {
    const parsed = schema.safeParse(data ?? {});
    return parsed.success ? { value: parsed.data } : { error: schemaError(parsed.error) };
  };
}
