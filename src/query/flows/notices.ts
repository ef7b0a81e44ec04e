import { timeText } from '../../hubble/proto/timestamp.ts';
import { systemClock } from '../../runtime/clock.ts';
import { nsToMs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { coverageOf } from '../coverage/coverage.ts';
import { sentences } from '../coverage/describe.ts';
import { lostWithin, slotBounds, type TimeRange } from '../read/range.ts';
import { boundarySlot, storedSlots } from '../read/slots.ts';
import type { FlowQuery } from './flows.ts';

/** Sentences about an answer of `count` responses to `query`; none when there is nothing to say. */
export async function noticesFor(
  store: Reader,
  query: FlowQuery,
  count: bigint,
  signal?: AbortSignal,
): Promise<string[]> {
  const notices: string[] = [];
  if (count === 0n) notices.push(await emptyNotice(store, query, signal));
  const covered = await coverageNotices(store, query, count, signal);
  // The ledger has lost events too, by node.
  if (covered !== undefined) return [...notices, ...covered];
  const hidden = query.events === 'matching' && query.whitelist.length > 0;
  if (hidden && (count === 0n || query.since !== undefined || query.until !== undefined)) {
    const { reports, events } = await lostWithin(store, query, signal);
    if (events > 0n)
      notices.push(
        `${events} events were lost in this window (${reports} reports); what they would have shown is not known`,
      );
  }
  return notices;
}

/** The ledger's report on a window; undefined when it has none, as for imported flows. */
async function coverageNotices(
  store: Reader,
  { since, until }: TimeRange,
  count: bigint,
  signal: AbortSignal | undefined,
): Promise<string[] | undefined> {
  if (since === undefined) return undefined;
  const nowMs = systemClock.now();
  const sinceMs = Math.max(0, nsToMs(since));
  const untilMs = until === undefined ? nowMs : nsToMs(until);
  if (sinceMs >= untilMs || sinceMs > nowMs) return undefined;
  const window = { sinceMs, untilMs: Math.min(untilMs, nowMs) };
  const coverage = await coverageOf(store, window, nowMs, signal);
  if (!coverage.collected) return undefined;
  if (coverage.complete && count > 0n) return [];
  return sentences(coverage);
}

async function emptyNotice(
  store: Reader,
  query: TimeRange,
  signal: AbortSignal | undefined,
): Promise<string> {
  const ends = await storedSlots(store, signal);
  if (ends === undefined) return 'no flows: nothing has been collected yet';
  const stored = `flows are stored from ${timeText(slotBounds(ends.oldest).first)} to ${timeText(slotBounds(ends.newest).last + 1n)}`;
  if ((await boundarySlot(store, query, 'oldest', signal)) === undefined)
    return `no flows: no data was collected in that window; ${stored}`;
  return `no flows match; ${stored}`;
}
