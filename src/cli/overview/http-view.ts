// A Parallax server over its HTTP API.
import { setTimeout as sleep } from 'node:timers/promises';
import { fromJson } from '../../hubble/json/json.ts';
import {
  GetNamespacesResponse,
  GetNodesResponse,
  ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';
import type { MessageType } from '../../hubble/proto/schema.ts';
import { peerChanges } from '../../query/catalogue/peers.ts';
import { ERRORS, type ErrorCode, inputError, ParallaxError } from '../../runtime/errors.ts';
import { HEALTHY, type ServerView } from './view.ts';

const POLL_MS = 5000;

export function httpView(server: string, timeoutMs: number, token: string | undefined): ServerView {
  const text = /^https?:\/\//.test(server) ? server : `http://${server}`;
  if (!URL.canParse(text))
    throw inputError(`${JSON.stringify(server)} is no server; write http://HOST:PORT`);
  const base = text.replace(/\/$/, '');

  async function get(path: string): Promise<Response> {
    try {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return await fetch(base + path, { headers, signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ParallaxError(
        'server/unavailable',
        `the Parallax server at ${base} cannot be reached (${why}); is \`parallax up\` or \`serve\` running there?`,
        { cause: error },
      );
    }
  }

  async function ask<T extends object>(path: string, type: MessageType<T>): Promise<T> {
    const response = await get(path);
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && body !== undefined) return fromJson(type, body);
    throw refusal(base, response.status, body);
  }

  const nodes = async () => (await ask('/api/v1/nodes', GetNodesResponse)).nodes ?? [];
  return {
    target: base,
    async health() {
      const response = await get('/readyz');
      if (response.ok) return HEALTHY;
      if (response.status === 503) return 'Unavailable: NOT_SERVING';
      throw refusal(base, response.status, undefined);
    },
    status: () => ask('/api/v1/status', ServerStatusResponse),
    nodes,
    namespaces: async () =>
      (await ask('/api/v1/namespaces', GetNamespacesResponse)).namespaces ?? [],
    async *peers(signal) {
      const changes = peerChanges();
      while (!signal.aborted) {
        yield* changes(await nodes());
        await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
      }
    },
    close: () => undefined,
  };
}

function refusal(base: string, status: number, body: unknown): ParallaxError {
  const { code, detail } = (body ?? {}) as { code?: unknown; detail?: unknown };
  if (typeof code === 'string' && typeof detail === 'string' && Object.hasOwn(ERRORS, code))
    return new ParallaxError(code as ErrorCode, detail); // it is one of the table's
  return new ParallaxError(
    'server/unavailable',
    `${base} answered ${status}, which is not how a Parallax server answers; check the address`,
  );
}
