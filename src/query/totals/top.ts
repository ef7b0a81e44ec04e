// The busiest of one or two dimensions, and, where asked, how busy they were in the window before.
import { inputError } from '../../runtime/errors.ts';
import type { Reader } from '../../store/store.ts';
import { compileSql } from '../sql/compile.ts';
import { type Aggregates, queryAggregates, type ToldGroup } from './aggregates.ts';
import { checkWindow, moment, type TotalsQuery } from './ask.ts';
import { type Dimension, dimensionsNamed } from './dimensions.ts';
import { changeOf, pairedGroups, previousWindow } from './pairs.ts';
import type { TotalsDeps, Window } from './rows.ts';

/** Dimensions at most. */
export const MOST_OF_TOP = 2;

export interface TopQuery extends TotalsQuery {
  readonly by: readonly string[];
  readonly order: 'flows' | 'denied' | 'dropped' | 'audited' | 'connections';
  readonly limit: number;
  /** Tell what each had in the window of the same length before. */
  readonly compare: boolean;
}

export interface TopGroup extends ToldGroup {
  /** The measure that is ordered by, in the window before. */
  readonly before?: number;
  /** How many times as much as before; absent when there was nothing. */
  readonly change?: number;
}

export interface Top extends Omit<Aggregates, 'groups'> {
  readonly groups: readonly TopGroup[];
  /** The window before, when it was asked for. */
  readonly before?: { readonly since: string; readonly until: string; readonly total: number };
}

export async function queryTop(store: Reader, query: TopQuery, deps: TotalsDeps): Promise<Top> {
  checkWindow(query);
  const { by, order, compare, limit } = query;
  if (compare && order === 'connections')
    throw inputError('compare: connections of two windows cannot be compared', {
      field: 'compare',
    });
  const dimensions = dimensionsNamed('by', by, MOST_OF_TOP);
  const asked = { ...query, offset: 0, connections: false };
  const found = await queryAggregates(store, asked, deps);
  if (!compare) return found;
  const window = previousWindow(query);
  const exact = compileSql(query.whitelist, query.blacklist).exact;
  const { had, total } = exact
    ? await pairedBefore(store, query, window, dimensions, deps)
    : await judgedBefore(store, { ...asked, ...window }, deps);
  return {
    ...found,
    groups: found.groups.slice(0, limit).map((group) => {
      const value = had.get(keyOf(group, by)) ?? 0;
      const change = changeOf(group[order] ?? 0, value);
      return { ...group, before: value, ...(change !== undefined && { change }) };
    }),
    before: { since: moment(window.since), until: moment(window.until), total },
  };
}

interface Before {
  readonly had: ReadonlyMap<string, number>;
  /** Of all groups. */
  readonly total: number;
}

/** What the first groups had before, in the order they have now. */
async function pairedBefore(
  store: Reader,
  query: TopQuery,
  before: Window,
  dimensions: readonly Dimension[],
  deps: TotalsDeps,
): Promise<Before> {
  const filter = compileSql(query.whitelist, query.blacklist);
  const asked = { now: query, before, filter, dimensions, measure: query.order };
  const { sql, params, names } = await pairedGroups(asked, deps);
  const rows = store.query(
    `SELECT *, sum(before) OVER () FROM (${sql}) ORDER BY ${['now DESC', ...names].join(', ')} LIMIT {groupLimit:UInt32}`,
    { ...params, groupLimit: query.limit },
    deps.signal && { signal: deps.signal },
  );
  const had = new Map<string, number>();
  let total = 0;
  for await (const row of rows) {
    total = Number(row[names.length + 2]);
    const cells = dimensions.map(({ print }, index) => print(row[index]));
    had.set(JSON.stringify(cells), Number(row[names.length + 1]));
  }
  return { had, total };
}

async function judgedBefore(
  store: Reader,
  before: Parameters<typeof queryAggregates>[1],
  deps: TotalsDeps,
): Promise<Before> {
  const every = { ...before, limit: deps.config.maxCounted };
  const { groups, by, total } = await queryAggregates(store, every, deps);
  const had = new Map(groups.map((group) => [keyOf(group, by), group[before.order] ?? 0]));
  return { had, total: total[before.order] ?? 0 };
}

function keyOf({ values }: ToldGroup, by: readonly string[]): string {
  return JSON.stringify(by.map((name) => values[name]));
}
