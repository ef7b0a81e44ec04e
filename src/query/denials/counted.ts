// How often each incident was denied in a window: one pass over the whole hours of `incidents`, and over `denials` for
// what a window has beside them. A filter that asks for what only single denials have is counted there.
import type { QueryParams, Reader } from '../../store/store.ts';
import type { TimeRange } from '../range.ts';
import { type DenialCondition, namesOf } from './filter.ts';
import { edgesCondition, hoursCondition, stretchesOf } from './window.ts';

export interface Counted {
  readonly incident: bigint;
  readonly drops: number;
  readonly verdicts: number;
  /** Nanoseconds since 1970, within the window. */
  readonly first: bigint;
  readonly last: bigint;
  readonly code: number;
  readonly namesPolicy: boolean;
}

export interface CountQuery extends TimeRange {
  readonly condition: DenialCondition;
  /** Only these. */
  readonly ids?: readonly bigint[] | undefined;
  readonly by: 'last' | 'count';
  /** The latest, or most counted, of this many are kept. */
  readonly limit: number;
}

const NUMBERS = ['sum(drops)', 'sum(verdicts)'] as const;
const SAME = ['any(drop_reason_desc)', "any(policies) != ''"] as const;
const ORDER = { last: 'max(t)', count: 'greatest(sum(d), sum(v))' } as const;

export async function countIncidents(
  store: Reader,
  query: CountQuery,
  signal?: AbortSignal,
): Promise<Counted[]> {
  const { sql, params } = countStatement(query);
  const found: Counted[] = [];
  for await (const row of store.query(sql, params, signal && { signal }))
    found.push({
      incident: BigInt(String(row[0])),
      drops: Number(row[1]),
      verdicts: Number(row[2]),
      first: BigInt(String(row[3])),
      last: BigInt(String(row[4])),
      code: Number(row[5]),
      namesPolicy: Number(row[6]) === 1,
    });
  return found;
}

function countStatement(query: CountQuery): { readonly sql: string; readonly params: QueryParams } {
  const { condition, ids, by, limit, since, until } = query;
  const { hours, edges } = condition.ofIncidents
    ? stretchesOf(query)
    : { hours: undefined, edges: [{ since, until }] };
  const parts: string[] = [];
  const params: Record<string, QueryParams[string]> = { ...condition.params, limit };
  const wanted = ids === undefined ? '' : ' AND incident IN {ids:Array(UInt64)}';
  if (ids !== undefined) params.ids = ids;
  const add = (table: 'denials' | 'incidents', range: ReturnType<typeof hoursCondition>) => {
    const [first, last] = table === 'denials' ? ['time', 'last'] : ['first_seen', 'last_seen'];
    Object.assign(params, range.params);
    parts.push(
      `(${namesOf(table, condition)}SELECT incident, ${NUMBERS[0]} AS d, ${NUMBERS[1]} AS v, ` +
        `min(${first}) AS f, max(${last}) AS t, ${SAME[0]} AS code, ${SAME[1]} AS named ` +
        `FROM ${table} WHERE (${range.where})${wanted} AND (${condition.where}) GROUP BY incident)`,
    );
  };
  if (hours !== undefined) add('incidents', hoursCondition(hours));
  if (edges.length > 0) add('denials', edgesCondition(edges));
  const sql =
    'SELECT incident, sum(d), sum(v), toUnixTimestamp64Nano(min(f)), toUnixTimestamp64Nano(max(t)), any(code), any(named) ' +
    `FROM (${parts.join(' UNION ALL ')}) GROUP BY incident ORDER BY ${ORDER[by]} DESC, incident LIMIT {limit:UInt32}`;
  return { sql, params };
}
