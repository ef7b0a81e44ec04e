import type { DeliveryDocument, DeliveryService, Redelivered } from '../../incident/delivery.ts';
import { readLock } from '../../store/engine/lock.ts';
import { ApiClient, type ClientDeps, hasList, openClient, pathWith } from '../client/client.ts';
import { placeOf, type ServerFlags } from '../client/server-flags.ts';
import { type ConfigFlags, loadFor } from '../options.ts';
import { type TargetFlags, targetSettings } from '../target.ts';

export interface DeliveryFlags extends ConfigFlags, TargetFlags, ServerFlags {}

const DELIVERIES = '/api/v1/alerts/deliveries';

export async function withDeliveries(
  flags: DeliveryFlags,
  deps: ClientDeps,
  work: (deliveries: DeliveryService) => Promise<void>,
): Promise<void> {
  const client = await clientOf(flags, deps);
  try {
    await work(apiDeliveries(client));
  } finally {
    await client.close();
  }
}

/** The server that is named, the process that has the data directory open, or the API over the configured store. */
async function clientOf(flags: DeliveryFlags, deps: ClientDeps): Promise<ApiClient> {
  const { clickhouse, dataDir, server } = flags;
  const env = clickhouse ? { ...process.env, PARALLAX_SERVER: undefined } : process.env;
  const place = await placeOf(flags, env, 'api');
  if (server !== undefined || place.target.kind === 'api') return openClient(place, deps);
  const { value: config } = await loadFor(flags, targetSettings(flags));
  const { store } = config;
  const path = store.kind === 'chdb' ? store.chdb.path : undefined;
  if (path !== undefined && (dataDir || (await readLock(path))?.api !== undefined))
    return openClient({ ...place, target: { kind: 'directory', path } }, deps);
  const { localTransport } = await import('../client/local.ts');
  const name = path ?? (store.kind === 'clickhouse' ? store.clickhouse.url : '');
  return new ApiClient(await localTransport(store, name, deps), deps.signal);
}

export function apiDeliveries(client: ApiClient): DeliveryService {
  return {
    async list({ receiver, state, limit }, signal) {
      const path = pathWith(DELIVERIES, { limit: String(limit), receiver, state });
      const { deliveries } = await client.document<{ readonly deliveries: DeliveryDocument[] }>(
        path,
        undefined,
        hasList('deliveries'),
        signal,
      );
      return deliveries;
    },
    redeliver({ keys, receiver, dead }, signal) {
      const body = {
        ...(keys.length > 0 && { keys }),
        ...(dead && { dead }),
        ...(receiver !== undefined && { receiver }),
      };
      return client.document<Redelivered>(
        `${DELIVERIES}:redeliver`,
        body,
        (answer) => 'again' in answer,
        signal,
      );
    },
  };
}
