// Flows of one or several windows, grouped and counted: whole slots from `flow_totals` where that table has what is
// asked, the rest from `flows`, in one statement. Both ways count the same.
import { readRow, type Shape } from '../../store/rows.ts';
import {
  anyOf,
  column,
  EMPTY,
  join,
  param,
  type Sql,
  sameSql,
  sql,
  table,
} from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { BETWEEN_ADDRESSES, CONVERSATION } from '../connections/keys.ts';
import { inRange, slotBounds, slotOf, type TimeRange } from '../read/range.ts';
import type { CompiledFilter } from '../sql/compile.ts';
import type { TotalsConfig } from './config.ts';
import type { Dimension, Key } from './dimensions.ts';
import { AUDITED, DENIED, DROPPED_FLOW, withNames } from './expressions.ts';
import { readsReportedEnds, totalsCanFilter } from './filter-columns.ts';
import type { TotalsWatermark } from './totals-watermark.ts';

/** Nanoseconds since 1970, both ends included. */
export type Window = Required<{ readonly [K in keyof TimeRange]: bigint }>;

interface Measure {
  readonly flows: Sql;
  readonly totals?: Sql;
  /** How what was counted apart is put together. */
  readonly joined: (counted: Sql) => Sql;
}

const sum = (counted: Sql) => sql`sum(${counted})`;
const counted = (condition: Sql): Measure => ({
  flows: sql`countIf(${condition})`,
  totals: sql`sumIf(flow_totals.flows, ${condition})`,
  joined: sum,
});

export const MEASURES = {
  flows: { flows: sql`count()`, totals: sql`sum(flow_totals.flows)`, joined: sum },
  denied: counted(DENIED),
  dropped: counted(DROPPED_FLOW),
  audited: counted(AUDITED),
  /** Distinct conversations: both ways between two addresses and ports. */
  connections: {
    flows: sql`uniqExactIfState(${CONVERSATION}, ${BETWEEN_ADDRESSES})`,
    joined: (counted) => sql`uniqExactIfMerge(${counted})`,
  },
  first: {
    flows: sql`min(toUnixTimestamp64Nano(time))`,
    joined: (counted) => sql`min(${counted})`,
  },
  last: {
    flows: sql`max(toUnixTimestamp64Nano(time))`,
    joined: (counted) => sql`max(${counted})`,
  },
} as const satisfies Readonly<Record<string, Measure>>;

export type MeasureName = keyof typeof MEASURES;

/** What every answer needs beside its question. */
export interface TotalsDeps {
  readonly config: TotalsConfig;
  readonly watermark: TotalsWatermark;
  readonly signal?: AbortSignal | undefined;
}

export interface Counting {
  readonly windows: readonly Window[];
  readonly filter: Pick<CompiledFilter, 'condition' | 'exact'>;
  readonly keys: readonly Key[];
  readonly measures: readonly MeasureName[];
}

export interface CountedRows {
  /** Columns `w` (number of the window), `k0`…, one a key, and one a measure, `m_flows`… */
  readonly sql: Sql;
  readonly source: 'totals' | 'flows';
}

/** Dimensions in one question: a key that several of them need is grouped by once. */
export function keysOf(dimensions: readonly Pick<Dimension, 'keys' | 'shown'>[]): {
  readonly keys: readonly Key[];
  /** The dimensions' values, as SQL over what was counted. */
  readonly shown: readonly Sql[];
} {
  const keys: Key[] = [];
  const nameOf = (key: Key) => {
    const known = keys.findIndex(({ flows }) => sameSql(flows, key.flows));
    return numbered('k', known === -1 ? keys.push(key) - 1 : known);
  };
  const shown = dimensions.map((dimension) => dimension.shown(...dimension.keys.map(nameOf)));
  return { keys, shown };
}

/** Name of a column that a statement makes, such as `k0`. */
export function numbered(letter: 'k' | 'g' | 'e', index: number): Sql {
  return column(`${letter}${index}`);
}

/** Names and values of a SELECT list. */
export function namedList(letter: 'g' | 'e', values: readonly Sql[]) {
  const names = values.map((_, index) => numbered(letter, index));
  const columns = values.map((value, index) => sql`${value} AS ${numbered(letter, index)}`);
  return { names, columns };
}

/** Parts of a list, separated by commas. */
export function listed(...parts: readonly Sql[]): Sql {
  return join(parts, sql`, `);
}

