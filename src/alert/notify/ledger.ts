// The table `deliveries`: results and positions of each receiver, from which a restart continues.
import { randomUUID } from 'node:crypto';
import type { IncidentEventKind } from '../../incident/incident-event.ts';
import { uuidBytes } from '../../query/denials/feed/incident-log.ts';
import { encodeRows } from '../../store/native/native-rows.ts';
import { DELIVERY_COLUMNS } from '../../store/schema/alert-columns.ts';
import type { Store } from '../../store/store.ts';

export type DeliveryState = 'started' | 'reached' | 'delivered' | 'dead' | 'again';

export interface Delivery {
  readonly receiver: string;
  readonly sequence: bigint;
  readonly state: DeliveryState;
  readonly key?: string;
  readonly incident?: bigint;
  readonly kind?: IncidentEventKind;
  readonly attempts?: number;
  readonly status?: number;
  readonly reason?: string;
}

export interface Progress {
  /** The sequence up to which everything but redeliveries is finished; undefined: the receiver is new. */
  readonly reached: bigint | undefined;
  /** Keys of finished events after it. */
  readonly done: ReadonlySet<string>;
}

export interface StoredDelivery extends Required<Delivery> {
  readonly atMs: number;
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
    const sql = `SELECT count(), toString(max(sequence)) FROM deliveries
      WHERE receiver = {receiver:String} AND state IN ('started', 'reached')`;
    let reached: bigint | undefined;
    for await (const [count, sequence] of this.store.query(sql, { receiver }, options))
      if (Number(count) > 0) reached = BigInt(String(sequence));
    const done = new Set<string>();
    if (reached === undefined) return { reached, done };
    const since = reached > overlap ? reached - overlap : 0n;
    const keys = `SELECT key FROM deliveries WHERE receiver = {receiver:String} AND sequence > {since:UInt64}
      AND key != '' GROUP BY key HAVING argMax(state, received_at) IN ('delivered', 'dead')`;
    for await (const [key] of this.store.query(keys, { receiver, since }, options))
      done.add(String(key));
    return { reached, done };
  }

  /** Keys requested for redelivery, by receiver. */
  async again(signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>> {
    const sql = `SELECT receiver, key FROM deliveries WHERE key != ''
      AND (receiver, key) IN (SELECT receiver, key FROM deliveries WHERE state = 'again')
      GROUP BY receiver, key HAVING argMax(state, received_at) = 'again' LIMIT 1000`;
    const found = new Map<string, string[]>();
    for await (const [receiver, key] of this.store.query(sql, {}, { signal, own: true })) {
      const keys = found.get(String(receiver)) ?? [];
      keys.push(String(key));
      found.set(String(receiver), keys);
    }
    return found;
  }

  /** The last result of each delivery, the newest first. */
  async latest(query: LedgerQuery, signal: AbortSignal): Promise<StoredDelivery[]> {
    const { receiver = '', state = '', keys = [], limit } = query;
    const sql = `SELECT receiver, toString(any(sequence)), key, toString(any(incident)), any(kind),
        argMax(state, received_at) AS last, argMax(attempts, received_at), argMax(status, received_at),
        argMax(reason, received_at), toUnixTimestamp64Milli(max(received_at)) AS at
      FROM deliveries WHERE key != '' AND ({receiver:String} = '' OR receiver = {receiver:String})
        AND (empty({keys:Array(String)}) OR key IN {keys:Array(String)})
      GROUP BY receiver, key HAVING {state:String} = '' OR last = {state:String}
      ORDER BY at DESC, key LIMIT {limit:UInt32}`;
    const found: StoredDelivery[] = [];
    const params = { receiver, state, keys, limit };
    for await (const row of this.store.query(sql, params, { signal }))
      found.push({
        receiver: String(row[0]),
        sequence: BigInt(String(row[1])),
        key: String(row[2]),
        incident: BigInt(String(row[3])),
        kind: String(row[4]) as IncidentEventKind, // nothing else is written
        state: String(row[5]) as DeliveryState, // nothing else is written
        attempts: Number(row[6]),
        status: Number(row[7]),
        reason: String(row[8]),
        atMs: Number(row[9]),
      });
    return found;
  }

  async write(deliveries: readonly Delivery[], nowMs: number): Promise<void> {
    const rows = deliveries.map(({ sequence, ...rest }) => ({
      ...rest,
      sequence,
      received_at: BigInt(nowMs),
      uuid: uuidBytes(),
    }));
    await this.store.insert(encodeRows('deliveries', DELIVERY_COLUMNS, rows), {
      token: randomUUID(),
    });
  }
}
