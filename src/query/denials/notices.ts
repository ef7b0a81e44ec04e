// What an empty answer about denials means: that nothing was denied, or that nobody looked.
import type { Reader } from '../../store/store.ts';
import { coverageOf } from '../coverage/coverage.ts';
import { sentences } from '../coverage/describe.ts';
import type { TimeRange } from '../read/range.ts';
import { edgeSlot } from '../read/slots.ts';

const MS = 1_000_000n;

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
  const nowMs = Number(nowNanos / MS);
  const window = { sinceMs: Math.max(0, Number(since / MS)), untilMs: Number(until / MS) };
  if (range.since !== undefined && window.sinceMs < window.untilMs) {
    const coverage = await coverageOf(store, window, nowMs, signal);
    if (coverage.collected) return ['no denials match in that window', ...sentences(coverage)];
  }
  // Imported flows have no ledger.
  if ((await edgeSlot(store, range, 'newest', signal)) === undefined)
    return ['no denials: nothing was collected in that window'];
  return ['no denials match in that window; how complete it is, no collector said'];
}
