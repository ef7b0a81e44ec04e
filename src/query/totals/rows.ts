// Flows of one or several windows, grouped and counted: whole slots from `flow_totals` where that table has what is
// asked, the rest from `flows`, in one statement. Both ways count the same.
import type { QueryParams } from '../../store/store.ts';
import { BETWEEN_ADDRESSES, CONVERSATION } from '../connections/keys.ts';
import { rangeCondition, slotBounds, slotOf, type TimeRange } from '../read/range.ts';
import type { CompiledFilter } from '../sql/compile.ts';
import type { TotalsConfig } from './config.ts';
import type { Dimension, Key } from './dimensions.ts';
import { AUDITED, DENIED, DROPPED_FLOW, withNames } from './expressions.ts';
import { readsReportedEnds, totalsCanFilter } from './filter-columns.ts';
import type { TotalsWatermark } from './totals-watermark.ts';

/** Nanoseconds since 1970, both ends included. */
export type Window = Required<{ readonly [K in keyof TimeRange]: bigint }>;

interface Measure {
  readonly flows: string;
  readonly totals?: string;
  /** How what was counted apart is put together. */
  readonly joined: (column: string) => string;
}

const sum = (column: string) => `sum(${column})`;
const counted = (condition: string): Measure => ({
  flows: `countIf(${condition})`,
  totals: `sumIf(flow_totals.flows, ${condition})`,
  joined: sum,
});

export const MEASURES = {
  flows: { flows: 'count()', totals: 'sum(flow_totals.flows)', joined: sum },
  denied: counted(DENIED),
  dropped: counted(DROPPED_FLOW),
  audited: counted(AUDITED),
  /** Distinct conversations: both ways between two addresses and ports. */
  connections: {
    flows: `uniqExactIfState(${CONVERSATION.render().text}, ${BETWEEN_ADDRESSES.render().text})`,
    joined: (column) => `uniqExactIfMerge(${column})`,
  },
  first: {
    flows: 'min(toUnixTimestamp64Nano(time))',
    joined: (column) => `min(${column})`,
  },
  last: {
    flows: 'max(toUnixTimestamp64Nano(time))',
    joined: (column) => `max(${column})`,
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
  readonly filter: CompiledFilter;
  readonly keys: readonly Key[];
  readonly measures: readonly MeasureName[];
}

/** Tables that a statement of `countedRows` may read. */
export const COUNTED_TABLES = ['flows', 'flow_totals'] as const;

export interface CountedRows {
  /** Columns `w` (number of the window), `k0`…, one a key, and one a measure, `m_flows`… */
  readonly sql: string;
  readonly params: QueryParams;
  readonly source: 'totals' | 'flows';
}

/** Dimensions in one question: a key that several of them need is grouped by once. */
export function keysOf(dimensions: readonly Pick<Dimension, 'keys' | 'shown'>[]): {
  readonly keys: readonly Key[];
  /** The dimensions' values, as SQL over what was counted. */
  readonly shown: readonly string[];
} {
  const keys = new Map<string, Key>();
  for (const dimension of dimensions) for (const key of dimension.keys) keys.set(key.flows, key);
  const names = new Map([...keys.keys()].map((sql, index) => [sql, `k${index}`]));
  return {
    keys: [...keys.values()],
    shown: dimensions.map((dimension) =>
      dimension.shown(...dimension.keys.map(({ flows }) => names.get(flows) ?? '')),
    ),
  };
}

interface Slots {
  readonly from: bigint;
  readonly to: bigint;
}

interface Branch {
  readonly table: 'flows' | 'flow_totals';
  readonly window: number;
  readonly where: string;
  readonly params: QueryParams;
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
  const limit = `SETTINGS max_rows_to_group_by = ${deps.config.maxCounted}, group_by_overflow_mode = 'throw'`;
  const selects = branches.map(({ table, window, where }) => {
    const of = table === 'flows' ? 'flows' : 'totals';
    const names = keys.map((_, index) => `k${index}`);
    const columns = [
      `toUInt8(${window}) AS w`,
      ...keys.map((key, index) => `${key[of]} AS k${index}`),
      ...measures.map((name) => `${measureSql(name, of)} AS m_${name}`),
    ];
    const group = names.length === 0 ? '' : ` GROUP BY ${names.join(', ')}`;
    const select = `SELECT ${columns.join(', ')} FROM ${table} WHERE ${where} AND (${filter.where})${group} ${limit}`;
    return table === 'flows' ? withNames(select) : select;
  });
  return {
    sql: selects.join(' UNION ALL '),
    params: Object.assign({}, filter.params, ...branches.map(({ params }) => params)),
    source: branches.some(({ table }) => table === 'flow_totals') ? 'totals' : 'flows',
  };
}

function measureSql(name: MeasureName, of: 'flows' | 'totals'): string {
  const measure: Measure = MEASURES[name];
  return (of === 'totals' ? measure.totals : measure.flows) ?? '0';
}

/** The window cut at the edges of the slots that are read from the totals. */
function branchesOf(index: number, window: Window, slots: Slots | undefined): Branch[] {
  const name = `w${index}`;
  const { since, until } = window;
  if (slots === undefined || slots.from > slots.to)
    return [{ table: 'flows', window: index, ...rangeCondition('flows', window, name) }];
  const { from, to } = slots;
  const { first } = slotBounds(from);
  const { last } = slotBounds(to);
  const edges = [
    ...(since < first ? [rangeCondition('flows', { since, until: first - 1n }, `${name}a`)] : []),
    ...(until > last ? [rangeCondition('flows', { since: last + 1n, until }, `${name}b`)] : []),
  ];
  return [
    {
      table: 'flow_totals',
      window: index,
      where: `time_slot BETWEEN {${name}from:Int32} AND {${name}to:Int32}`,
      params: { [`${name}from`]: from, [`${name}to`]: to },
    },
    ...(edges.length === 0
      ? []
      : [
          {
            table: 'flows' as const,
            window: index,
            // One statement for both: working out a statement costs more than an edge has rows.
            where: `(${edges.map(({ where }) => `(${where})`).join(' OR ')})`,
            params: Object.assign({}, ...edges.map(({ params }) => params)),
          },
        ]),
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
