// Two windows side by side: of each group, what it has in the one and in the other.
import type { QueryParams } from '../../store/store.ts';
import type { CompiledFilter } from '../sql/compile.ts';
import type { Dimension } from './dimensions.ts';
import { countedRows, keysOf, type MeasureName, type TotalsDeps, type Window } from './rows.ts';

export interface Pairs {
  /** Columns `g0`…, `now` and `before`, a row a group. */
  readonly sql: string;
  readonly params: QueryParams;
  readonly names: readonly string[];
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
  const names = dimensions.map((_, index) => `g${index}`);
  const columns = shown.map((sql, index) => `${sql} AS g${index}`);
  return {
    sql:
      `SELECT ${[...columns, `sumIf(m_${measure}, w = 0) AS now`, `sumIf(m_${measure}, w = 1) AS before`].join(', ')} ` +
      `FROM (${rows.sql})${names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`}`,
    params: rows.params,
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
