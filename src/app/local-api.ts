// The API over a store that this process opens for itself: requests are injected, nothing listens.
import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { Registry } from 'prom-client';
import { createDeliveryService } from '../alert/notify/delivery-service.ts';
import { apiConfig } from '../api/config.ts';
import { type ApiDeps, buildApi } from '../api/http/build.ts';
import { ANONYMOUS } from '../api/principal.ts';
import { createOverview } from '../query/catalogue/overview.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { ParallaxError } from '../runtime/errors.ts';
import { type StoreConfig, storeConfig } from '../store/config.ts';
import type { ManagedStore } from '../store/engine/engine-store.ts';
import { createStore } from '../store/open.ts';

export interface LocalRequest {
  /** POST with a body, else GET. */
  readonly method?: 'GET' | 'POST';
  /** Path and query string, such as `/api/v1/nodes?limit=5`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: object | undefined;
  readonly signal?: AbortSignal;
}

export interface LocalResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Reads on demand: the store is read no faster than this is. Destroy it to end the answer. */
  readonly body: Readable;
}

export interface LocalApi {
  /** Answers as a server without tokens does: refusals are problem documents, never exceptions. */
  request(request: LocalRequest): Promise<LocalResponse>;
  /** Ends what still runs, then closes the store. */
  close(): Promise<void>;
}

const CLOSE_MS = 5000;
/** Limits that keep clients of a server from each other have no use where there is one client. */
const ONE_CLIENT = {
  timeout: '7d',
  slowReader: '7d',
  maxBody: '64MiB',
  maxUrl: '1MiB',
  maxFilters: 10_000,
  rateLimit: { requests: 0 },
  cache: { size: '0B' },
  compress: false,
};

/**
 * Opens the data directory, or the store of a configuration. Throws what `store.start` throws, and `store/migration`
 * when its tables are not those of this version.
 */
export async function openLocalApi(
  where: string | StoreConfig,
  deps: { readonly version: string; readonly signal: AbortSignal; readonly clock?: Clock },
): Promise<LocalApi> {
  const { version, signal, clock = systemClock } = deps;
  const config =
    typeof where === 'string' ? storeConfig.parse({ kind: 'chdb', chdb: { path: where } }) : where;
  const common = {
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    clock,
  };
  const store = createStore({ ...common, config });
  await store.start(signal);
  try {
    await requireTables(store, config);
    return serve(store, common, version);
  } catch (error) {
    await store.stop(AbortSignal.timeout(CLOSE_MS));
    throw error;
  }
}

async function requireTables(store: ManagedStore, config: StoreConfig): Promise<void> {
  const { migrations } = await store.migrate({ dryRun: true });
  if (migrations.length === 0) return;
  const name = config.kind === 'chdb' ? config.chdb.path : config.clickhouse.url;
  throw new ParallaxError(
    'store/migration',
    `${name} has no tables of this version yet; run \`parallax migrate\` or \`parallax up\` on it first`,
  );
}

function serve(
  store: ManagedStore,
  common: Pick<ApiDeps, 'logger' | 'registry' | 'clock'>,
  version: string,
): LocalApi {
  const config = apiConfig.parse(ONE_CLIENT);
  const stopped = new AbortController();
  const deps = { ...common, config, store, version };
  const api: ApiDeps = {
    ...deps,
    overview: createOverview(deps),
    deliveries: createDeliveryService(store, common.clock),
    clusters: () => [],
    health: () => ({ phase: 'running', state: 'ok', components: [] }),
  };
  const tokens = { needed: false, principalOf: () => ANONYMOUS };
  // One application for each group of routes: loading all of them takes longer than most answers.
  const apps = new Map<string, Promise<FastifyInstance>>();
  const appOf = (path: string) => {
    const [, only = ''] = /^\/api\/v1\/(\w+)/.exec(path) ?? [];
    const app =
      apps.get(only) ??
      buildApi(
        { ...api, registry: new Registry() },
        { tokens, stopped: stopped.signal, docs: false, only },
      );
    apps.set(only, app);
    return app;
  };
  return {
    async request({ path, body, method = body ? 'POST' : 'GET', headers, signal }) {
      const app = await appOf(path);
      const over = new AbortController();
      const injected = app.inject({
        method,
        url: path,
        headers: { accept: 'application/json', ...headers },
        ...(body && { payload: body }),
        payloadAsStream: true,
        // Not the caller's: light-my-request throws uncaught when its signal aborts before the head is written.
        signal: over.signal,
      });
      const response = await (signal ? Promise.race([injected, aborted(signal)]) : injected);
      const stream = response.stream();
      stream.once('close', () => over.abort());
      const end = () => {
        // Without a reader the error must not be uncaught.
        stream.on('error', () => undefined).destroy(signal?.reason);
      };
      signal?.addEventListener('abort', end, { once: true });
      return { statusCode: response.statusCode, headers: response.headers, body: stream };
    },
    async close() {
      stopped.abort();
      for (const app of await Promise.all(apps.values())) await app.close();
      await store.stop(AbortSignal.timeout(CLOSE_MS));
    },
  };
}

/** Rejects when the signal aborts. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const refuse = () => reject(signal.reason);
    if (signal.aborted) refuse();
    else signal.addEventListener('abort', refuse, { once: true });
  });
}
