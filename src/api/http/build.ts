// The HTTP API as an application that does not listen yet: a server listens with it, the command line injects requests.

import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { DeliveryService } from '../../incident/delivery.ts';
import { createOverviews } from '../../query/catalogue/overviews.ts';
import { createFeed } from '../../query/denials/feed/feed.ts';
import type { KnownCluster } from '../../query/doctor/identities.ts';
import type { TlsPems } from '../../runtime/tls-files.ts';
import { addOpsRoutes } from '../../telemetry/ops.ts';
import type { Tokens } from '../auth.ts';
import { type ApiMetrics, apiMetrics } from '../metrics.ts';
import type { ServingDeps } from '../serving.ts';
import { buildApp } from './app.ts';
import { Audit } from './audit.ts';
import { AnswerCache } from './cache.ts';
import { createGate, SlowReaders } from './gate.ts';
import { addApiRoutes } from './routes/routes.ts';

export interface ApiDeps extends ServingDeps {
  /** The clusters whose flows should be in the store, as configured now. */
  readonly clusters: () => readonly KnownCluster[];
  /** Absent: the routes of deliveries answer 404. */
  readonly deliveries?: DeliveryService;
  /** All metrics of the process in Prometheus text; those of `registry` when left out. */
  readonly metrics?: () => Promise<string>;
  /** Validates every document before it is sent; for tests. */
  readonly check?: (schema: z.ZodType, document: unknown) => void;
}

export interface BuildOptions {
  readonly tokens: Tokens;
  /** Ends all streams when it aborts. */
  readonly stopped: AbortSignal;
  readonly tls?: TlsPems | undefined;
  /** Serves /openapi.json and /docs. */
  readonly docs: boolean;
  /** First word of the paths below /api/v1/ that are served; all when left out. */
  readonly only?: string | undefined;
}

/**
 * Builds the application over a started store. Only what the configuration needs is loaded: `compress: false`,
 * `rateLimit.requests: 0` and `docs: false` leave their libraries out.
 */
export async function buildApi(
  deps: ApiDeps,
  { tokens, stopped, tls, docs, only }: BuildOptions,
): Promise<FastifyInstance> {
  const { config, store, live, clock, logger, registry, version = '0.0.0' } = deps;
  const metrics = apiMetrics(registry);
  metrics.streamsLimit.set(config.maxStreams);
  metrics.documentsLimit.set(config.maxDocuments);
  const audit = new Audit(logger.child({ component: 'api' }), metrics);
  const endless = new WeakSet<object>();
  const common = { config, tokens, metrics, audit, logger, stopped, endless, tls };
  const { app, principalOf, failed } = await buildApp(common);
  const readers = new SlowReaders(config.slowReader, () =>
    metrics.slowClients.inc({ while: 'reading' }),
  );
  const gate = (max: number, setting: string, gauge: ApiMetrics['streams']) =>
    createGate({
      ...{ max, setting, stopped, readers, maxFollow: config.maxFollow },
      count: (answers) => gauge.set(answers),
    });
  const openApi = docs ? await import('./openapi.ts') : undefined;
  await openApi?.addOpenApi(app, version);
  addOpsRoutes(app, {
    health: deps.health,
    metrics: deps.metrics ?? (() => registry.metrics()),
  });
  // In a plugin of its own: hooks that plugins register asynchronously are in place by then.
  await app.register(async (api) =>
    addApiRoutes(
      api,
      {
        ...{ config, store, live, clock, metrics, audit, principalOf, failed, endless },
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
      },
      only,
    ),
  );
  await openApi?.addOpenApiPages(app);
  return app;
}
