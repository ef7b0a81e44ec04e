// Aggregates: flows counted by up to six dimensions, the busiest groups first, and what is left out of them.
import type { Reader } from '../../store/store.ts';
import { checkWindow, rate, shareOf, type TotalsQuery } from './ask.ts';
import { dimensionsNamed } from './dimensions.ts';
import { type Counts, type Group, rankedGroups } from './groups.ts';
import type { MeasureName, TotalsDeps } from './rows.ts';

export interface AggregatesQuery extends TotalsQuery {
  readonly by: readonly string[];
  readonly order: 'flows' | 'denied' | 'dropped' | 'audited' | 'connections';
  readonly limit: number;
  readonly offset: number;
  /** Distinct conversations too: all flows are read for them. */
  readonly connections: boolean;
}

export interface Told {
  readonly flows: number;
  readonly denied: number;
  readonly dropped: number;
  readonly audited: number;
  /** Of all flows in the window that pass the filters, 0 to 1. */
  readonly share: number;
  /** Flows a second. */
  readonly rate: number;
  readonly connections?: number;
}

export interface ToldGroup extends Told {
  readonly values: Group['values'];
}

export interface Aggregates {
  readonly by: readonly string[];
  readonly source: 'totals' | 'flows';
  readonly groups: readonly ToldGroup[];
  /** All groups there are. */
  readonly count: number;
  readonly total: Told;
  /** What is in no group of this answer. */
  readonly other: Told & { readonly groups: number };
}

const COUNTED: readonly MeasureName[] = ['flows', 'denied', 'dropped', 'audited'];

export async function queryAggregates(
  store: Reader,
  query: AggregatesQuery,
  deps: TotalsDeps,
): Promise<Aggregates> {
  checkWindow(query);
  const { by, order, limit, offset } = query;
  const withConnections = query.connections || order === 'connections';
  const measures = withConnections ? [...COUNTED, 'connections' as const] : COUNTED;
  const dimensions = dimensionsNamed('by', by);
  const ranking = { dimensions, measures, order, limit, offset };
  const { groups, count, total, source } = await rankedGroups(store, query, ranking, deps);
  return aggregatesOf({ by, groups, count, total, source }, query);
}

/** The same of groups that were counted elsewhere. */
export function aggregatesOf(
  found: {
    readonly by: readonly string[];
    readonly groups: readonly Group[];
    readonly count: number;
    readonly total: Counts;
    readonly source: 'totals' | 'flows';
  },
  window: Pick<TotalsQuery, 'since' | 'until'>,
): Aggregates {
  const { by, groups, count, source } = found;
  // A conversation may have flows in several groups: its sum over groups says nothing.
  const { connections: _, ...total } = found.total;
  return {
    by,
    source,
    groups: groups.map(({ values, counts }) => ({
      values,
      ...toldOf(counts, total.flows, window),
    })),
    count,
    total: toldOf(total, total.flows, window),
    other: { groups: count - groups.length, ...toldOf(leftOf(groups, total), total.flows, window) },
  };
}

function leftOf(groups: readonly Group[], total: Partial<Counts>): Partial<Counts> {
  return Object.fromEntries(
    Object.entries(total).map(([name, all]) => [
      name,
      groups.reduce((left, { counts }) => left - (counts[name as MeasureName] ?? 0), all),
    ]),
  );
}

export function toldOf(
  counts: Partial<Counts>,
  all: number,
  window: Pick<TotalsQuery, 'since' | 'until'>,
): Told {
  const { flows = 0, denied = 0, dropped = 0, audited = 0, connections } = counts;
  return {
    flows,
    denied,
    dropped,
    audited,
    share: shareOf(flows, all),
    rate: rate(flows, window),
    ...(connections !== undefined && { connections }),
  };
}
