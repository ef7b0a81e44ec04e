// The table `deliveries`: results and positions of each receiver, from which a restart continues.
import { randomUUID } from 'node:crypto';
import { INCIDENT_EVENT_KINDS } from '../../incident/incident-event.ts';
import { uuidBytes } from '../../query/denials/feed/incident-log.ts';
import { encodeRows } from '../../store/native/native-rows.ts';
import { bigint, number, oneOf, type Row, rows, text } from '../../store/rows.ts';
import { DELIVERY_COLUMNS } from '../../store/schema/alert-columns.ts';
import { allOf, EMPTY, param, sql, table } from '../../store/sql.ts';
import type { Store } from '../../store/store.ts';

const STATES = ['started', 'reached', 'delivered', 'dead', 'again'] as const;
const DELIVERY = {
  receiver: text,
  sequence: bigint,
  key: text,
  incident: bigint,
  kind: oneOf(INCIDENT_EVENT_KINDS),
  state: oneOf(STATES),
  attempts: number,
  status: number,
  reason: text,
  atMs: number,
};
const DELIVERIES = table('deliveries');

export type StoredDelivery = Row<typeof DELIVERY>;
export type DeliveryState = StoredDelivery['state'];

/** A row of a position has neither key nor incident. */
export type Delivery = Pick<StoredDelivery, 'receiver' | 'sequence' | 'state'> &
  Partial<Omit<StoredDelivery, 'atMs'>>;

export interface Progress {
  /** The sequence up to which everything but redeliveries is finished; undefined: the receiver is new. */
  readonly reached: bigint | undefined;
  /** Keys of finished events after it. */
  readonly done: ReadonlySet<string>;
}

export interface LedgerQuery {
  readonly receiver?: string | undefined;
  readonly state?: DeliveryState | undefined;
  /** Empty: all. */
  readonly keys?: readonly string[];
  readonly limit: number;
}

export class Ledger {
  private readonly store: Pick<Store, 'query' | 'insert'>;

  constructor(store: Pick<Store, 'query' | 'insert'>) {
    this.store = store;
  }

  /** `done` goes back `overlap` from the sequence reached. */
  async progress(receiver: string, overlap: bigint, signal: AbortSignal): Promise<Progress> {
    const options = { signal, own: true };
    const of = sql`receiver = ${param(receiver, 'String')}`;
    const positions = sql`SELECT count(), max(sequence) FROM ${DELIVERIES}
      WHERE ${of} AND state IN ('started', 'reached')`;
    let reached: bigint | undefined;
    const position = { count: number, sequence: bigint };
    for await (const { count, sequence } of rows(this.store, positions, position, options))
      if (count > 0) reached = sequence;
    const done = new Set<string>();
    if (reached === undefined) return { reached, done };
    const since = param(reached > overlap ? reached - overlap : 0n, 'UInt64');
    const keys = sql`SELECT key FROM ${DELIVERIES} WHERE ${of} AND sequence > ${since} AND key != ''
      GROUP BY key HAVING argMax(state, received_at) IN ('delivered', 'dead')`;
    for await (const { key } of rows(this.store, keys, { key: text }, options)) done.add(key);
    return { reached, done };
  }

  /** Keys requested for redelivery, by receiver. */
  async again(signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
    const statement = sql`SELECT receiver, key FROM ${DELIVERIES} WHERE key != ''
      AND (receiver, key) IN (SELECT receiver, key FROM ${DELIVERIES} WHERE state = 'again')
      GROUP BY receiver, key HAVING argMax(state, received_at) = 'again' LIMIT 1000`;
    const found = new Map<string, string[]>();
    const shape = { receiver: text, key: text };
    const options = { signal, own: true };
    for await (const { receiver, key } of rows(this.store, statement, shape, options))
      found.set(receiver, [...(found.get(receiver) ?? []), key]);
    return found;
  }

  /** The last result of each delivery, the newest first. */
  async latest(query: LedgerQuery, signal: AbortSignal): Promise<StoredDelivery[]> {
    const { receiver = '', state, keys = [], limit } = query;
    const where = [sql`key != ''`];
    if (receiver !== '') where.push(sql`receiver = ${param(receiver, 'String')}`);
    if (keys.length > 0) where.push(sql`key IN ${param(keys, 'Array(String)')}`);
    const having = state === undefined ? EMPTY : sql`HAVING last = ${param(state, 'String')}`;
    const statement = sql`SELECT receiver, any(sequence), key, any(incident), any(kind),
        argMax(state, received_at) AS last, argMax(attempts, received_at), argMax(status, received_at),
        argMax(reason, received_at), toUnixTimestamp64Milli(max(received_at)) AS at
      FROM ${DELIVERIES} WHERE ${allOf(where)} GROUP BY receiver, key ${having}
      ORDER BY at DESC, key LIMIT ${param(limit, 'UInt32')}`;
    const found: StoredDelivery[] = [];
    for await (const row of rows(this.store, statement, DELIVERY, { signal })) found.push(row);
    return found;
  }

  async write(deliveries: readonly Delivery[], nowMs: number): Promise<void> {
    const values = deliveries.map(({ sequence, ...rest }) => ({
      ...rest,
      sequence,
      received_at: BigInt(nowMs),
      uuid: uuidBytes(),
    }));
    const block = encodeRows('deliveries', DELIVERY_COLUMNS, values);
    await this.store.insert(block, { token: randomUUID() });
  }
}
