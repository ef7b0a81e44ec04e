// An HTTP server over a store, for tests: ends with the test file, holds every document against its schema, and keeps
// what it logged.
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll } from 'vitest';
import type { Tokens } from '../../../src/api/auth.ts';
import { apiConfig } from '../../../src/api/config.ts';
import { createHttpServer, type HttpServer } from '../../../src/api/http/server.ts';
import { createOverview } from '../../../src/query/catalogue/overview.ts';
import type { LiveFlows } from '../../../src/query/flows/follow.ts';
import { type Clock, systemClock } from '../../../src/runtime/clock.ts';
import type { Reader } from '../../../src/store/store.ts';
import { checkDocument } from '../query/checked.ts';

export interface HttpServing {
  readonly server: HttpServer;
  readonly url: string;
  readonly registry: Registry;
  /** Lines of the log, newest last. */
  readonly log: Record<string, unknown>[];
  get(path: string, headers?: Record<string, string>): Promise<HttpAnswer>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<HttpAnswer>;
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // Whatever the route answers; tests say what they expect.
  readonly body: Record<string, never>;
}

export interface ServingOptions {
  readonly settings?: object;
  readonly live?: LiveFlows;
  readonly tokens?: Tokens;
  readonly clock?: Clock;
}

const running: HttpServer[] = [];

afterAll(async () => {
  for (const server of running) await server.stop(AbortSignal.timeout(1000));
});

export async function httpServing(
  store: Reader,
  { settings = {}, live, tokens, clock = systemClock }: ServingOptions = {},
): Promise<HttpServing> {
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    { level: 'info' },
    { write: (line: string) => void log.push(JSON.parse(line)) },
  );
  const registry = new Registry();
  const config = apiConfig.parse({ listen: '127.0.0.1:0', ...settings });
  const server = createHttpServer({
    ...{ config, store, logger, registry, clock },
    check: checkDocument,
    clusters: () => [{ name: 'test' }, { name: 'other' }],
    overview: createOverview({ store, clock, version: '1.2.3', config }),
    version: '1.2.3',
    ...(live && { live }),
    ...(tokens && { tokens }),
    health: () => ({ phase: 'running', state: 'ok', components: [] }),
  });
  await server.start(new AbortController().signal);
  running.push(server);
  const url = server.address() ?? '';
  const answerOf = async (response: Response): Promise<HttpAnswer> => {
    const text = await response.text();
    const json = /^application\/(problem\+)?json(;|$)/.test(
      response.headers.get('content-type') ?? '',
    );
    const { status, headers } = response;
    return { status, headers, text, body: json ? JSON.parse(text) : {} };
  };
  return {
    ...{ server, url, registry, log },
    get: async (path, headers = {}) => answerOf(await fetch(url + path, { headers })),
    post: async (path, body, headers = {}) =>
      answerOf(
        await fetch(url + path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        }),
      ),
    async metric(name, labels = {}) {
      const found = await registry.getSingleMetric(name)?.get();
      const values = found?.values.filter((value) =>
        Object.entries(labels).every(([key, label]) => value.labels[key] === label),
      );
      return values?.reduce((sum, { value }) => sum + value, 0) ?? 0;
    },
  };
}
