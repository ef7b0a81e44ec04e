// The answers to requests about denials.
import { msToNs } from '../../runtime/time.ts';
import type { Reader } from '../../store/store.ts';
import type { TimeRange } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import type { DenialsConfig } from './config.ts';
import { cursorText, type IncidentCursor, type Sort } from './cursor.ts';
import type { DetailQuery } from './detail.ts';
import type { DenialFilter } from './filter.ts';
import { type IncidentQuery, readIncidentPage } from './incident.ts';
import { denialNotices } from './notices.ts';
import { readPeerViews } from './peer-view.ts';
import { type DenialCursor, readDenials } from './rows.ts';
import type { denialsSchema, incidentsSchema } from './schema.ts';

export interface AnswerDeps {
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
  /** Add what the cluster at the other end saw. */
  readonly details?: boolean;
}

export type IncidentsDocument = Document<typeof incidentsSchema>;
/** With `otherSide` when the request has `details`. */
export type ListedIncident = IncidentsDocument['incidents'][number];
export type DenialsDocument = Document<typeof denialsSchema>;

export async function answerIncidents(
  request: IncidentsRequest,
  { store, config, nowNanos, signal }: AnswerDeps,
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
  const windows = incidents.flatMap((incident, index) => {
    const span = counted[index];
    return span === undefined ? [] : [{ incident, first: span.first, last: span.last }];
  });
  const views = request.details ? await readPeerViews(store, windows, signal) : [];
  const notices = await denialNotices(store, request, incidents.length, nowNanos, signal);
  if (cut)
    notices.push(
      `more than ${config.maxIncidents} incidents of deny rules: some that belong together are counted apart; narrow the window or the filters, or raise api.denials.maxIncidents`,
    );
  return {
    incidents: incidents.map((incident, index) => {
      const otherSide = views[index];
      return otherSide === undefined ? incident : { ...incident, otherSide };
    }),
    ...(next && { next: cursorText([String(next.value), String(next.incident)], request) }),
    notices,
  };
}

export async function answerDenials(
  request: DenialsRequest,
  { store, nowNanos, signal }: AnswerDeps,
): Promise<DenialsDocument> {
  const { denials, next } = await readDenials(store, request, signal);
  return {
    denials,
    ...(next && { next: cursorText([String(next.time), next.uuid], request) }),
    notices: await denialNotices(store, request, denials.length, nowNanos, signal),
  };
}

/** The query for one incident, in the window or in the last one it was seen in. */
export function detailQuery(
  id: bigint,
  { since, until }: TimeRange,
  { config, nowNanos }: Pick<AnswerDeps, 'config' | 'nowNanos'>,
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
