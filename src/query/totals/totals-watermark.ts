// From which slot on `flow_totals` has all that `flows` has. A store that was filled before the totals were, or by an
// older writer, has slots with too few: those are counted from `flows`. What was found to be whole is remembered.
import { later } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { toBigint } from '../read/range.ts';

export interface UsableTotals {
  /** The first slot of `from` … `to` from which on all of them are whole; beyond `to` when the last one is not. */
  since: Since;
  /** The same of slots all rows of which have what flows say of their ends: those from before there were columns of it have not. */
  toldSince: Since;
}

type Since = (from: bigint, to: bigint, signal?: AbortSignal) => Promise<bigint>;

interface Slots {
  readonly from: bigint;
  readonly to: bigint;
  /** The slot before is known to lack flows: nobody looks there again. */
  readonly lacksBefore?: boolean;
}

// More than there are of flows is no lack: flows are kept for a shorter time, and are stored a moment later.
const lackingSql = (rows: string) => `SELECT max(time_slot), count() FROM (
  SELECT time_slot, sum(n) AS lacking FROM (
    SELECT time_slot, toInt64(count()) AS n FROM flows
      WHERE time_slot BETWEEN {from:Int32} AND {to:Int32} GROUP BY time_slot
    UNION ALL
    SELECT time_slot, -toInt64(sum(flows)) AS n FROM flow_totals
      WHERE time_slot BETWEEN {from:Int32} AND {to:Int32} AND ${rows} GROUP BY time_slot)
  GROUP BY time_slot HAVING lacking > 0)`;

/**
 * One for a process: the next question finds checked what this one did. `store` reads everything: what someone may see
 * of a slot says nothing about the rest of it.
 */
export function createUsableTotals(store: Reader): UsableTotals {
  return { since: wholeSince(store, '1'), toldSince: wholeSince(store, 'has_reported_ends = 1') };
}

function wholeSince(store: Reader, rows: string): Since {
  const sql = lackingSql(rows);
  // Whole slots, without a gap between them.
  let whole: Slots | undefined;
  let checking: Promise<unknown> = Promise.resolve();
  const lacking = async ({ from, to }: Slots, signal: AbortSignal | undefined) => {
    for await (const [slot, count] of store.query(sql, { from, to }, signal && { signal }))
      if (toBigint(count) > 0n) return toBigint(slot);
    return undefined;
  };
  const check = async (asked: Slots, signal?: AbortSignal) => {
    const before = whole;
    const joins = before && asked.from <= before.to + 1n && asked.to >= before.from - 1n;
    let found: Slots = joins ? before : { from: asked.to + 1n, to: asked.to, lacksBefore: false };
    if (asked.to > found.to) {
      const last = await lacking({ from: found.to + 1n, to: asked.to }, signal);
      found =
        last === undefined
          ? { ...found, to: asked.to }
          : { from: last + 1n, to: asked.to, lacksBefore: true };
    }
    if (asked.from < found.from && found.lacksBefore !== true) {
      const last = await lacking({ from: asked.from, to: found.from - 1n }, signal);
      found =
        last === undefined
          ? { ...found, from: asked.from }
          : { ...found, from: last + 1n, lacksBefore: true };
    }
    if (joins || before === undefined || found.to > before.to) whole = found;
    return later(found.from, asked.from);
  };
  const known = ({ from, to }: Slots): bigint | undefined => {
    if (whole === undefined || to > whole.to || to < whole.from) return undefined;
    if (whole.from <= from) return from;
    return whole.lacksBefore === true ? whole.from : undefined;
  };
  return async (from, to, signal) => {
    // One at a time: many who ask for the same window at once need one look.
    const turn = checking.then(() => known({ from, to }) ?? check({ from, to }, signal));
    checking = turn.catch(() => {});
    return turn;
  };
}
