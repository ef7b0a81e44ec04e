// The first groups of a question, and what all groups have together: ranked by the engine, or, where a filter needs each
// flow to be looked at, here.
import { textSql } from '../../store/sql.ts';
import type { QueryParams, Reader } from '../../store/store.ts';
import { compileSql } from '../sql/compile.ts';
import type { Dimension } from './dimensions.ts';
import { predicateFilteredGroups } from './predicate-filtered.ts';
import {
  COUNTED_TABLES,
  countedRows,
  keysOf,
  MEASURES,
  type MeasureName,
  type TotalsDeps,
} from './rows.ts';
import type { TotalsQuery } from './totals-query.ts';

export type Counts = Readonly<Record<MeasureName, number>>;

export interface Group {
  readonly values: Readonly<Record<string, string | number>>;
  readonly counts: Counts;
}

export interface Groups {
  readonly groups: readonly Group[];
  /** How many there are in all. */
  readonly count: number;
  readonly total: Counts;
  readonly source: 'totals' | 'flows';
}

export interface Ranking {
  readonly dimensions: readonly Dimension[];
  readonly measures: readonly MeasureName[];
  readonly order: MeasureName;
  readonly limit: number;
  readonly offset: number;
}

export async function rankedGroups(
  store: Reader,
  query: TotalsQuery,
  ranking: Ranking,
  deps: TotalsDeps,
): Promise<Groups> {
  const filter = compileSql(query.whitelist, query.blacklist);
  if (!filter.exact) return predicateFilteredGroups(store, query, ranking, deps);
  const { dimensions, measures, order, limit, offset } = ranking;
  const { keys, shown } = keysOf(dimensions);
  const rows = await countedRows({ windows: [query], filter, keys, measures }, deps);
  const found = { ...rows, dimensions, shown, measures };
  const page = await readGroups(store, found, { order, limit, offset }, deps);
  // Behind the last group there is none that could carry the sums.
  const sums =
    page.count === 0 && offset > 0
      ? await readGroups(store, found, { order, limit: 1, offset: 0 }, deps)
      : page;
  return { ...sums, groups: page.groups, source: rows.source };
}

async function readGroups(
  store: Reader,
  rows: {
    readonly sql: string;
    readonly params: QueryParams;
    readonly dimensions: readonly Dimension[];
    readonly shown: readonly string[];
    readonly measures: readonly MeasureName[];
  },
  { order, limit, offset }: Pick<Ranking, 'order' | 'limit' | 'offset'>,
  { signal }: TotalsDeps,
): Promise<Omit<Groups, 'source'>> {
  const { dimensions, shown, measures } = rows;
  const names = dimensions.map((_, index) => `g${index}`);
  const joined = measures.map((name) => `${MEASURES[name].joined(`m_${name}`)} AS s_${name}`);
  const grouped =
    `SELECT ${[...shown.map((sql, index) => `${sql} AS g${index}`), ...joined].join(', ')} ` +
    `FROM (${rows.sql})${names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`}`;
  const summed = measures.map((name) => `sum(s_${name}) OVER ()`);
  const sql =
    `SELECT ${[...names, ...measures.map((name) => `s_${name}`), 'count() OVER ()', ...summed].join(', ')} ` +
    `FROM (${grouped}) ORDER BY ${[`s_${order} DESC`, ...names].join(', ')} LIMIT {groupLimit:UInt32} OFFSET {groupOffset:UInt64}`;
  const params = { ...rows.params, groupLimit: limit, groupOffset: offset };
  const groups: Group[] = [];
  let count = 0;
  let total = noCounts(measures);
  for await (const row of store.query(textSql(sql, params, COUNTED_TABLES), {}, { signal })) {
    const behind = names.length + measures.length;
    count = Number(row[behind]);
    total = countsOf(measures, row, behind + 1);
    groups.push({
      values: Object.fromEntries(
        dimensions.map(({ name, print }, index) => [name, print(row[index])]),
      ),
      counts: countsOf(measures, row, names.length),
    });
  }
  return { groups, count, total };
}

export function noCounts(measures: readonly MeasureName[]): Counts {
  return Object.fromEntries(measures.map((name) => [name, 0])) as Counts;
}

function countsOf(measures: readonly MeasureName[], row: readonly unknown[], at: number): Counts {
  return Object.fromEntries(
    measures.map((name, index) => [name, Number(row[at + index])]),
  ) as Counts;
}
