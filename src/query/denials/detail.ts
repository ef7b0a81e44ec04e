// One incident in full: timeline, examples, denials, the view of the peer cluster, coverage and an explanation.

import { timeText } from '../../hubble/proto/timestamp.ts';
import { type Incident, incidentId } from '../../incident/incident.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { earlier, HOUR_MS, HOUR_NS, nsToMs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import { coverageOf } from '../coverage/coverage.ts';
import { sentences } from '../coverage/describe.ts';
import { slotBounds, type TimeRange } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import { readExamples } from './examples.ts';
import { explainIncident } from './explain.ts';
import { readFacts } from './facts.ts';
import { relatives } from './fold.ts';
import { type IncidentQuery, readIncidentPage } from './incident.ts';
import { readPeerViews } from './peer-view.ts';
import { readDenials } from './rows.ts';
import type { incidentDetailSchema } from './schema.ts';
import { episodesOf, type HourSeen, readHours, readSlots } from './timeline.ts';

export type IncidentDetail = Document<typeof incidentDetailSchema>;

export interface DetailQuery extends TimeRange {
  readonly id: bigint;
  readonly now: bigint;
  readonly quiet: bigint;
  /** Length of the window without `since`. */
  readonly window: bigint;
}

const LATEST = 10;
/** Longest window with a timeline in slots; the default one of a day is rounded up. */
const BY_SLOT = 25n * HOUR_NS;
const SLOT_MS = 300_000;

/** An incident as in the list, with the incidents folded into it. */
export interface WholeIncident {
  readonly incident: Incident;
  readonly ids: readonly bigint[];
  /** Denials within the range, nanoseconds since 1970. */
  readonly first: bigint;
  readonly last: bigint;
  readonly range: { readonly since: bigint; readonly until: bigint };
}

/** Throws `input/not-found` when nothing of it is kept. */
export async function readIncidentDetail(
  store: Reader,
  query: DetailQuery,
  signal?: AbortSignal,
): Promise<IncidentDetail> {
  return detailOf(store, await wholeIncident(store, query, signal), query, signal);
}

export async function detailOf(
  store: Reader,
  { incident, ids, first, last, range }: WholeIncident,
  { now }: Pick<DetailQuery, 'now'>,
  signal?: AbortSignal,
): Promise<IncidentDetail> {
  const { since, until } = range;
  const hours = await readHours(store, ids, signal);
  const bySlot = until - since <= BY_SLOT;
  const [otherSide] = await readPeerViews(store, [{ incident, first, last }], signal);
  if (otherSide === undefined) throw new ParallaxError('internal', 'peer view missing');
  const filter = { whitelist: [], blacklist: [], stream: 'all', ids } as const;
  const { denials } = await readDenials(store, { ...filter, ...range, limit: LATEST }, signal);
  return {
    incident,
    window: { since: timeText(since), until: timeText(until) },
    episodes: episodesOf(hours),
    timeline: bySlot ? await slotsOf(store, ids, range, signal) : hoursWithin(hours, range),
    stepMs: bySlot ? SLOT_MS : HOUR_MS,
    examples: await readExamples(store, ids, range, signal),
    denials,
    otherSide,
    explanation: explainIncident(incident, denials, otherSide),
    coverages: await coveragesOf(store, incident, { since: first, until }, now, signal),
  };
}

/** Throws `input/not-found` when nothing of it is kept. */
export async function wholeIncident(
  store: Reader,
  query: DetailQuery,
  signal?: AbortSignal,
): Promise<WholeIncident> {
  const { id, now, quiet } = query;
  const known = (await readFacts(store, [id], signal && { signal })).get(id);
  if (known === undefined)
    throw new ParallaxError(
      'input/not-found',
      `there is no incident ${incidentId(id)}; \`parallax denials\` lists those of the last 24 hours`,
    );
  const until = query.until ?? now;
  // An older incident is shown as it was in its last window.
  const newest = earlier(known.lastSeen, until);
  const since = query.since ?? newest - query.window;
  const ids = await relatives(store, known, signal && { signal });
  const asked: IncidentQuery = {
    whitelist: [],
    blacklist: [],
    stream: 'all',
    since,
    until,
    now,
    quiet,
    limit: ids.length,
    maxIncidents: ids.length,
    ids,
  };
  const page = await readIncidentPage(store, asked, signal && { signal });
  const at = page.counted.findIndex(
    ({ incident, folded }) => incident === id || folded.includes(id),
  );
  const [incident, counted] = [page.incidents[at], page.counted[at]];
  if (incident === undefined || counted === undefined)
    throw new ParallaxError(
      'input/not-found',
      `nothing of incident ${incidentId(id)} lies in that window; widen since and until`,
    );
  const { first, last, folded } = counted;
  return { incident, first, last, ids: [counted.incident, ...folded], range: { since, until } };
}

async function slotsOf(
  store: Reader,
  ids: readonly bigint[],
  { since, until }: { readonly since: bigint; readonly until: bigint },
  signal: AbortSignal | undefined,
) {
  const found = await readSlots(store, ids, { since, until }, signal);
  return found.map(({ slot, count }) => ({ at: timeText(slotBounds(slot).first), count }));
}

function hoursWithin(
  hours: readonly HourSeen[],
  { since, until }: { readonly since: bigint; readonly until: bigint },
) {
  return hours
    .filter(({ hour }) => hour >= since / HOUR_NS && hour <= until / HOUR_NS)
    .map(({ hour, count }) => ({ at: timeText(hour * HOUR_NS), count }));
}

async function coveragesOf(
  store: Reader,
  { cluster, source, destination }: Incident,
  { since, until }: { readonly since: bigint; readonly until: bigint },
  now: bigint,
  signal: AbortSignal | undefined,
): Promise<IncidentDetail['coverages']> {
  const names = new Set([cluster, source.cluster, destination.cluster].filter(Boolean));
  const found: IncidentDetail['coverages'][number][] = [];
  for (const name of names) {
    const window = { sinceMs: nsToMs(since), untilMs: nsToMs(until), clusters: [name] };
    const coverage = await coverageOf(store, window, nsToMs(now), signal);
    found.push({ cluster: name, complete: coverage.complete, text: sentences(coverage) });
  }
  return found;
}
