// The HTTP API as a component: listens on loopback, or on other addresses when tokens are configured.
import { Server as TlsServer } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import type { Component, Health } from '../../runtime/component.ts';
import { readTlsFiles, watchTlsFiles } from '../../runtime/tls-files.ts';
import { close, listen } from '../../telemetry/listen.ts';
import { readTokens, requireSafe } from '../auth.ts';
import { listeningHealth } from '../serving.ts';
import { type ApiDeps, buildApi } from './build.ts';

export interface HttpServerDeps extends ApiDeps {
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
  private readonly stopped = new AbortController();
  private app: FastifyInstance | undefined;
  private url: string | undefined;

  constructor(deps: HttpServerDeps) {
    this.deps = deps;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, logger, clock } = this.deps;
    const tokens = this.deps.tokens ?? readTokens(config.auth);
    requireSafe('api.listen', config.listen, tokens);
    const tls = config.tls && (await readTlsFiles('api.tls', config.tls));
    const stopped = this.stopped.signal;
    const app = await buildApi(this.deps, { tokens, stopped, tls, docs: true });
    this.app = app;
    const { server } = app;
    if (config.tls && server instanceof TlsServer)
      void watchTlsFiles('api.tls', config.tls, {
        ...{ logger, clock, signal: stopped },
        onRead: (pems) => server.setSecureContext(pems),
      });
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
}
