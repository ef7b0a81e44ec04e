// Whom `parallax denials` asks: a server, or a data directory that no process has open.
import { toJson } from '../../hubble/json.ts';
import { FlowFilter } from '../../hubble/schema.gen.ts';
import { formatTimestamp, fromNanos } from '../../hubble/timestamp.ts';
import type {
  AskDeps,
  DenialsDocument,
  DenialsRequest,
  IncidentsDocument,
  IncidentsRequest,
} from '../../query/denials/ask.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { askReport } from '../report/ask.ts';
import type { DenialOptions } from './options.ts';

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
): Promise<IncidentsDocument> {
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
): Promise<DenialsDocument> {
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
): Promise<T> {
  return askReport<T>(
    {
      target: options.target,
      access: options,
      path,
      body,
      // The server's own types: it is the same program.
      read: (answer) => (isDocument(answer, key) ? (answer as T) : undefined),
      fromStore: (store, { denials: config }) => direct({ store, config, nowNanos: now(), signal }),
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
  if (text === undefined)
    throw new ParallaxError('input/invalid', 'a time is not between the years 1 and 9999');
  return text;
}
