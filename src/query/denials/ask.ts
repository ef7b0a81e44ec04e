// The questions about denials as routes and commands ask them: a request, and the document that answers it.

import type { Incident } from '../../incident/incident.ts';
import { msToNs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import type { TimeRange } from '../read/range.ts';
import type { DenialsConfig } from './config.ts';
import { cursorText, type IncidentCursor, type Sort } from './cursor.ts';
import type { Denial } from './denial.ts';
import type { DetailQuery } from './detail.ts';
import type { DenialFilter } from './filter.ts';
import { type IncidentQuery, readIncidentPage } from './incident.ts';
import { denialNotices } from './notices.ts';
import { type OtherSide, otherSides } from './peer-view.ts';
import { type DenialCursor, readDenials } from './rows.ts';

/** What every answer is made with. */
export interface AskDeps {
  readonly store: Reader;
  readonly config: DenialsConfig;
  readonly nowNanos: bigint;
  readonly signal?: AbortSignal | undefined;
}

export interface DenialsRequest extends DenialFilter, TimeRange {
  readonly ids?: readonly bigint[] | undefined;
  readonly limit: number;
  readonly after?: DenialCursor | undefined;
}

export interface IncidentsRequest extends DenialFilter, TimeRange {
  readonly ids?: readonly bigint[] | undefined;
  readonly state?: IncidentQuery['state'];
  readonly newSince?: bigint | undefined;
  readonly sort?: Sort | undefined;
  readonly limit: number;
  readonly after?: IncidentCursor | undefined;
  /** Tell what the other side of each saw. */
  readonly details?: boolean;
}

export interface ListedIncident extends Incident {
  readonly otherSide?: OtherSide;
}

export interface IncidentsDocument {
  readonly incidents: readonly ListedIncident[];
  readonly next?: string;
  readonly notices: string[];
}

export interface DenialsDocument {
  readonly denials: readonly Denial[];
  readonly next?: string;
  readonly notices: string[];
}

export async function answerIncidents(
  request: IncidentsRequest,
  { store, config, nowNanos, signal }: AskDeps,
): Promise<IncidentsDocument> {
  const query: IncidentQuery = {
    ...request,
    now: nowNanos,
    quiet: msToNs(config.quiet),
    maxIncidents: config.maxIncidents,
  };
  const { incidents, counted, next, cut } = await readIncidentPage(
    store,
    query,
    signal && { signal },
  );
  const looked = incidents.flatMap((incident, index) => {
    const span = counted[index];
    return span === undefined ? [] : [{ incident, first: span.first, last: span.last }];
  });
  const sides = request.details ? await otherSides(store, looked, signal) : [];
  const notices = await denialNotices(store, request, incidents.length, nowNanos, signal);
  if (cut)
    notices.push(
      `deny rules deny more than ${config.maxIncidents} incidents here: not all that belong together were counted together; narrow them by time or filters, or raise api.denials.maxIncidents`,
    );
  return {
    incidents: incidents.map((incident, index) => {
      const otherSide = sides[index];
      return otherSide === undefined ? incident : { ...incident, otherSide };
    }),
    ...(next && { next: cursorText([String(next.value), String(next.incident)], request) }),
    notices,
  };
}

export async function answerDenials(
  request: DenialsRequest,
  { store, nowNanos, signal }: AskDeps,
): Promise<DenialsDocument> {
  const { denials, next } = await readDenials(store, request, signal);
  return {
    denials,
    ...(next && { next: cursorText([String(next.time), next.uuid], request) }),
    notices: await denialNotices(store, request, denials.length, nowNanos, signal),
  };
}

/** One incident, in the window or in the last that it was seen in. */
export function detailQuery(
  id: bigint,
  { since, until }: TimeRange,
  { config, nowNanos }: Pick<AskDeps, 'config' | 'nowNanos'>,
): DetailQuery {
  return {
    id,
    since,
    until,
    now: nowNanos,
    quiet: msToNs(config.quiet),
    window: msToNs(config.window),
  };
}