export function groupBy(names: readonly Sql[]): Sql {
  return names.length === 0 ? EMPTY : sql` GROUP BY ${listed(...names)}`;
}

export function measured(name: MeasureName): Sql {
  return column(`m_${name}`);
}

/** Rows with the columns of `shape`, and then a value of each dimension. */
export async function* dimensionRows<S extends Shape>(
  store: Reader,
  statement: Sql,
  shape: S,
  dimensions: readonly Dimension[],
  signal: AbortSignal | undefined,
) {
  const at = Object.keys(shape).length;
  for await (const row of store.query(statement, {}, { signal })) {
    const values = dimensions.map(
      ({ name, print }, index) => [name, print(row[at + index])] as const,
    );
    yield { row: readRow(shape, row), values: Object.fromEntries(values) };
  }
}

interface Slots {
  readonly from: bigint;
  readonly to: bigint;
}

interface Branch {
  readonly table: 'flows' | 'flow_totals';
  readonly window: number;
  readonly where: Sql;
}

export async function countedRows(
  { windows, filter, keys, measures }: Counting,
  deps: TotalsDeps,
): Promise<CountedRows> {
  const inTotals =
    totalsCanFilter(filter) &&
    keys.every(({ totals }) => totals !== undefined) &&
    measures.every((name) => 'totals' in MEASURES[name]);
  const { watermark, signal } = deps;
  const since = readsReportedEnds(filter) ? watermark.reportedSince : watermark.since;
  const branches: Branch[] = [];
  for (const [index, window] of windows.entries()) {
    const whole = inTotals ? wholeSlots(window) : undefined;
    const slots = whole && { ...whole, from: await since(whole.from, whole.to, signal) };
    branches.push(...branchesOf(index, window, slots));
  }
  const names = keys.map((_, index) => numbered('k', index));
  const selects = branches.map((branch) => {
    const of = branch.table === 'flows' ? 'flows' : 'totals';
    const columns = [
      sql`toUInt8(${branch.window}) AS w`,
      ...keys.map((key, index) => sql`${key[of] ?? EMPTY} AS ${numbered('k', index)}`),
      ...measures.map((name) => sql`${measureSql(name, of)} AS ${measured(name)}`),
    ];
    const select = sql`SELECT ${listed(...columns)} FROM ${table(branch.table)}
      WHERE (${branch.where}) AND (${filter.condition})${groupBy(names)}
      SETTINGS max_rows_to_group_by = ${deps.config.maxCounted}, group_by_overflow_mode = 'throw'`;
    return of === 'flows' ? withNames(select) : select;
  });
  return {
    sql: join(selects, sql` UNION ALL `),
    source: branches.some(({ table }) => table === 'flow_totals') ? 'totals' : 'flows',
  };
}

function measureSql(name: MeasureName, of: 'flows' | 'totals'): Sql {
  const measure: Measure = MEASURES[name];
  return (of === 'totals' ? measure.totals : measure.flows) ?? sql`0`;
}

/** The window cut at the edges of the slots that are read from the totals. */
function branchesOf(index: number, window: Window, slots: Slots | undefined): Branch[] {
  const { since, until } = window;
  if (slots === undefined || slots.from > slots.to)
    return [{ table: 'flows', window: index, where: inRange('flows', window) }];
  const { from, to } = slots;
  const { first } = slotBounds(from);
  const { last } = slotBounds(to);
  const edges = [
    ...(since < first ? [inRange('flows', { since, until: first - 1n })] : []),
    ...(until > last ? [inRange('flows', { since: last + 1n, until })] : []),
  ];
  const where = sql`time_slot BETWEEN ${param(from, 'Int32')} AND ${param(to, 'Int32')}`;
  return [
    { table: 'flow_totals', window: index, where },
    // One statement for both: working out a statement costs more than an edge has rows.
    ...(edges.length === 0
      ? []
      : [{ table: 'flows' as const, window: index, where: anyOf(edges) }]),
  ];
}

/** Slots that lie in the window from end to end. */
function wholeSlots({ since, until }: Window): Slots | undefined {
  const first = slotOf(since);
  const last = slotOf(until);
  const from = slotBounds(first).first === since ? first : first + 1n;
  const to = slotBounds(last).last === until ? last : last - 1n;
  return from <= to ? { from, to } : undefined;
}
