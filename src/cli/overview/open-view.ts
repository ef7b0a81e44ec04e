import { setTimeout as sleep } from 'node:timers/promises';
import { fromJson } from '../../hubble/json/json.ts';
import {
  GetNamespacesResponse,
  GetNodesResponse,
  ServerStatusResponse,
} from '../../hubble/proto/schema.gen.ts';
import type { MessageType } from '../../hubble/proto/schema.ts';
import { peerChanges } from '../../query/catalogue/peers.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { type ApiClient, type ClientDeps, openClient } from '../client/client.ts';
import { placeOf, type ServerFlags } from '../client/server-flags.ts';
import type { Env } from '../observe/settings.ts';
import { HEALTHY, type ServerView } from './view.ts';

const POLL_MS = 5000;

export async function openView(
  flags: ServerFlags,
  env: Env,
  deps: ClientDeps,
): Promise<ServerView> {
  const place = await placeOf(flags, env, 'server');
  if (place.target.kind === 'relay') {
    const { openGrpcView } = await import('./grpc-view.ts');
    return openGrpcView(place.target.address, place, deps.signal);
  }
  return apiView(await openClient(place, deps), place.server.requestTimeoutMs, deps.signal);
}

function apiView(client: ApiClient, timeoutMs: number, signal: AbortSignal): ServerView {
  const limit = () => AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  async function message<T extends object>(path: string, type: MessageType<T>): Promise<T> {
    return fromJson(type, await client.json(path, undefined, limit()));
  }
  const nodes = async () => (await message('/api/v1/nodes', GetNodesResponse)).nodes ?? [];
  return {
    target: client.name,
    async health() {
      if (client.isLocal) return HEALTHY;
      const status = await client.status('/readyz', limit());
      if (status === 200) return HEALTHY;
      if (status === 503) return 'Unavailable: NOT_SERVING';
      throw new ParallaxError(
        'server/unavailable',
        `${client.name} answered ${status}, which is not how a Parallax server answers; check the address`,
      );
    },
    status: () => message('/api/v1/status', ServerStatusResponse),
    nodes,
    namespaces: async () =>
      (await message('/api/v1/namespaces', GetNamespacesResponse)).namespaces ?? [],
    async *peers(until) {
      if (client.isLocal)
        throw inputError(
          `no server has the data directory ${client.name} open, so no node comes or goes; start \`parallax up\`, or name a server with --server`,
        );
      const changes = peerChanges();
      while (!until.aborted) {
        yield* changes(await nodes());
        await sleep(POLL_MS, undefined, { signal: until }).catch(() => undefined);
      }
    },
    close: () => client.close(),
  };
}
