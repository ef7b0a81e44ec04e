// The OpenAPI document of the routes, made without a server or a store: for the reference pages and for tests.
import pino from 'pino';
import { Registry } from 'prom-client';
import { createOverview } from '../../query/catalogue/overview.ts';
import { systemClock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { apiConfig } from '../config.ts';
import { ANONYMOUS } from '../principal.ts';
import { buildApi } from './build.ts';
import { openApiOf } from './openapi.ts';

export async function apiDocument(version: string): Promise<object> {
  const config = apiConfig.parse({ compress: false, rateLimit: { requests: 0 } });
  const common = { config, store: { query: never }, clock: systemClock, version };
  const app = await buildApi(
    {
      ...common,
      logger: pino({ level: 'silent' }),
      registry: new Registry(),
      overview: createOverview(common),
      deliveries: { list: never, redeliver: never },
      clusters: () => [],
      health: never,
    },
    {
      tokens: { needed: false, principalOf: () => ANONYMOUS },
      stopped: new AbortController().signal,
      docs: true,
    },
  );
  await app.ready();
  const document = openApiOf(app);
  await app.close();
  return document;
}

function never(): never {
  throw new ParallaxError('internal', 'the document is made without a store');
}
