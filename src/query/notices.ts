// What an answer cannot show and its reader should know: that nothing was collected in the window asked, or that events
// were lost in it.
import { formatTimestamp, fromNanos } from '../hubble/timestamp.ts';
import type { Store } from '../store/store.ts';
import type { FlowQuery } from './flows.ts';
import { lostWithin, slotBounds, type TimeRange } from './range.ts';
import { edgeSlot, storedSlots } from './slots.ts';

/** Sentences about an answer of `count` responses to `query`; none when there is nothing to say. */
export async function noticesFor(
  store: Store,
  query: FlowQuery,
  count: bigint,
  signal?: AbortSignal,
): Promise<string[]> {
  const notices: string[] = [];
  if (count === 0n) notices.push(await emptyNotice(store, query, signal));
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

async function emptyNotice(
  store: Store,
  query: TimeRange,
  signal: AbortSignal | undefined,
): Promise<string> {
  const ends = await storedSlots(store, signal);
  if (ends === undefined) return 'no flows: nothing has been collected yet';
  const stored = `flows are stored from ${text(slotBounds(ends.oldest).first)} to ${text(slotBounds(ends.newest).last + 1n)}`;
  if ((await edgeSlot(store, query, 'oldest', signal)) === undefined)
    return `no flows: no data was collected in that window; ${stored}`;
  return `no flows match; ${stored}`;
}

function text(nanos: bigint): string {
  return formatTimestamp(fromNanos(nanos)) ?? String(nanos);
}
