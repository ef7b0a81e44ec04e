// Two windows side by side: of each group, what it has in the one and in the other.
import { type Sql, sql } from '../../store/sql.ts';
import type { CompiledFilter } from '../sql/compile.ts';
import type { Dimension } from './dimensions.ts';
import {
  countedRows,
  groupBy,
  keysOf,
  listed,
  type MeasureName,
  measured,
  namedList,
  type TotalsDeps,
  type Window,
} from './rows.ts';

export interface Pairs {
  /** Columns `g0`…, `now` and `before`, a row a group. */
  readonly sql: Sql;
  readonly names: readonly Sql[];
  readonly source: 'totals' | 'flows';
}

export async function pairedGroups(
  asked: {
    readonly now: Window;
    readonly before: Window;
    readonly filter: CompiledFilter;
    readonly dimensions: readonly Dimension[];
    readonly measure: MeasureName;
  },
  deps: TotalsDeps,
): Promise<Pairs> {
  const { now, before, filter, dimensions, measure } = asked;
  const { keys, shown } = keysOf(dimensions);
  const counting = { windows: [now, before], filter, keys, measures: [measure] };
  const rows = await countedRows(counting, deps);
  const { names, columns } = namedList('g', shown);
  const counted = measured(measure);
  const values = [sql`sumIf(${counted}, w = 0) AS now`, sql`sumIf(${counted}, w = 1) AS before`];
  return {
    sql: sql`SELECT ${listed(...columns, ...values)} FROM (${rows.sql})${groupBy(names)}`,
    names,
    source: rows.source,
  };
}

/** The window of the same length right before. */
export function previousWindow({ since, until }: Window): Window {
  return { since: since - (until - since), until: since - 1n };
}

/** How many times as much as before: 1 is the same; undefined when there was nothing. */
export function changeOf(now: number, before: number): number | undefined {
  return before === 0 ? undefined : Math.round((now / before) * 1000) / 1000;
}
