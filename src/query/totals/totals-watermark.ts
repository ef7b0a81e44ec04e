// The slot from which on `flow_totals` is complete. In a store that was filled before the totals, or by an older writer,
// some slots lack flows; those are counted from `flows`. What was found to be complete is remembered.
import { later } from '../../runtime/time.ts';
import { bigint, firstRow } from '../../store/rows.ts';
import { param, type Sql, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';

export interface TotalsWatermark {
  /** The first slot of `from` … `to` from which on all are complete; `to` + 1 when the last one is not. */
  since: Since;
  /** The same for rows with the reported cluster and workloads of both ends, which older writers did not store. */
  reportedSince: Since;
}

type Since = (from: bigint, to: bigint, signal?: AbortSignal) => Promise<bigint>;

interface Slots {
  readonly from: bigint;
  readonly to: bigint;
}

/** Complete slots without a gap. */
interface Complete extends Slots {
  /** The slot before is known to lack flows. */
  readonly incompleteBefore: boolean;
}

/**
 * One for the process, so that requests share what was checked. `store` must be unrestricted: the rows that a principal
 * may read do not show whether a slot is complete.
 */
export function createTotalsWatermark(store: Reader): TotalsWatermark {
  return {
    since: completeSince(store, sql`1`),
    reportedSince: completeSince(store, sql`has_reported_ends = 1`),
  };
}

/** The last slot that lacks flows, of totals that meet the condition. */
async function lastIncomplete(
  store: Reader,
  condition: Sql,
  { from, to }: Slots,
  signal: AbortSignal | undefined,
): Promise<bigint | undefined> {
  const slots = sql`time_slot BETWEEN ${param(from, 'Int32')} AND ${param(to, 'Int32')}`;
  // Totals may count more than there are flows: flows expire earlier, and are stored a moment later.
  const statement = sql`SELECT max(time_slot), count() FROM (
    SELECT time_slot, sum(n) AS lacking FROM (
      SELECT time_slot, toInt64(count()) AS n FROM ${table('flows')} WHERE ${slots} GROUP BY time_slot
      UNION ALL
      SELECT time_slot, -toInt64(sum(flows)) AS n FROM ${table('flow_totals')}
        WHERE ${slots} AND ${condition} GROUP BY time_slot)
    GROUP BY time_slot HAVING lacking > 0)`;
  const shape = { slot: bigint, count: bigint };
  const found = await firstRow(store, statement, shape, signal && { signal });
  return found !== undefined && found.count > 0n ? found.slot : undefined;
}

function completeSince(store: Reader, condition: Sql): Since {
  let complete: Complete | undefined;
  let checking: Promise<unknown> = Promise.resolve();
  const check = async (asked: Slots, signal?: AbortSignal) => {
    const before = complete;
    const joins = before && asked.from <= before.to + 1n && asked.to >= before.from - 1n;
    let found: Complete = joins
      ? before
      : { from: asked.to + 1n, to: asked.to, incompleteBefore: false };
    if (asked.to > found.to) {
      const newer = { from: found.to + 1n, to: asked.to };
      const last = await lastIncomplete(store, condition, newer, signal);
      found =
        last === undefined
          ? { ...found, to: asked.to }
          : { from: last + 1n, to: asked.to, incompleteBefore: true };
    }
    if (asked.from < found.from && !found.incompleteBefore) {
      const older = { from: asked.from, to: found.from - 1n };
      const last = await lastIncomplete(store, condition, older, signal);
      found =
        last === undefined
          ? { ...found, from: asked.from }
          : { ...found, from: last + 1n, incompleteBefore: true };
    }
    if (joins || before === undefined || found.to > before.to) complete = found;
    return later(found.from, asked.from);
  };
  const known = ({ from, to }: Slots): bigint | undefined => {
    if (complete === undefined || to > complete.to || to < complete.from) return undefined;
    if (complete.from <= from) return from;
    return complete.incompleteBefore ? complete.from : undefined;
  };
  return async (from, to, signal) => {
    // One check at a time: concurrent requests for one window need a single statement.
    const turn = checking.then(() => known({ from, to }) ?? check({ from, to }, signal));
    checking = turn.catch(() => {});
    return turn;
  };
}
