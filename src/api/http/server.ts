// The HTTP API: flows and what is made of them, health, metrics. On loopback, or where a token is asked for.
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { DeliveryDesk } from '../../incident/delivery.ts';
import { createOverviews } from '../../query/catalogue/overviews.ts';
import { createFeed } from '../../query/denials/feed/feed.ts';
import type { KnownCluster } from '../../query/doctor/identities.ts';
import type { Component, Health } from '../../runtime/component.ts';
import { close, listen } from '../../telemetry/listen.ts';
import { addOpsRoutes } from '../../telemetry/ops.ts';
import { readTokens, requireSafe, type Tokens } from '../auth.ts';
import { type ApiMetrics, apiMetrics } from '../metrics.ts';
import { listeningHealth, type ServingDeps } from '../serving.ts';
import { readTls, watchTls } from '../tls.ts';
import { buildApp } from './app.ts';
import { Audit } from './audit.ts';
import { AnswerCache } from './cache.ts';
import { createGate, SlowReaders } from './gate.ts';
import { addOpenApi, addOpenApiPages } from './openapi.ts';
import { addApiRoutes } from './routes/routes.ts';

export interface HttpServerDeps extends ServingDeps {
  /** The clusters whose flows should be in the store, as configured now. */
  readonly clusters: () => readonly KnownCluster[];
  /** What became of telling receivers; absent: nobody can ask. */
  readonly deliveries?: DeliveryDesk;
  /** All metrics of the process in Prometheus text; those of `registry` when left out. */
  readonly metrics?: () => Promise<string>;
  /** Called with the base URL once it listens. */
  readonly onAddress?: (url: string) => Promise<void> | void;
  /** Looks at every document before it goes out; for tests. */
  readonly check?: (schema: z.ZodType, document: unknown) => void;
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
    this.metrics.documentsLimit.set(deps.config.maxDocuments);
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, logger } = this.deps;
    const tokens = this.deps.tokens ?? readTokens(config.auth);
    requireSafe('api.listen', config.listen, tokens);
    const app = await this.build(tokens);
    this.app = app;
    const url = await listen(app, config.listen, signal);
    this.url = config.tls === undefined ? url : url.replace('http://', 'https://');
    logger.info({ url: this.url, tokens: tokens.needed }, 'api listens');
    await this.deps.onAddress?.(this.url);
  }

  async stop(limit: AbortSignal): Promise<void> {
    this.stopped.abort();
    const { app } = this;
    this.url = undefined;
    if (app !== undefined) await close(app, limit);
  }

  health(): Health {
    return listeningHealth(this.url);
  }

  address(): string | undefined {
    return this.url;
  }

  private async build(tokens: Tokens): Promise<FastifyInstance> {
    const { deps, metrics } = this;
    const { config, store, live, clock, logger, version = '0.0.0' } = deps;
    const stopped = this.stopped.signal;
    const audit = new Audit(logger.child({ component: 'api' }), metrics);
    const endless = new WeakSet<object>();
    const tls = config.tls && (await readTls(config.tls));
    const common = { config, tokens, metrics, audit, logger, stopped, endless, tls };
    const { app, askerOf, failed } = await buildApp(common);
    if (config.tls) watchTls(config.tls, app.server, { logger, clock }, stopped);
    const readers = new SlowReaders(config.slowReader, () =>
      metrics.slowClients.inc({ while: 'reading' }),
    );
    const gate = (max: number, setting: string, of: ApiMetrics['streams']) =>
      createGate({
        ...{ max, setting, stopped, readers, maxFollow: config.maxFollow },
        count: (answers) => of.set(answers),
      });
    await addOpenApi(app, version);
    addOpsRoutes(app, {
      health: deps.health,
      metrics: deps.metrics ?? (() => deps.registry.metrics()),
    });
    // In a plugin of its own: hooks that others register meanwhile are in place by then.
    await app.register(async (api) =>
      addApiRoutes(api, {
        ...{ config, store, live, clock, metrics, audit, askerOf, failed, endless },
        clusters: deps.clusters,
        deliveries: deps.deliveries,
        feed: createFeed({ ...deps, config: config.feed, stopped }),
        check: deps.check,
        overviewOf: createOverviews(deps.overview, { store, clock, config, version }),
        enter: gate(config.maxDocuments, 'api.maxDocuments', metrics.documents),
        enterStream: gate(config.maxStreams, 'api.maxStreams', metrics.streams),
        cache: new AnswerCache({
          ...config.cache,
          bytes: (kept) => metrics.cachedBytes.set(kept),
        }),
      }),
    );
    await addOpenApiPages(app);
    return app;
  }
}
