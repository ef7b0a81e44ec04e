// The log of incidents a page at a time.
import { type IncidentEvent, parseIncidentEvent } from '../../../incident/incident-event.ts';
import type { Reader } from '../../../store/store.ts';
import { type EventsInput, feedRequest } from './feed-request.ts';
import { readIncidentLog } from './incident-log.ts';

/** Rows looked through for one page: a filter that finds little gives a short page and a place to go on. */
const SCAN = 20_000;
const PAGE = 1000;

export interface EventsPage {
  readonly events: readonly IncidentEvent[];
  /** Behind everything looked through: where the next page begins. */
  readonly cursor: string;
  /** False: the log had more to look through. */
  readonly end: boolean;
}

/** Without a place to begin at, from the beginning of the log. */
export async function incidentEvents(
  store: Reader,
  input: EventsInput,
  nowNanos: bigint,
  signal: AbortSignal,
): Promise<EventsPage> {
  const { after = 0n, wants } = feedRequest(input, nowNanos);
  const events: IncidentEvent[] = [];
  let place = after;
  for (let looked = 0; looked < SCAN; ) {
    const rows = await readIncidentLog(
      store,
      { after: place, limit: PAGE, once: true },
      { signal },
    );
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
    looked += rows.length;
    if (rows.length < PAGE) return { events, cursor: String(place), end: true };
  }
  return { events, cursor: String(place), end: false };
}
