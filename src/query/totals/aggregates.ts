// Aggregates: flows counted by up to six dimensions, the busiest groups first, and compared with the window before on
// request. `top` is the same with other defaults.
import { timeText } from '../../hubble/proto/timestamp.ts';
import { inputError } from '../../runtime/errors.ts';
import { number } from '../../store/rows.ts';
import { param, sql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import type { Document } from '../request/document.ts';
import { compileSql } from '../sql/compile.ts';
import { type Dimension, dimensionsNamed } from './dimensions.ts';
import { type Counts, type Group, rankedGroups } from './groups.ts';
import { changeOf, pairedGroups, previousWindow } from './pairs.ts';
import { dimensionRows, listed, type MeasureName, type TotalsDeps, type Window } from './rows.ts';
import type { topOutput } from './schema.ts';
import { checkWindow, rate, shareOf, type TotalsQuery } from './totals-query.ts';

export interface AggregatesQuery extends TotalsQuery {
  readonly by: readonly string[];
  readonly order: 'flows' | 'denied' | 'dropped' | 'audited' | 'connections';
  readonly limit: number;
  readonly offset: number;
  /** Count distinct conversations too: all flows are read for them. */
  readonly connections: boolean;
  /** Add the value of each group in the window of the same length right before. */
  readonly compare?: boolean;
}

/** `before` and `change` of groups only with `compare`. */
export type Aggregates = Document<typeof topOutput>;
export type AggregateRow = Aggregates['groups'][number];

const COUNTED: readonly MeasureName[] = ['flows', 'denied', 'dropped', 'audited'];

export async function queryAggregates(
  store: Reader,
  query: AggregatesQuery,
  deps: TotalsDeps,
): Promise<Aggregates> {
  checkWindow(query);
  const { by, order, limit, offset, compare = false } = query;
  if (compare && order === 'connections')
    throw inputError('compare: connections of two windows cannot be compared', {
      field: 'compare',
    });
  const withConnections = query.connections || order === 'connections';
  const measures = withConnections ? [...COUNTED, 'connections' as const] : COUNTED;
  const dimensions = dimensionsNamed('by', by);
  const ranking = { dimensions, measures, order, limit, offset };
  const { groups, count, total: sums, source } = await rankedGroups(store, query, ranking, deps);
  // A conversation may have flows in several groups: a sum of connections over groups is meaningless.
  const { connections: _, ...total } = sums;
  const countsOf = (counts: Counts) => countsWithShare(counts, total.flows ?? 0, query);
  const found: Aggregates = {
    by,
    source,
    groups: groups.map(({ values, counts }) => ({ values, ...countsOf(counts) })),
    count,
    total: countsOf(total),
    other: { groups: count - groups.length, ...countsOf(leftOf(groups, total)) },
  };
  return compare ? compared(store, query, found, dimensions, deps) : found;
}

function leftOf(groups: readonly Group[], total: Counts): Counts {
  return Object.fromEntries(
    COUNTED.map((name) => [
      name,
      groups.reduce((left, { counts }) => left - (counts[name] ?? 0), total[name] ?? 0),
    ]),
  );
}

function countsWithShare(counts: Counts, all: number, window: Window) {
  const { flows = 0, denied = 0, dropped = 0, audited = 0, connections } = counts;
  return {
    ...{ flows, denied, dropped, audited },
    share: shareOf(flows, all),
    rate: rate(flows, window),
    ...(connections !== undefined && { connections }),
  };
}

/** Values of groups in the window before, by `keyOf`, and the sum of all groups. */
interface Before {
  readonly values: ReadonlyMap<string, number>;
  readonly total: number;
}

async function compared(
  store: Reader,
  query: AggregatesQuery,
  found: Aggregates,
  dimensions: readonly Dimension[],
  deps: TotalsDeps,
): Promise<Aggregates> {
  const { by, order } = query;
  const window = previousWindow(query);
  const { exact } = compileSql(query.whitelist, query.blacklist);
  const { values, total } = exact
    ? await pairedBefore(store, query, window, dimensions, deps)
    : await filteredBefore(store, { ...query, ...window, compare: false }, deps);
  return {
    ...found,
    groups: found.groups.map((group) => {
      const before = values.get(keyOf(group, by)) ?? 0;
      const change = changeOf(group[order] ?? 0, before);
      return { ...group, before, ...(change !== undefined && { change }) };
    }),
    before: { since: timeText(window.since), until: timeText(window.until), total },
  };
}

/** Reads the values before of the groups that are first now. */
async function pairedBefore(
  store: Reader,
  query: AggregatesQuery,
  before: Window,
  dimensions: readonly Dimension[],
  deps: TotalsDeps,
): Promise<Before> {
  const filter = compileSql(query.whitelist, query.blacklist);
  const asked = { now: query, before, filter, dimensions, measure: query.order };
  const pairs = await pairedGroups(asked, deps);
  const statement = sql`SELECT sum(before) OVER (), before, ${listed(...pairs.names)} FROM (${pairs.sql})
    ORDER BY ${listed(sql`now DESC`, ...pairs.names)} LIMIT ${param(query.limit, 'UInt32')}`;
  const shape = { all: number, had: number };
  const found = new Map<string, number>();
  let total = 0;
  for await (const { row, values } of dimensionRows(
    store,
    statement,
    shape,
    dimensions,
    deps.signal,
  )) {
    total = row.all;
    found.set(keyOf({ values }, query.by), row.had);
  }
  return { values: found, total };
}

async function filteredBefore(
  store: Reader,
  query: AggregatesQuery,
  deps: TotalsDeps,
): Promise<Before> {
  const { by, order } = query;
  const every = { ...query, limit: deps.config.maxCounted };
  const { groups, total } = await queryAggregates(store, every, deps);
  const values = new Map(groups.map((group) => [keyOf(group, by), group[order] ?? 0]));
  return { values, total: total[order] ?? 0 };
}

function keyOf({ values }: Pick<AggregateRow, 'values'>, by: readonly string[]): string {
  return JSON.stringify(by.map((name) => values[name]));
}
