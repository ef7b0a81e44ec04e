import type { CoverageNote } from '../../api/http/envelope.ts';
import type { DenialsDocument, IncidentsDocument } from '../../query/denials/answers.ts';
import { type ApiClient, hasList } from '../client/client.ts';
import { filterList } from '../observe/flows.ts';
import { timeText } from '../time.ts';
import type { DenialOptions } from './options.ts';

/** An answer and the coverage of its window; null where the window has none. */
export type Covered<T> = T & {
  readonly coverage?: Pick<NonNullable<CoverageNote>, 'complete' | 'collected' | 'text'> | null;
};

export function queryIncidents(
  client: ApiClient,
  options: DenialOptions,
): Promise<Covered<IncidentsDocument>> {
  const { state, newSince, sort, output } = options;
  const body = {
    ...bodyOf(options),
    ...(state !== 'all' && { state }),
    ...(newSince !== undefined && { 'new-since': timeText(newSince) }),
    sort,
    details: output !== 'table',
  };
  return client.document('/api/v1/incidents:query', body, hasList('incidents'));
}

export function queryDenials(
  client: ApiClient,
  options: DenialOptions,
): Promise<Covered<DenialsDocument>> {
  return client.document('/api/v1/denials:query', bodyOf(options), hasList('denials'));
}

function bodyOf(options: DenialOptions) {
  const { whitelist, blacklist, since, until, policies, clusters, incidents, stream } = options;
  return {
    ...(whitelist.length > 0 && { whitelist: filterList(whitelist) }),
    ...(blacklist.length > 0 && { blacklist: filterList(blacklist) }),
    ...(since === undefined ? { all: true } : { since: timeText(since) }),
    ...(until !== undefined && { until: timeText(until) }),
    ...(policies.length > 0 && { policy: policies }),
    ...(clusters.length > 0 && { 'denied-in': clusters }),
    ...(incidents.length > 0 && { incident: incidents }),
    ...(stream !== undefined && { stream }),
    limit: options.limit,
  };
}
