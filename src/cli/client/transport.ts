// Requests to the HTTP API, over the network or in this process.
import http from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { type Access, credentials } from './access.ts';
import { wrongProtocol } from './target.ts';

export interface ApiRequest {
  /** Path and query string. */
  readonly path: string;
  /** Sent by POST as JSON; without a body the request is a GET. */
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly body: Readable;
}

export interface ApiTransport {
  /** The server's URL, or the directory: for messages. */
  readonly name: string;
  /** The API runs in this process: nothing is collected meanwhile. */
  readonly isLocal: boolean;
  send(request: ApiRequest): Promise<ApiResponse>;
  close(): Promise<void>;
}

export const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/x-ndjson, application/json',
};

export function httpTransport(server: string, access: Access | undefined): ApiTransport {
  if (!URL.canParse(server))
    throw inputError(`--server ${JSON.stringify(server)} is not a URL; write http://HOST:PORT`);
  const base = new URL(server);
  const prefix = base.pathname.replace(/\/$/, '');
  const secure = base.protocol === 'https:';
  return {
    name: server.replace(/\/$/, ''),
    isLocal: false,
    async send({ path, body, headers, signal }) {
      const options = {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...HEADERS, ...credentials(access), ...headers },
        signal,
        ...(secure && access?.tls),
      };
      try {
        const response = await requested(new URL(prefix + path, base), options, body);
        return { status: response.statusCode ?? 0, body: response };
      } catch (error) {
        if (signal.aborted) throw unreachable(base.origin, error, 'cannot be reached');
        const place = {
          host: base.hostname.replace(/^\[|\]$/g, ''),
          port: portOf(base),
          tls: secure,
        };
        const cure = await wrongProtocol(place, 'http');
        if (cure !== undefined) throw inputError(cure, { cause: error });
        throw unreachable(base.origin, error, 'cannot be reached');
      }
    },
    close: async () => undefined,
  };
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

// node:http rather than fetch: a quiet live stream must not run into fetch's five minutes without data.
function requested(
  url: URL,
  options: https.RequestOptions,
  body: object | undefined,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, options);
    request.once('response', resolve);
    request.once('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

export function unreachable(origin: string, error: unknown, what: string): ParallaxError {
  const why = error instanceof Error ? error.message : String(error);
  return new ParallaxError(
    'server/unavailable',
    `the Parallax server at ${origin} ${what} (${why}); is \`parallax up\` or \`serve\` running there?`,
    { cause: error },
  );
}
