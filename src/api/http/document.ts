// The OpenAPI document without a server: made from the routes alone, for the reference pages and for tests.
import Fastify from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import { createOverview } from '../../query/catalogue/overview.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Reader } from '../../store/store.ts';
import { apiConfig } from '../config.ts';
import { apiMetrics } from '../metrics.ts';
import { ANONYMOUS } from '../principal.ts';
import { Audit } from './audit.ts';
import { AnswerCache } from './cache.ts';
import { addOpenApi, openApiOf } from './openapi.ts';
import { addApiRoutes } from './routes/routes.ts';

/** Nobody asks the routes anything here. */
const NO_STORE: Reader = { query: nobody };

function nobody(): never {
  throw new ParallaxError('internal', 'there is no store behind the document');
}

export async function apiDocument(version: string): Promise<object> {
  const config = apiConfig.parse({});
  const metrics = apiMetrics(new Registry());
  const app = Fastify();
  app.setSerializerCompiler(() => (document) => JSON.stringify(document));
  app.setValidatorCompiler(() => () => true);
  await addOpenApi(app, version);
  const overview = createOverview({ store: NO_STORE, clock: systemClock, config, version });
  await app.register(async (api) =>
    addApiRoutes(api, {
      ...{ config, store: NO_STORE, clock: systemClock, metrics },
      live: undefined,
      audit: new Audit(pino({ level: 'silent' }), metrics),
      principalOf: () => ANONYMOUS,
      failed: () => undefined,
      endless: new WeakSet(),
      deliveries: { list: nobody, redeliver: nobody },
      clusters: () => [],
      overviewOf: () => overview,
      feed: { follow: nobody },
      enter: () => new AbortController().signal,
      enterStream: () => new AbortController().signal,
      cache: new AnswerCache({ size: 0, maxAge: 0, bytes: () => undefined }),
    }),
  );
  await app.ready();
  const document = openApiOf(app);
  await app.close();
  return document;
}
