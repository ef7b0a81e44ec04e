// Counts the denials of each incident in a window: whole hours from `incidents`, the edges from `denials`, and everything
// from `denials` with a filter on columns that only they have. Sorting and paging are part of the statement.

import { DropReason } from '../../hubble/proto/schema.gen.ts';
import type { IncidentState } from '../../incident/incident.ts';
import { HOUR_NS, later } from '../../runtime/time.ts';
import { textSql } from '../../store/sql.ts';
import type { QueryOptions, QueryParams, Reader } from '../../store/store.ts';
import { momentSql, type TimeRange } from '../read/range.ts';
import type { IncidentCursor, Sort } from './cursor.ts';
import { type DenialCondition, namesOf } from './filter.ts';
import type { WatchedSince } from './watched.ts';
import { edgesCondition, hoursCondition, windowParts } from './window.ts';

export interface Counted {
  readonly incident: bigint;
  readonly drops: number;
  readonly verdicts: number;
  /** Nanoseconds since 1970, within the window. */
  readonly first: bigint;
  readonly last: bigint;
  readonly code: number;
  readonly namesPolicy: boolean;
  /** What it is sorted by: a moment, or how many. */
  readonly value: bigint;
}

export interface CountQuery extends TimeRange {
  readonly condition: DenialCondition;
  /** Only these. */
  readonly ids?: readonly bigint[] | undefined;
  readonly sort: Sort;
  readonly after?: IncidentCursor | undefined;
  /** Only those first seen from here on. */
  readonly newSince?: bigint | undefined;
  readonly state?: StateWanted | undefined;
  /** So many at most; of what may belong together, `most`. */
  readonly limit: number;
  readonly most: number;
}

export interface StateWanted {
  readonly is: IncidentState;
  readonly now: bigint;
  readonly quiet: bigint;
  readonly watched: WatchedSince;
}

const { POLICY_DENY } = DropReason.numbers;

export async function countIncidents(
  store: Reader,
  query: CountQuery,
  options?: QueryOptions,
): Promise<Counted[]> {
  const { sql, params } = countStatement(query);
  const found: Counted[] = [];
  for await (const row of store.query(
    textSql(sql, params, ['denials', 'incidents']),
    {},
    options,
  )) {
    const big = (at: number) => BigInt(String(row[at]));
    found.push({
      incident: big(0),
      drops: Number(row[1]),
      verdicts: Number(row[2]),
      first: big(3),
      last: big(4),
      code: Number(row[5]),
      namesPolicy: Number(row[6]) === 1,
      value: big(7),
    });
  }
  return found;
}

const VALUE: Readonly<Record<Sort, string>> = {
  last: 'toUnixTimestamp64Nano(t)',
  count: 'toInt64(greatest(d, v))',
  first: 'toUnixTimestamp64Nano(ever_first)',
};

function countStatement(query: CountQuery): { readonly sql: string; readonly params: QueryParams } {
  const { sort, limit, most, ids, state, until } = query;
  const params: Record<string, QueryParams[string]> = { limit, most };
  if (ids !== undefined) params.ids = ids;
  const counted =
    'SELECT incident, sum(d) AS d, sum(v) AS v, min(f) AS f, max(t) AS t, any(code) AS code, any(named) AS named, any(at) AS at ' +
    `FROM (${partsOf(query, params).join(' UNION ALL ')}) GROUP BY incident`;
  // A window that goes up to now holds the last of what it holds.
  const beyond = state !== undefined && until !== undefined && until < state.now;
  const ever =
    sort === 'first' || beyond
      ? 'INNER JOIN (SELECT incident, min(first_seen) AS ever_first, max(last_seen) AS ever_last FROM incidents GROUP BY incident) AS ever USING (incident) '
      : '';
  const wanted = [
    ...newOnly(query, params),
    ...inState(state, beyond ? 'ever_last' : 't', params),
    ...behind(query, params),
  ];
  // What a deny rule denied may have to be counted together, wherever it would stand.
  const sql =
    `SELECT incident, d, v, toUnixTimestamp64Nano(f), toUnixTimestamp64Nano(t), code, named, ${VALUE[sort]} AS value ` +
    `FROM (${counted}) AS counted ${ever}` +
    `WHERE ${wanted.length === 0 ? '1' : wanted.map((each) => `(${each})`).join(' AND ')} ` +
    `ORDER BY value DESC, incident LIMIT {limit:UInt32} BY if(code = ${POLICY_DENY}, incident, 0) LIMIT {most:UInt32}`;
  return { sql, params };
}

/** What is counted, grouped within each table. */
function partsOf(query: CountQuery, params: Record<string, QueryParams[string]>): string[] {
  const { condition, ids, since, until, newSince } = query;
  // What is new was not seen before, so nothing of it is left out.
  const from =
    since === undefined || newSince === undefined ? (newSince ?? since) : later(since, newSince);
  const range = { since: from, until };
  const { hours, edges } = condition.ofIncidents
    ? windowParts(range)
    : { hours: undefined, edges: [range] };
  Object.assign(params, condition.params);
  // A denial lasts for seconds: of a whole day the second column of times is not worth reading.
  const lastColumn = condition.ofIncidents ? 'last' : 'time';
  const one = ids === undefined ? '' : ' AND incident IN {ids:Array(UInt64)}';
  const part = (table: 'denials' | 'incidents', within: ReturnType<typeof hoursCondition>) => {
    const [first, last] =
      table === 'incidents' ? ['first_seen', 'last_seen'] : ['time', lastColumn];
    Object.assign(params, within.params);
    return (
      `${namesOf(table, condition)}SELECT incident, sum(drops) AS d, sum(verdicts) AS v, ` +
      `min(${first}) AS f, max(${last}) AS t, any(drop_reason_desc) AS code, any(policies) != '' AS named, any(cluster) AS at ` +
      `FROM ${table} WHERE (${within.where})${one} AND (${condition.where}) GROUP BY incident`
    );
  };
  return [
    ...(hours === undefined ? [] : [part('incidents', hoursCondition(hours))]),
    ...(edges.length === 0 ? [] : [part('denials', edgesCondition(edges))]),
  ];
}

function newOnly({ newSince }: CountQuery, params: Record<string, QueryParams[string]>): string[] {
  if (newSince === undefined) return [];
  params.newSince = newSince;
  params.newHour = newSince / HOUR_NS;
  return [
    `incident NOT IN (SELECT incident FROM incidents WHERE hour <= {newHour:Int32} AND first_seen < ${momentSql('newSince')})`,
  ];
}

function inState(
  state: StateWanted | undefined,
  last: string,
  params: Record<string, QueryParams[string]>,
): string[] {
  if (state === undefined) return [];
  params.openSince = state.now - state.quiet;
  const open = `${last} >= ${momentSql('openSince')}`;
  if (state.is === 'open') return [open];
  params.watchedClusters = [...state.watched.keys()];
  params.watchedSince = [...state.watched.values()];
  const watched = `toUnixTimestamp64Nano(${last}) < transform(toString(at), {watchedClusters:Array(String)}, {watchedSince:Array(Int64)}, toInt64(0))`;
  return [`NOT (${open})`, state.is === 'resolved' ? watched : `NOT (${watched})`];
}

function behind({ after }: CountQuery, params: Record<string, QueryParams[string]>): string[] {
  if (after === undefined) return [];
  params.afterValue = after.value;
  params.afterIncident = after.incident;
  return [
    `code = ${POLICY_DENY} OR value < {afterValue:Int64} OR (value = {afterValue:Int64} AND incident > {afterIncident:UInt64})`,
  ];
}
