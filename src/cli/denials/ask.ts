// Whom `parallax denials` asks: a server, or a data directory that no process has open.

import type { CoverageNote } from '../../api/http/envelope.ts';
import { toJson } from '../../hubble/json/json.ts';
import { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';
import type {
  AskDeps,
  DenialsDocument,
  DenialsRequest,
  IncidentsDocument,
  IncidentsRequest,
} from '../../query/denials/ask.ts';
import { inputError } from '../../runtime/errors.ts';
import { nsToMs } from '../../runtime/time.ts';
import { askReport } from '../report/ask.ts';
import type { DenialOptions } from './options.ts';

/** An answer, and what its window covers; null where nothing can be said of it. */
export type Covered<T> = T & {
  readonly coverage?: Pick<NonNullable<CoverageNote>, 'complete' | 'collected' | 'text'> | null;
};

/** A question about denials, for a server and for a directory. */
interface Asked<T> {
  readonly path: string;
  readonly body: object;
  readonly key: string;
  readonly direct: (deps: AskDeps) => Promise<T>;
}

export function askIncidents(
  options: DenialOptions,
  now: () => bigint,
  signal: AbortSignal,
): Promise<Covered<IncidentsDocument>> {
  const { state, newSince, sort, output } = options;
  const details = output !== 'table';
  const body = {
    ...bodyOf(options),
    ...(state !== 'all' && { state }),
    ...(newSince !== undefined && { 'new-since': moment(newSince) }),
    sort,
    details,
  };
  return askDenials<IncidentsDocument>(
    options,
    {
      path: '/api/v1/incidents:query',
      body,
      key: 'incidents',
      direct: async (deps) => {
        const { answerIncidents } = await import('../../query/denials/ask.ts');
        const request: IncidentsRequest = {
          ...(await requestOf(options)),
          state,
          newSince,
          sort,
          details,
        };
        return answerIncidents(request, deps);
      },
    },
    now,
    signal,
  );
}

export function askRows(
  options: DenialOptions,
  now: () => bigint,
  signal: AbortSignal,
): Promise<Covered<DenialsDocument>> {
  return askDenials<DenialsDocument>(
    options,
    {
      path: '/api/v1/denials:query',
      body: bodyOf(options),
      key: 'denials',
      direct: async (deps) => {
        const { answerDenials } = await import('../../query/denials/ask.ts');
        return answerDenials(await requestOf(options), deps);
      },
    },
    now,
    signal,
  );
}

function askDenials<T>(
  options: DenialOptions,
  { path, body, key, direct }: Asked<T>,
  now: () => bigint,
  signal: AbortSignal,
): Promise<Covered<T>> {
  return askReport<Covered<T>>(
    {
      target: options.target,
      access: options,
      path,
      body,
      // The server's own types: it is the same program.
      read: (answer) => (isDocument(answer, key) ? (answer as Covered<T>) : undefined),
      fromStore: async (store, { denials: config }) => {
        const { coverageWithin } = await import('../../api/http/envelope.ts');
        const nowNanos = now();
        const answer = await direct({ store, config, nowNanos, signal });
        const nowMs = nsToMs(nowNanos);
        return { ...answer, coverage: await coverageWithin(store, options, nowMs, signal) };
      },
    },
    signal,
  );
}

function isDocument(answer: unknown, key: string): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  const { [key]: list, notices } = answer as Record<string, unknown>;
  return Array.isArray(list) && Array.isArray(notices);
}

async function requestOf(options: DenialOptions): Promise<Omit<DenialsRequest, 'after'>> {
  const { whitelist, blacklist, policies, clusters, stream, since, until, limit } = options;
  const { incidentIds } = await import('../../query/denials/request.ts');
  const ids = options.incidents.length === 0 ? undefined : incidentIds(options.incidents);
  return { whitelist, blacklist, policies, clusters, stream, since, until, limit, ids };
}

/** As requests say it. */
export function bodyOf(options: DenialOptions) {
  const { whitelist, blacklist, since, until, policies, clusters, incidents, stream } = options;
  const list = (filters: readonly FlowFilter[]) =>
    filters.map((filter) => toJson(FlowFilter, filter));
  return {
    ...(whitelist.length > 0 && { whitelist: list(whitelist) }),
    ...(blacklist.length > 0 && { blacklist: list(blacklist) }),
    ...(since === undefined ? { all: true } : { since: moment(since) }),
    ...(until !== undefined && { until: moment(until) }),
    ...(policies.length > 0 && { policy: policies }),
    ...(clusters.length > 0 && { 'denied-in': clusters }),
    ...(incidents.length > 0 && { incident: incidents }),
    ...(stream !== undefined && { stream }),
    limit: options.limit,
  };
}

function moment(nanos: bigint): string {
  const text = formatTimestamp(fromNanos(nanos));
  if (text === undefined) throw inputError('a time is not between the years 1 and 9999');
  return text;
}
