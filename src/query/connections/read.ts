// Finds conversations with a flow that passes the filters and reads all stored flows of them.
import { ParallaxError } from '../../runtime/errors.ts';
import { allRows, bigint, flag, number, readRow, text } from '../../store/rows.ts';
import { ALWAYS, param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange, type TimeRange } from '../read/range.ts';
import { restoreFlow } from '../read/restore/flow.ts';
import { restoreSelect } from '../read/restore/select.ts';
import { column } from '../sql/columns.ts';
import type { CompiledFilter } from '../sql/compile.ts';
import { observationSelect, RAW_AT } from './columns.ts';
import { BETWEEN_ADDRESSES, CONVERSATION, TRANSLATED } from './keys.ts';
import { type Observation, observationOf } from './observation.ts';
import { distinct } from './view.ts';

/** A conversation by its number, with what narrows the search for it. */
export interface Conversation {
  readonly key: string;
  readonly ips: readonly string[];
  readonly ports: readonly number[];
}

/** One with a flow in the window, and the time of the flow that decides its place. */
export interface Found extends Conversation {
  readonly time: bigint;
}

export interface Window {
  readonly first: bigint;
  readonly last: bigint;
}

/** Those with a flow in the window that SQL lets through, by their last (or first) one. */
export async function findConversations(
  store: Reader,
  how: {
    readonly window: Window;
    readonly filter: CompiledFilter;
    readonly newestFirst: boolean;
    readonly limit: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Found[]> {
  const { window, filter, newestFirst, limit, signal } = how;
  const edge = newestFirst ? sql`max` : sql`min`;
  const order = newestFirst ? sql`DESC` : sql`ASC`;
  const statement = sql`SELECT ${CONVERSATION} AS conversation, any(ip_source), any(ip_destination),
      any(source_port), any(destination_port), toUnixTimestamp64Nano(${edge}(time)) AS place
    FROM ${table('flows')}
    WHERE ${inRange('flows', { since: window.first, until: window.last })}
      AND ${BETWEEN_ADDRESSES} AND (${filter.condition})
    GROUP BY conversation ORDER BY place ${order}, conversation LIMIT ${param(limit, 'UInt32')}`;
  const shape = { key: text, from: text, to: text, fromPort: number, toPort: number, time: bigint };
  const found = await allRows(store, statement, shape, { signal });
  return found.map(({ key, from, to, fromPort, toPort, time }) => ({
    key,
    ips: [from, to],
    ports: [fromPort, toPort],
    time,
  }));
}

export interface Reading {
  /** Everything of these conversations in this range is read. */
  readonly range: TimeRange;
  /** Which flows were asked for. */
  readonly filter: CompiledFilter;
  readonly asked: TimeRange;
  /** Flows read at most. */
  readonly maxFlows: number;
  readonly signal: AbortSignal | undefined;
}

/** All observations of the conversations, before and after address translation. */
export async function readConversations(
  store: Reader,
  conversations: readonly Conversation[],
  reading: Reading,
): Promise<Observation[]> {
  const seen: Observation[] = [];
  const known = new Set<string>();
  let wanted = conversations;
  // Twice is enough: from the translated address to the original one, or back.
  for (let round = 0; round < 2 && wanted.length > 0; round++) {
    for (const { key } of wanted) known.add(key);
    const more = new Map<string, Conversation>();
    for await (const row of rowsOf(store, wanted, reading, seen.length)) {
      const [own = '', translated = ''] = row.keys;
      for (const [key, ip] of [
        [own, row.seen.source.ip],
        [translated, row.seen.xlated],
      ] as const)
        if (ip !== '' && !known.has(key))
          more.set(key, {
            key,
            ips: [ip, row.seen.destination.ip],
            ports: [row.seen.source.port, row.seen.destination.port],
          });
      seen.push(row.seen);
    }
    wanted = [...more.values()];
  }
  return seen;
}

/** Stands before the columns of the flow. */
const OWN = {
  key: text,
  translated: text,
  observer: text,
  source: text,
  sourceId: number,
  destination: text,
  destinationId: number,
  passes: flag,
};
const FLOW_AT = Object.keys(OWN).length;

async function* rowsOf(
  store: Reader,
  conversations: readonly Conversation[],
  { range, filter, asked, maxFlows, signal }: Reading,
  already: number,
): AsyncGenerator<{ readonly keys: readonly string[]; readonly seen: Observation }> {
  const { exact } = filter;
  const ips = param(distinct(conversations.flatMap((each) => each.ips)), 'Array(String)');
  const ports = param(distinct(conversations.flatMap((each) => each.ports)), 'Array(UInt16)');
  // As text: numbers of 64 bits are no numbers of parameters.
  const keys = param(
    conversations.map(({ key }) => key),
    'Array(String)',
  );
  const here = (source: Sql, conversation: Sql) =>
    sql`(${source} IN ${ips} AND toString(${conversation}) IN ${keys})`;
  // Addresses are looked up among the few distinct ones of a part; the client's port leaves next to nothing.
  const statement = sql`SELECT ${CONVERSATION}, ${TRANSLATED}, cluster, source_cluster, source_cluster_id,
      destination_cluster, destination_cluster_id, ${exact ? sql`(${filter.condition})` : ALWAYS},
      ${exact ? observationSelect() : restoreSelect()}
    FROM ${table('flows')}
    WHERE ${inRange('flows', range)} AND ip_destination IN ${ips}
      AND source_port IN ${ports} AND destination_port IN ${ports} AND ${BETWEEN_ADDRESSES}
      AND (${here(column('ip_source'), CONVERSATION)} OR ${here(column('ip_source_xlated'), TRANSLATED)})
    LIMIT ${param(maxFlows - already + 1, 'UInt64')}`;
  let count = already;
  for await (const row of store.query(statement, {}, { signal })) {
    if (++count > maxFlows)
      throw new ParallaxError(
        'store/limit',
        `the connections asked for have more than ${maxFlows} flows; narrow them by time or filters, ask for fewer, or raise api.connections.maxFlows`,
      );
    const own = readRow(OWN, row);
    const response = restoreFlow(row, FLOW_AT);
    const seen = observationOf(response, {
      hit: false,
      observer: own.observer,
      source: { name: own.source, id: own.sourceId },
      destination: { name: own.destination, id: own.destinationId },
    });
    if (seen === undefined) continue;
    // The predicate decides rows with something the columns do not hold.
    const decided = exact && row[FLOW_AT + RAW_AT] === '';
    const hit = within(asked, seen.time) && (decided ? own.passes : filter.predicate(response));
    yield { keys: [own.key, own.translated], seen: { ...seen, hit } };
  }
}

export function within({ since, until }: TimeRange, time: bigint): boolean {
  return (since === undefined || time >= since) && (until === undefined || time <= until);
}
