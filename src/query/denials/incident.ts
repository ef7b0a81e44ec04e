// A page of the incidents of a window: counted, folded, sorted, with their state.

import { type Incident, type IncidentState, incidentOf } from '../../incident/incident.ts';
import { earlier, later } from '../../runtime/time.ts';
import { allRows, text } from '../../store/rows.ts';
import { sql, table } from '../../store/sql.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';
import type { TimeRange } from '../read/range.ts';
import { countIncidents, type StateWanted } from './counted.ts';
import { type IncidentCursor, isBehind, type Sort } from './cursor.ts';
import { type KnownFacts, readFacts } from './facts.ts';
import { type DenialFilter, denialCondition } from './filter.ts';
import { type Folded, fold } from './fold.ts';
import { isSilent, readWatched } from './watched.ts';

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
  /** Of what deny rules deny, so many are looked at for what belongs together. */
  readonly maxIncidents: number;
}

export interface IncidentPage {
  readonly incidents: readonly Incident[];
  /** As counted in the window, in the same order. */
  readonly counted: readonly Folded[];
  /** Where the next page begins; undefined at the end. */
  readonly next: IncidentCursor | undefined;
  /** Of what deny rules deny there was more than is looked at: which belongs together is not all known. */
  readonly cut: boolean;
}

export async function readIncidentPage(
  store: Reader,
  query: IncidentQuery,
  options?: QueryOptions,
): Promise<IncidentPage> {
  const { since, until, ids, sort = 'last', after, newSince, limit, maxIncidents } = query;
  const counted = await countIncidents(
    store,
    {
      ...{ since, until, ids, sort, after, newSince },
      condition: denialCondition(query),
      state: await stateWanted(store, query, options),
      limit: limit + 1,
      most: maxIncidents + limit + 1,
    },
    options,
  );
  const all = (await fold(store, counted, options))
    .map((each) => ({ each, cursor: cursorOf(each, sort) }))
    .filter(({ cursor }) => after === undefined || isBehind(cursor, after))
    .sort((a, b) => (isBehind(a.cursor, b.cursor) ? 1 : -1));
  const page = all.slice(0, limit);
  const built = await buildIncidents(
    store,
    page.map(({ each }) => each),
    query,
    options,
  );
  const next = all.length > limit ? page.at(-1)?.cursor : undefined;
  return { ...built, next, cut: counted.length > maxIncidents + limit };
}

async function stateWanted(
  store: Reader,
  { state: is = 'all', now, quiet, since = 0n }: IncidentQuery,
  options?: QueryOptions,
): Promise<StateWanted | undefined> {
  if (is === 'all') return undefined;
  if (is === 'open') return { is, now, quiet, watched: new Map() };
  const statement = sql`SELECT DISTINCT cluster FROM ${table('incidents')}`;
  const found = await allRows(store, statement, { cluster: text }, options);
  const clusters = found.map(({ cluster }) => cluster);
  return {
    is,
    now,
    quiet,
    watched: await readWatched(store, clusters, { now, quiet, since }, options),
  };
}

/** Where it stands among the others; what was counted into it may have brought it forward. */
function cursorOf({ incident, drops, verdicts, last, value }: Folded, sort: Sort): IncidentCursor {
  if (sort === 'last') return { value: last, incident };
  return { value: sort === 'count' ? BigInt(Math.max(drops, verdicts)) : value, incident };
}

async function buildIncidents(
  store: Reader,
  page: readonly Folded[],
  query: IncidentQuery,
  options?: QueryOptions,
): Promise<Pick<IncidentPage, 'incidents' | 'counted'>> {
  const { now, quiet, since, newSince = since } = query;
  const ids = page.flatMap(({ incident, folded }) => [incident, ...folded]);
  const spans = await readFacts(store, ids, options);
  const facts = new Map(page.flatMap((each) => withFolded(each, spans)));
  const silent = [...facts.values()].filter(({ lastSeen }) => now - lastSeen > quiet);
  const watched = await readWatched(
    store,
    [...new Set(silent.map(({ cluster }) => cluster))],
    { now, quiet, since: silent.map(({ lastSeen }) => lastSeen).reduce(earlier, now) },
    options,
  );
  const built = page.flatMap((each) => {
    const known = facts.get(each.incident);
    if (known === undefined) return [];
    const incident = incidentOf(
      { ...known, drops: each.drops, verdicts: each.verdicts },
      {
        now,
        quiet,
        watched: isSilent(watched, known) ? quiet : 0n,
        newSince: newSince ?? known.firstSeen,
        window: windowOf(query, each.first),
      },
    );
    return [{ incident, each }];
  });
  return {
    incidents: built.map(({ incident }) => incident),
    counted: built.map(({ each }) => each),
  };
}

/** The time of an incident is that of all that was counted into it. */
function withFolded(
  { incident, folded }: Folded,
  spans: ReadonlyMap<bigint, KnownFacts>,
): [bigint, KnownFacts][] {
  const own = spans.get(incident);
  if (own === undefined) return [];
  const parts = [own, ...folded.flatMap((id) => spans.get(id) ?? [])];
  const firstSeen = parts.map((part) => part.firstSeen).reduce(earlier);
  const lastSeen = parts.map((part) => part.lastSeen).reduce(later);
  return [[incident, { ...own, firstSeen, lastSeen }]];
}

/** How long was counted: of a window without a beginning, since the first denial in it. */
function windowOf({ since, until, now }: IncidentQuery, first: bigint): bigint {
  const end = until === undefined || until > now ? now : until;
  return end - (since ?? first);
}
