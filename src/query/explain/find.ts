import { parseAddress } from '../../hubble/filter/address.ts';
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import { bigint, firstRow, number, text } from '../../store/rows.ts';
import { sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { ConnectionsConfig } from '../connections/config.ts';
import { type Connection, candidateOf } from '../connections/connection.ts';
import { CONVERSATION } from '../connections/keys.ts';
import { collectedIn, withMissing } from '../connections/missing.ts';
import { queryConnections, stitchLimits } from '../connections/query.ts';
import { readConversations } from '../connections/read.ts';
import { stitch } from '../connections/stitch.ts';
import type { TimeRange } from '../read/range.ts';
import { compileSql } from '../sql/compile.ts';
import { type Explanation, explain } from './story.ts';

/** A flow, or the ends of a connection as people write them. */
export type Wanted =
  | { readonly uuid: string }
  | ({ readonly from: string; readonly to: string } & TimeRange);

export interface Explained extends Explanation {
  /** Connections found between the two ends; absent when a flow was named. */
  readonly among?: {
    readonly connections: number;
    readonly denied: number;
    /** There may be more: only the newest were looked at. */
    readonly more: boolean;
  };
}

/** Newest connections between two ends that are looked at. */
const LOOKED_AT = 100;

/** Throws `input/not-found` when nothing stored answers it. */
export async function explainStored(
  store: Reader,
  wanted: Wanted,
  config: ConnectionsConfig,
  signal?: AbortSignal,
): Promise<Explained> {
  if ('uuid' in wanted) return explain(await connectionOf(store, wanted.uuid, config, signal));
  const { from, to, since, until } = wanted;
  const whitelist = [endsFilter(from, to)];
  const number = BigInt(Math.min(LOOKED_AT, config.maxConnections));
  const query = { whitelist, blacklist: [], since, until, number, first: false };
  const found = await queryConnections(store, query, config, signal);
  const denied = found.filter(({ outcome }) => outcome === 'denied' || outcome === 'dropped');
  const explained = denied.at(-1) ?? found.at(-1);
  if (explained === undefined)
    throw new ParallaxError(
      'input/not-found',
      `no connection from ${from} to ${to} is stored in that window; widen --since, or look at what is there with \`parallax connections\``,
    );
  const more = found.length === Number(number);
  return {
    ...explain(explained),
    among: { connections: found.length, denied: denied.length, more },
  };
}

async function connectionOf(
  store: Reader,
  uuid: string,
  config: ConnectionsConfig,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  if (uuid === '') throw inputError('an empty text is no uuid of a flow');
  const whitelist: FlowFilter[] = [{ uuid: [uuid] }];
  const filter = compileSql(whitelist, []);
  const statement = sql`SELECT toUnixTimestamp64Nano(time), ${CONVERSATION}, ip_source, ip_destination,
      source_port, destination_port
    FROM ${table('flows')} WHERE ${filter.condition} LIMIT 1`;
  const shape = { at: bigint, key: text, from: text, to: text, fromPort: number, toPort: number };
  const found = await firstRow(store, statement, shape, { signal });
  if (found === undefined)
    throw new ParallaxError('input/not-found', `no flow with the uuid ${uuid} is stored`);
  const { at, key, from, to, fromPort, toPort } = found;
  const around = msToNs(config.tcpIdle);
  const seen = await readConversations(
    store,
    [{ key, ips: [from, to], ports: [fromPort, toPort] }],
    {
      range: { since: at - around, until: at + around },
      filter,
      asked: {},
      maxFlows: config.maxFlows,
      signal,
    },
  );
  const candidate = stitch(seen, stitchLimits(config))
    .map(candidateOf)
    .find(({ lastHit }) => lastHit !== undefined);
  if (candidate === undefined)
    throw inputError(
      `the flow ${uuid} is not between two addresses, so it belongs to no connection`,
    );
  return withMissing(candidate, await collectedIn(store, [candidate], signal));
}

/** POD or IP, with a port behind the second one: both as the filters of observe take them. */
function endsFilter(from: string, to: string): FlowFilter {
  const { end, port } = splitPort(to);
  return {
    ...(isAddress(from) ? { source_ip: [from] } : { source_pod: [from] }),
    ...(isAddress(end) ? { destination_ip: [end] } : { destination_pod: [end] }),
    ...(port !== undefined && { destination_port: [port] }),
  };
}

function isAddress(text: string): boolean {
  return parseAddress(text.split('/')[0] ?? '') !== undefined;
}

/** `POD:80`, `10.0.0.1:80`, `[fd00::1]:80`; an IPv6 address without brackets has no port. */
function splitPort(text: string): { readonly end: string; readonly port: string | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed !== null) return { end: bracketed[1] ?? '', port: bracketed[2] };
  if (isAddress(text)) return { end: text, port: undefined };
  const [, end, port] = /^(.*):(\d+)$/.exec(text) ?? [];
  return { end: end ?? text, port };
}
