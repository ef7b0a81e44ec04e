// Incidents of a window: counted exactly, those that a deny rule left without a name counted into their sibling, sorted,
// and a page of them told.
import {
  type Incident,
  type IncidentState,
  incidentOf,
  incidentState,
} from '../../hubble/incident.ts';
import type { Reader } from '../../store/store.ts';
import type { TimeRange } from '../range.ts';
import { countIncidents } from './counted.ts';
import { type IncidentCursor, isBehind, type Sort } from './cursor.ts';
import { type KnownFacts, readFacts, readSpans } from './facts.ts';
import { type DenialFilter, denialCondition } from './filter.ts';
import { type Folded, fold } from './fold.ts';
import { readWatched, type Watched } from './watched.ts';
import { earlier, later } from './window.ts';

export interface IncidentQuery extends DenialFilter, TimeRange {
  /** Nanoseconds since 1970: what states are as of. */
  readonly now: bigint;
  /** Silence after which an incident is over, nanoseconds. */
  readonly quiet: bigint;
  readonly state?: IncidentState | 'all' | undefined;
  /** Only incidents first seen from here on. */
  readonly newSince?: bigint | undefined;
  /** Only these. */
  readonly ids?: readonly bigint[] | undefined;
  /** The latest first without it. */
  readonly sort?: Sort | undefined;
  readonly limit: number;
  readonly after?: IncidentCursor | undefined;
  /** Incidents that are sorted at most. */
  readonly maxIncidents: number;
}

export interface IncidentPage {
  readonly incidents: readonly Incident[];
  /** As counted in the window, in the same order. */
  readonly counted: readonly Folded[];
  /** Where the next page begins; undefined at the end. */
  readonly next: IncidentCursor | undefined;
  /** There were more incidents than are sorted: only the latest, or most counted, were looked at. */
  readonly cut: boolean;
}

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** Those of the window, the latest first unless sorted otherwise. */
export async function readIncidents(
  store: Reader,
  query: IncidentQuery,
  options: Options = {},
): Promise<Incident[]> {
  return [...(await readIncidentPage(store, query, options)).incidents];
}

export async function readIncidentPage(
  store: Reader,
  query: IncidentQuery,
  { signal }: Options = {},
): Promise<IncidentPage> {
  const { sort = 'last', maxIncidents, limit, after } = query;
  const counted = await countIncidents(
    store,
    {
      since: query.since,
      until: query.until,
      ids: query.ids,
      condition: denialCondition(query),
      by: sort === 'count' ? 'count' : 'last',
      limit: maxIncidents + 1,
    },
    signal,
  );
  const all = await fold(store, counted.slice(0, maxIncidents), signal);
  const spanned = isPlain(query) ? undefined : await spansOf(store, all, signal);
  const watched = spanned && (await watchedOf(store, [...spanned.values()], query, signal));
  const wanted = spanned
    ? all.filter((each) => isWanted(spanned.get(each.incident), query, watched))
    : all;
  const keyed = wanted
    .map((each) => ({ each, cursor: cursorOf(each, sort, spanned) }))
    .sort((a, b) => (isBehind(a.cursor, b.cursor) ? 1 : -1))
    .filter(({ cursor }) => after === undefined || isBehind(cursor, after));
  const page = keyed.slice(0, limit);
  const told = await tell(
    store,
    page.map(({ each }) => each),
    query,
    signal,
  );
  return {
    ...told,
    next: keyed.length > limit ? page.at(-1)?.cursor : undefined,
    cut: counted.length > maxIncidents,
  };
}

/** Whether the window alone says which incidents are wanted, and in which order. */
function isPlain({ state = 'all', newSince, sort }: IncidentQuery): boolean {
  return state === 'all' && newSince === undefined && sort !== 'first';
}

type Span = Pick<KnownFacts, 'cluster' | 'firstSeen' | 'lastSeen'>;

async function spansOf(
  store: Reader,
  all: readonly Folded[],
  signal: AbortSignal | undefined,
): Promise<Map<bigint, Span>> {
  const ids = all.flatMap(({ incident, folded }) => [incident, ...folded]);
  const spans = await readSpans(store, ids, signal);
  return new Map(all.flatMap((each) => withFolded(each, spans)));
}

/** The time of an incident is that of all that was counted into it. */
function withFolded<T extends Span>(
  { incident, folded }: Folded,
  spans: ReadonlyMap<bigint, T>,
): [bigint, T][] {
  const own = spans.get(incident);
  if (own === undefined) return [];
  const parts = [own, ...folded.flatMap((id) => spans.get(id) ?? [])];
  const firstSeen = parts.map((part) => part.firstSeen).reduce(earlier);
  const lastSeen = parts.map((part) => part.lastSeen).reduce(later);
  return [[incident, { ...own, firstSeen, lastSeen }]];
}

function isWanted(
  span: Span | undefined,
  { state = 'all', newSince, now, quiet }: IncidentQuery,
  watched: Watched | undefined,
): boolean {
  if (span === undefined) return false;
  const { cluster, firstSeen, lastSeen } = span;
  if (newSince !== undefined && firstSeen < newSince) return false;
  if (state === 'all') return true;
  const listened = watched?.since(cluster, lastSeen) ?? 0n;
  return incidentState(lastSeen, { now, quiet, watched: listened }) === state;
}

function cursorOf(
  each: Folded,
  sort: Sort,
  spans: ReadonlyMap<bigint, Span> | undefined,
): IncidentCursor {
  const { incident, drops, verdicts, last } = each;
  const value = {
    last: () => last,
    count: () => BigInt(Math.max(drops, verdicts)),
    first: () => spans?.get(incident)?.firstSeen ?? 0n,
  }[sort]();
  return { value, incident };
}

/** Of how long each cluster was collected since its quiet incidents were last seen. */
async function watchedOf(
  store: Reader,
  spans: readonly Span[],
  { now, quiet }: IncidentQuery,
  signal: AbortSignal | undefined,
): Promise<Watched> {
  const silent = spans.filter(({ lastSeen }) => now - lastSeen > quiet);
  const clusters = [...new Set(silent.map(({ cluster }) => cluster))];
  const since = silent.map(({ lastSeen }) => lastSeen).reduce(earlier, now);
  return readWatched(store, clusters, { since, now }, signal);
}

async function tell(
  store: Reader,
  page: readonly Folded[],
  query: IncidentQuery,
  signal: AbortSignal | undefined,
): Promise<Pick<IncidentPage, 'incidents' | 'counted'>> {
  const { now, quiet, since, newSince = since } = query;
  const ids = page.flatMap(({ incident, folded }) => [incident, ...folded]);
  const spans = await readFacts(store, ids, signal);
  const facts = new Map(page.flatMap((each) => withFolded(each, spans)));
  const watched = await watchedOf(store, [...facts.values()], query, signal);
  const told = page.flatMap((each) => {
    const known = facts.get(each.incident);
    if (known === undefined) return [];
    const incident = incidentOf(
      { ...known, drops: each.drops, verdicts: each.verdicts },
      {
        now,
        quiet,
        watched: watched.since(known.cluster, known.lastSeen),
        newSince: newSince ?? known.firstSeen,
        window: windowOf(query, each.first),
      },
    );
    return [{ incident, each }];
  });
  return { incidents: told.map(({ incident }) => incident), counted: told.map(({ each }) => each) };
}

/** How long was counted: of a window without a beginning, since the first denial in it. */
function windowOf({ since, until, now }: IncidentQuery, first: bigint): bigint {
  const end = until === undefined || until > now ? now : until;
  return end - (since ?? first);
}
