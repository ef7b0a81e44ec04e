// Reads conversations from the store: finds those with a flow that was asked for, and everything stored of them.
import type { Predicate } from '../../hubble/filter/predicate.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { Reader } from '../../store/store.ts';
import { rangeCondition, type TimeRange, toBigint } from '../read/range.ts';
import { restoreFlow } from '../read/restore/flow.ts';
import { restoreSelect } from '../read/restore/select.ts';
import { column } from '../sql/columns.ts';
import type { CompiledSql } from '../sql/compile.ts';
import { observationSelect, RAW_AT } from './columns.ts';
import { BETWEEN_ADDRESSES, CONVERSATION, TRANSLATED } from './keys.ts';
import { type Observation, observationOf } from './observation.ts';

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
    readonly filter: CompiledSql;
    readonly newestFirst: boolean;
    readonly limit: number;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Found[]> {
  const { window, filter, newestFirst, limit, signal } = how;
  const { where, params } = rangeCondition('flows', { since: window.first, until: window.last });
  const edge = newestFirst ? 'max' : 'min';
  const sql =
    `SELECT ${CONVERSATION} AS conversation, any(ip_source), any(ip_destination), ` +
    'any(source_port), any(destination_port), ' +
    `toUnixTimestamp64Nano(${edge}(time)) AS place FROM flows ` +
    `WHERE ${where} AND ${BETWEEN_ADDRESSES} AND (${filter.where}) ` +
    `GROUP BY conversation ORDER BY place ${newestFirst ? 'DESC' : 'ASC'}, conversation LIMIT {keyLimit:UInt32}`;
  const found: Found[] = [];
  const values = { ...filter.params, ...params, keyLimit: limit };
  for await (const [key, a, b, from, to, place] of store.query(sql, values, signal && { signal }))
    found.push({
      key: String(key),
      ips: [String(a), String(b)],
      ports: [Number(from), Number(to)],
      time: toBigint(place),
    });
  return found;
}

export interface Reading {
  /** Everything of these conversations in this stretch of time. */
  readonly range: TimeRange;
  /** Which flows were asked for: as SQL where that is exact, else as the predicate says. */
  readonly filter: CompiledSql;
  readonly predicate: Predicate;
  readonly asked: TimeRange;
  /** Flows read at most. */
  readonly maxFlows: number;
  readonly signal: AbortSignal | undefined;
}

/** All observations of the conversations, of what translation made of them too. */
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

const OWN_COLUMNS = [
  CONVERSATION,
  TRANSLATED,
  column('cluster'),
  column('source_cluster'),
  column('source_cluster_id'),
  column('destination_cluster'),
  column('destination_cluster_id'),
];

async function* rowsOf(
  store: Reader,
  conversations: readonly Conversation[],
  { range, filter, predicate, asked, maxFlows, signal }: Reading,
  already: number,
): AsyncGenerator<{ readonly keys: readonly string[]; readonly seen: Observation }> {
  const { where, params } = rangeCondition('flows', range);
  // As text: numbers of 64 bits are no numbers of parameters.
  const here = (source: string, conversation: string) =>
    `(${source} IN {ips:Array(String)} AND toString(${conversation}) IN {keys:Array(String)})`;
  // Addresses are looked up among the few distinct ones of a part; the client's port leaves next to nothing.
  const sql =
    `SELECT ${OWN_COLUMNS.join(', ')}, ${filter.exact ? `(${filter.where})` : '1'}, ` +
    `${filter.exact ? observationSelect() : restoreSelect()} FROM flows ` +
    `WHERE ${where} AND ip_destination IN {ips:Array(String)} ` +
    'AND source_port IN {ports:Array(UInt16)} AND destination_port IN {ports:Array(UInt16)} ' +
    `AND ${BETWEEN_ADDRESSES} ` +
    `AND (${here('ip_source', CONVERSATION)} OR ${here('ip_source_xlated', TRANSLATED)}) ` +
    'LIMIT {flowLimit:UInt64}';
  const values = {
    ...filter.params,
    ...params,
    ips: [...new Set(conversations.flatMap(({ ips }) => ips))],
    ports: [...new Set(conversations.flatMap(({ ports }) => ports))],
    keys: conversations.map(({ key }) => key),
    flowLimit: maxFlows - already + 1,
  };
  let count = already;
  for await (const row of store.query(sql, values, signal && { signal })) {
    if (++count > maxFlows)
      throw new ParallaxError(
        'store/limit',
        `the connections asked for have more than ${maxFlows} flows; narrow them by time or filters, ask for fewer, or raise api.connections.maxFlows`,
      );
    const [own, translated, observer, from, fromId, to, toId, passes] = row;
    const at = OWN_COLUMNS.length + 1;
    const response = restoreFlow(row, at);
    const seen = observationOf(response, {
      hit: false,
      observer: String(observer),
      source: { name: String(from), id: Number(fromId) },
      destination: { name: String(to), id: Number(toId) },
    });
    if (seen === undefined) continue;
    // What the columns do not hold is judged by what it really is.
    const judged = filter.exact && row[at + RAW_AT] === '';
    const hit = within(asked, seen.time) && (judged ? Number(passes) === 1 : predicate(response));
    yield { keys: [String(own), String(translated)], seen: { ...seen, hit } };
  }
}

export function within({ since, until }: TimeRange, time: bigint): boolean {
  return (since === undefined || time >= since) && (until === undefined || time <= until);
}
