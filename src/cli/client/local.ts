// The HTTP API built in this process, over a store that this process opens.
import { openLocalApi } from '../../app/local-api.ts';
import { systemClock } from '../../runtime/clock.ts';
import { programVersion } from '../../runtime/version.ts';
import type { StoreConfig } from '../../store/config.ts';
import type { ClientDeps } from './client.ts';
import { type ApiTransport, HEADERS } from './transport.ts';

/** Throws `store/migration` when the tables are not of this version. */
export async function localTransport(
  store: string | StoreConfig,
  name: string,
  { signal, nowMs }: ClientDeps,
): Promise<ApiTransport> {
  const clock = { ...systemClock, now: nowMs };
  const api = await openLocalApi(store, { version: programVersion(), signal, clock });
  return {
    name,
    isLocal: true,
    async send({ headers, ...request }) {
      const { statusCode, body } = await api.request({
        ...request,
        headers: { ...HEADERS, ...headers },
      });
      return { status: statusCode, body };
    },
    close: () => api.close(),
  };
}
