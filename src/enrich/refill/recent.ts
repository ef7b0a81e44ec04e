// Puts right what a killed process counted and did not store. On Kafka its record comes again as it was; in one process
// its flows come again in another record, so the tables are compared before the first is written.
import type { Store } from '../../store/store.ts';
import { type RefillDeps, type RefillOutcome, refill } from './refill.ts';

/** A record that was counted and not stored was received this long before the newest that was counted, at most. */
const WINDOW_MS = 600_000;

/**
 * Only for who alone writes the clusters, all of them when none are named. Looks at the slots that the last records
 * counted were of.
 */
export async function settleRecent(
  deps: RefillDeps,
  clusters?: readonly string[],
): Promise<RefillOutcome> {
  const slots = await recentSlots(deps.store);
  const done = { hours: 0, flows: 0, denials: 0, left: 0 };
  for (const { from, to } of intervals(slots)) {
    const outcome = await refill(deps, {
      from,
      to,
      ...(clusters && { clusters }),
      quietMs: Number.NEGATIVE_INFINITY,
      surplusFrom: Number.NEGATIVE_INFINITY,
      // Flows are not kept waiting: what rings hold is overwritten within seconds.
      awaitDeletes: false,
    });
    done.hours += outcome.hours;
    done.flows += outcome.flows;
    done.denials += outcome.denials;
  }
  return done;
}

async function recentSlots(store: Store): Promise<readonly number[]> {
  const newest = `(SELECT max(received_at) FROM flow_totals WHERE _partition_id =
    (SELECT max(_partition_id) FROM flow_totals))`;
  const sql = `SELECT DISTINCT time_slot FROM flow_totals
    WHERE received_at >= ${newest} - toIntervalMillisecond({window:UInt32}) ORDER BY time_slot`;
  const slots: number[] = [];
  for await (const [slot] of store.query(sql, { window: WINDOW_MS })) slots.push(Number(slot));
  return slots;
}

/** Runs of slots that follow on each other. */
function intervals(slots: readonly number[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  for (const slot of slots) {
    const last = found.at(-1);
    if (last?.to === slot - 1) last.to = slot;
    else found.push({ from: slot, to: slot });
  }
  return found;
}
