// What an empty answer about denials means: that nothing was denied, or that nobody looked.
import { nsToMs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { coverageOf } from '../coverage/coverage.ts';
import { sentences } from '../coverage/describe.ts';
import type { TimeRange } from '../read/range.ts';
import { boundarySlot } from '../read/slots.ts';

/** Sentences; none for an answer that shows something. */
export async function denialNotices(
  store: Reader,
  range: TimeRange,
  count: number,
  nowNanos: bigint,
  signal?: AbortSignal,
): Promise<string[]> {
  if (count > 0) return [];
  const { since = 0n, until = nowNanos } = range;
  const nowMs = nsToMs(nowNanos);
  const window = { sinceMs: Math.max(0, nsToMs(since)), untilMs: nsToMs(until) };
  if (range.since !== undefined && window.sinceMs < window.untilMs) {
    const coverage = await coverageOf(store, window, nowMs, signal);
    if (coverage.collected) return ['no denials match in that window', ...sentences(coverage)];
  }
  // Imported flows have no ledger.
  if ((await boundarySlot(store, range, 'newest', signal)) === undefined)
    return ['no denials: nothing was collected in that window'];
  return ['no denials match in that window; how complete it is, no collector said'];
}
