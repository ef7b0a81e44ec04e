// Whom `parallax alert deliveries` and `redeliver` ask: the server named, the process that has the data directory open, or
// the store itself.
import { withDeliveries } from '../../app/deliveries.ts';
import type { DeliveryDocument, DeliveryService, Redelivered } from '../../incident/delivery.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { readLock } from '../../store/engine/lock.ts';
import { askDocument } from '../observe/client.ts';
import { apiTarget } from '../observe/server.ts';
import type { Access } from '../observe/tls.ts';
import { type ConfigFlags, loadFor } from '../options.ts';
import { runRole } from '../role.ts';
import { type TargetFlags, targetSettings } from '../target.ts';
import { tokenOf } from '../token.ts';

export interface DeskFlags extends ConfigFlags, TargetFlags {
  readonly server?: string;
  readonly tokenFile?: string;
}

const DELIVERIES = '/api/v1/alerts/deliveries';

export async function atDesk(
  flags: DeskFlags,
  work: (desk: DeliveryService, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const server = await serverOf(flags);
  if (server === undefined) {
    await runRole('deliveries', flags, targetSettings(flags), (config, deps) =>
      withDeliveries(config, deps, work),
    );
    return;
  }
  const over = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => over.abort());
  const access = { token: tokenOf(flags.tokenFile, process.env) };
  await work(remoteDesk(server, access), over.signal);
}

/** Undefined: the store is opened. */
async function serverOf(flags: DeskFlags): Promise<string | undefined> {
  const { server, clickhouse, dataDir } = flags;
  const named =
    clickhouse === undefined && dataDir === undefined ? process.env.PARALLAX_SERVER : '';
  const url = server || named;
  if (url) {
    const target = apiTarget({ server: url }, process.env);
    return target.kind === 'api' ? target.url : undefined;
  }
  const { value: config } = await loadFor(flags, targetSettings(flags));
  if (config.store.kind !== 'chdb') return undefined;
  return (await readLock(config.store.chdb.path))?.api;
}

export function remoteDesk(server: string, access: Access): DeliveryService {
  const ask = async <T>(
    path: string,
    body: object | undefined,
    isAnswer: (answer: object) => boolean,
    signal: AbortSignal,
  ): Promise<T> => {
    const answer = await askDocument(server, path, body, access, signal);
    // The server's own types: it is the same program.
    if (typeof answer === 'object' && answer !== null && isAnswer(answer)) return answer as T;
    throw new ParallaxError(
      'server/unavailable',
      `${server} did not answer ${path} as this version does; check the address and its version`,
    );
  };
  return {
    async list({ receiver, state, limit }, signal) {
      const params = new URLSearchParams({
        limit: String(limit),
        ...(receiver !== undefined && { receiver }),
        ...(state !== undefined && { state }),
      });
      const isList = (answer: object) => 'deliveries' in answer && Array.isArray(answer.deliveries);
      const { deliveries } = await ask<{ readonly deliveries: DeliveryDocument[] }>(
        `${DELIVERIES}?${params}`,
        undefined,
        isList,
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
      const isCount = (answer: object) => 'again' in answer && typeof answer.again === 'number';
      return ask<Redelivered>(`${DELIVERIES}:redeliver`, body, isCount, signal);
    },
  };
}
