// Counts the denials of each incident in a window: whole hours from `incidents`, the edges from `denials`, and everything
// from `denials` with a filter on columns that only they have. Sorting and paging are part of the statement.

import { DropReason } from '../../hubble/proto/schema.gen.ts';
import type { IncidentState } from '../../incident/incident.ts';
import { HOUR_NS, later } from '../../runtime/time.ts';
import { allRows, bigint, flag, number, type Row } from '../../store/rows.ts';
import { allOf, EMPTY, join, param, type Sql, sql, table } from '../../store/sql.ts';
import type { QueryOptions, Reader } from '../../store/store.ts';
import { type TimeRange, timeSql } from '../read/range.ts';
import type { IncidentCursor, Sort } from './cursor.ts';
import { type DenialCondition, namesOf } from './filter.ts';
import type { WatchedSince } from './watched.ts';
import { edgesCondition, hoursCondition, windowParts } from './window.ts';

const COUNTED = {
  incident: bigint,
  drops: number,
  verdicts: number,
  first: bigint,
  last: bigint,
  code: number,
  namesPolicy: flag,
  value: bigint,
};
/** `first` and `last` are nanoseconds since 1970, within the window; `value` is what it is sorted by: a time or a count. */
export type Counted = Row<typeof COUNTED>;

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

export function countIncidents(
  store: Reader,
  query: CountQuery,
  options?: QueryOptions,
): Promise<Counted[]> {
  return allRows(store, countStatement(query), COUNTED, options);
}

const VALUE: Readonly<Record<Sort, Sql>> = {
  last: sql`toUnixTimestamp64Nano(t)`,
  count: sql`toInt64(greatest(d, v))`,
  first: sql`toUnixTimestamp64Nano(ever_first)`,
};

function countStatement(query: CountQuery): Sql {
  const { sort, limit, most, state, until } = query;
  const counted = sql`SELECT incident, sum(d) AS d, sum(v) AS v, min(f) AS f, max(t) AS t, any(code) AS code,
      any(named) AS named, any(at) AS at
    FROM (${join(partsOf(query), sql` UNION ALL `)}) GROUP BY incident`;
  // A window that goes up to now holds the last of what it holds.
  const beyond = state !== undefined && until !== undefined && until < state.now;
  const ever =
    sort === 'first' || beyond
      ? sql`INNER JOIN (SELECT incident, min(first_seen) AS ever_first, max(last_seen) AS ever_last
          FROM ${table('incidents')} GROUP BY incident) AS ever USING (incident)`
      : EMPTY;
  const wanted = allOf([
    ...newOnly(query),
    ...inState(state, beyond ? sql`ever_last` : sql`t`),
    ...behind(query),
  ]);
  // What a deny rule denied may have to be counted together, wherever it would stand.
  return sql`SELECT incident, d, v, toUnixTimestamp64Nano(f), toUnixTimestamp64Nano(t), code, named, ${VALUE[sort]} AS value
    FROM (${counted}) AS counted ${ever} WHERE ${wanted} ORDER BY value DESC, incident
    LIMIT ${param(limit, 'UInt32')} BY if(code = ${POLICY_DENY}, incident, 0) LIMIT ${param(most, 'UInt32')}`;
}

/** What is counted, grouped within each table. */
function partsOf({ condition, ids, since, until, newSince }: CountQuery): Sql[] {
  // What is new was not seen before, so nothing of it is left out.
  const from =
    since === undefined || newSince === undefined ? (newSince ?? since) : later(since, newSince);
  const range = { since: from, until };
  const { hours, edges } = condition.ofIncidents
    ? windowParts(range)
    : { hours: undefined, edges: [range] };
  const one = ids === undefined ? EMPTY : sql` AND incident IN ${param(ids, 'Array(UInt64)')}`;
  const part = (name: 'denials' | 'incidents', first: Sql, last: Sql, within: Sql) =>
    sql`${namesOf(name, condition)}SELECT incident, sum(drops) AS d, sum(verdicts) AS v, min(${first}) AS f,
        max(${last}) AS t, any(drop_reason_desc) AS code, any(policies) != '' AS named, any(cluster) AS at
      FROM ${table(name)} WHERE (${within})${one} AND (${condition.where}) GROUP BY incident`;
  // A denial lasts for seconds: of a whole day the second column of times is not worth reading.
  const lastOfDenial = condition.ofIncidents ? sql`last` : sql`time`;
  return [
    ...(hours === undefined
      ? []
      : [part('incidents', sql`first_seen`, sql`last_seen`, hoursCondition(hours))]),
    ...(edges.length === 0
      ? []
      : [part('denials', sql`time`, lastOfDenial, edgesCondition(edges))]),
  ];
}

function newOnly({ newSince }: CountQuery): Sql[] {
  if (newSince === undefined) return [];
  return [
    sql`incident NOT IN (SELECT incident FROM ${table('incidents')}
      WHERE hour <= ${param(newSince / HOUR_NS, 'Int32')} AND first_seen < ${timeSql(newSince)})`,
  ];
}

function inState(state: StateWanted | undefined, last: Sql): Sql[] {
  if (state === undefined) return [];
  const open = sql`${last} >= ${timeSql(state.now - state.quiet)}`;
  if (state.is === 'open') return [open];
  const clusters = param([...state.watched.keys()], 'Array(String)');
  const since = param([...state.watched.values()], 'Array(Int64)');
  const watched = sql`toUnixTimestamp64Nano(${last}) < transform(toString(at), ${clusters}, ${since}, toInt64(0))`;
  return [sql`NOT (${open})`, state.is === 'resolved' ? watched : sql`NOT (${watched})`];
}

function behind({ after }: CountQuery): Sql[] {
  if (after === undefined) return [];
  const value = param(after.value, 'Int64');
  return [
    sql`code = ${POLICY_DENY} OR value < ${value} OR (value = ${value} AND incident > ${param(after.incident, 'UInt64')})`,
  ];
}
