// Finds slots whose totals differ from their flows: those from before there were totals or some of their columns, and those
// of a record that was counted but not stored, because its writer was killed in between and its flows came in another.
import type { QueryParams, Store } from '../../store/store.ts';

/** A five-minute slot of one cluster. */
export interface Slot {
  readonly slot: number;
  readonly cluster: string;
}

export interface Mismatch extends Slot {
  readonly flows: number;
  /** As many as flows where columns of the totals are not filled in. */
  readonly counted: number;
  /** When the newest of it was received, milliseconds since 1970. */
  readonly receivedMs: number;
}

export interface SlotRange {
  readonly from: number;
  /** The last one. */
  readonly to: number;
  /** All when it is left out. */
  readonly clusters?: readonly string[];
}

const MISMATCHES = `SELECT time_slot, cluster, sum(stored) AS flows, sum(total) AS counted,
    toUnixTimestamp64Milli(max(received)) FROM (
  SELECT time_slot, cluster, count() AS stored, 0 AS total, 0 AS incomplete, max(received_at) AS received
    FROM flows WHERE {where} GROUP BY time_slot, cluster
  UNION ALL
  SELECT time_slot, cluster, 0 AS stored, sum(flows) AS total, sumIf(flows, has_reported_ends = 0) AS incomplete, max(received_at) AS received
    FROM flow_totals WHERE {where} GROUP BY time_slot, cluster)
  GROUP BY time_slot, cluster HAVING flows != counted OR sum(incomplete) > 0 ORDER BY time_slot, cluster`;

/** The slots of a range that differ, oldest first. */
export async function findMismatches(store: Store, range: SlotRange): Promise<Mismatch[]> {
  const found: Mismatch[] = [];
  const { clusters = [], from, to } = range;
  const where =
    'time_slot BETWEEN {from:Int32} AND {to:Int32}' +
    (range.clusters === undefined ? '' : ' AND cluster IN {clusters:Array(String)}');
  const params: QueryParams = { from, to, ...(range.clusters && { clusters }) };
  const sql = MISMATCHES.replaceAll('{where}', where);
  for await (const [slot, cluster, flows, counted, receivedMs] of store.query(sql, params))
    found.push({
      slot: Number(slot),
      cluster: String(cluster),
      flows: Number(flows),
      counted: Number(counted),
      receivedMs: Number(receivedMs),
    });
  return found;
}

/** The first slot of a range that has flows or totals; undefined when none has. */
export async function firstSlot(
  store: Store,
  from: number,
  to: number,
): Promise<number | undefined> {
  const within = 'WHERE time_slot BETWEEN {from:Int32} AND {to:Int32}';
  const sql = `SELECT min(first) FROM (
    SELECT min(time_slot) AS first, count() AS rows FROM flows ${within}
    UNION ALL SELECT min(time_slot) AS first, count() AS rows FROM flow_totals ${within}
  ) WHERE rows > 0 HAVING count() > 0`;
  for await (const [slot] of store.query(sql, { from, to })) return Number(slot);
  return undefined;
}

/** The condition for rows of slots of one cluster, with its parameters. */
export function inSlots(
  cluster: string,
  slots: readonly number[],
): { readonly where: string; readonly params: QueryParams } {
  return {
    where: 'time_slot IN {slots:Array(Int32)} AND cluster = {cluster:String}',
    params: { slots, cluster },
  };
}
