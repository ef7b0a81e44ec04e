// Incident events, a page at a time.
import { type IncidentEvent, parseIncidentEvent } from '../../../incident/incident-event.ts';
import type { Reader } from '../../../store/store.ts';
import { type EventsInput, feedRequest } from './feed-request.ts';
import { incidentLog } from './incident-log.ts';

/** Rows read for one page: with a selective filter the page is short, and its cursor is where the next one begins. */
const SCAN = 20_000;
const PAGE = 1000;

export interface EventsPage {
  readonly events: readonly IncidentEvent[];
  /** Where the next page begins. */
  readonly cursor: string;
  /** False: the log has more rows. */
  readonly end: boolean;
}

/** From the beginning of the log without a cursor and `since`. */
export async function incidentEvents(
  store: Reader,
  input: EventsInput,
  nowNanos: bigint,
  signal: AbortSignal,
): Promise<EventsPage> {
  const { after = 0n, wants } = feedRequest(input, nowNanos);
  const log = incidentLog(store, { signal });
  const events: IncidentEvent[] = [];
  let place = after;
  for (let scanned = 0; scanned < SCAN; ) {
    const rows = await log.read({ after: place, limit: PAGE, once: true });
    for (const { sequence, document } of rows) {
      place = sequence;
      const event = parseIncidentEvent(document);
      if (event !== undefined && wants(event)) events.push(event);
      if (events.length === input.limit)
        return {
          events,
          cursor: String(place),
          end: rows.length < PAGE && sequence === rows.at(-1)?.sequence,
        };
    }
    scanned += rows.length;
    if (rows.length < PAGE) return { events, cursor: String(place), end: true };
  }
  return { events, cursor: String(place), end: false };
}
