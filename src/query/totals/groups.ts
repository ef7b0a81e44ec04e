// The first groups of a question, and what all groups have together: ranked by the engine, or, where a filter needs each
// flow to be looked at, here.
import { type Decode, number } from '../../store/rows.ts';
import { column, param, type Sql, sql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { compileSql } from '../sql/compile.ts';
import type { Dimension } from './dimensions.ts';
import { predicateFilteredGroups } from './predicate-filtered.ts';
import {
  countedRows,
  dimensionRows,
  groupBy,
  keysOf,
  listed,
  MEASURES,
  type MeasureName,
  measured,
  namedList,
  type TotalsDeps,
} from './rows.ts';
import type { TotalsQuery } from './totals-query.ts';

/** Of the measures that were asked for. */
export type Counts = Readonly<Partial<Record<MeasureName, number>>>;

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
  const read = (of: Page) =>
    readGroups(store, groupsStatement(rows.sql, shown, measures, of), ranking, deps);
  const page = await read({ order, limit, offset });
  // Behind the last group there is none that could carry the sums.
  const sums = page.count === 0 && offset > 0 ? await read({ order, limit: 1, offset: 0 }) : page;
  return { ...sums, groups: page.groups, source: rows.source };
}

type Page = Pick<Ranking, 'order' | 'limit' | 'offset'>;

/** A row a group: how many there are, its counts, the sums of all groups, and its values. */
function groupsStatement(
  rows: Sql,
  shown: readonly Sql[],
  measures: readonly MeasureName[],
  { order, limit, offset }: Page,
): Sql {
  const { names, columns } = namedList('g', shown);
  const summed = (name: MeasureName) => column(`s_${name}`);
  const joined = measures.map(
    (name) => sql`${MEASURES[name].joined(measured(name))} AS ${summed(name)}`,
  );
  const counts = measures.map(summed);
  const sums = counts.map((each) => sql`sum(${each}) OVER ()`);
  return sql`SELECT ${listed(sql`count() OVER ()`, ...counts, ...sums, ...names)}
    FROM (SELECT ${listed(...columns, ...joined)} FROM (${rows})${groupBy(names)})
    ORDER BY ${listed(sql`${summed(order)} DESC`, ...names)}
    LIMIT ${param(limit, 'UInt32')} OFFSET ${param(offset, 'UInt64')}`;
}

async function readGroups(
  store: Reader,
  statement: Sql,
  { dimensions, measures }: Ranking,
  { signal }: TotalsDeps,
): Promise<Omit<Groups, 'source'>> {
  const groups: Group[] = [];
  let count = 0;
  let total: Counts = Object.fromEntries(measures.map((name) => [name, 0]));
  const shape: Record<string, Decode<number>> = { count: number };
  for (const name of measures) shape[name] = number;
  for (const name of measures) shape[`all ${name}`] = number;
  const found = dimensionRows(store, statement, shape, dimensions, signal);
  for await (const { row, values } of found) {
    const countsOf = (prefix: string): Counts =>
      Object.fromEntries(measures.map((name) => [name, row[prefix + name] ?? 0]));
    count = row.count ?? 0;
    total = countsOf('all ');
    groups.push({ values, counts: countsOf('') });
  }
  return { groups, count, total };
}
