// Flows over time, in steps: in all, or by dimensions with the busiest series first. Steps in which nothing was collected
// are null.

import { floorDiv, timeText } from '../../hubble/proto/timestamp.ts';
import { inputError } from '../../runtime/errors.ts';
import { SECOND_NS } from '../../runtime/time.ts';
import { list, number, type Row } from '../../store/rows.ts';
import { column, EMPTY, param, type Sql, sql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { slotOf } from '../read/range.ts';
import type { Document } from '../request/document.ts';
import { type Dimension, dimensionsNamed, type Key } from './dimensions.ts';
import {
  countedRows,
  dimensionRows,
  groupBy,
  keysOf,
  listed,
  type MeasureName,
  measured,
  namedList,
  type TotalsDeps,
} from './rows.ts';
import type { timeseriesOutput } from './schema.ts';
import { type Silence, silenceIn } from './silence.ts';
import { checkWindow, exactFilter, type TotalsQuery } from './totals-query.ts';

export interface TimeseriesQuery extends TotalsQuery {
  readonly by: readonly string[];
  readonly measure: 'flows' | 'denied' | 'dropped' | 'audited';
  /** Seconds; chosen for the window when left out. */
  readonly step?: number | undefined;
  /** Series in the answer; the others are summed up. */
  readonly series: number;
}

export type Timeseries = Document<typeof timeseriesOutput>;
export type Series = Timeseries['series'][number];
export type Point = Series['points'][number];

const SLOT_SECONDS = 300;
/** Points that a window has when no step is asked for, at most. */
const AIMED = 300;
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
  172_800, 604_800, 2_592_000,
];

export async function queryTimeseries(
  store: Reader,
  query: TimeseriesQuery,
  deps: TotalsDeps & { readonly nowNanos: bigint },
): Promise<Timeseries> {
  checkWindow(query);
  const { by, measure } = query;
  const dimensions = dimensionsNamed('by', by);
  const filter = exactFilter(query, 'a timeseries');
  const grid = gridOf(query, deps.config.maxPoints);
  const read = async (of: readonly Dimension[], limit: number) => {
    const { keys, shown } = keysOf([...of, bucketOf(grid)]);
    const counting = { windows: [query], filter, keys, measures: [measure] };
    const rows = await countedRows(counting, deps);
    const statement = seriesStatement(rows.sql, shown, measure, limit);
    const found: Found[] = [];
    const series = dimensionRows(store, statement, SERIES, of, deps.signal);
    for await (const { row, values } of series) found.push(foundOf(row, values, grid.points));
    return { found, source: rows.source };
  };
  const { found, source } = await read([], 1);
  const limit = Math.min(query.series, deps.config.maxSeries);
  const split = dimensions.length === 0 ? undefined : await read(dimensions, limit);
  const silence = await silenceIn(store, grid, deps);
  const whole = found[0] ?? { ...NOTHING, points: new Array<number>(grid.points).fill(0) };
  return answerOf(
    query,
    grid,
    { whole, series: split?.found ?? [] },
    silence,
    split?.source ?? source,
  );
}

export interface Grid {
  /** Nanoseconds since 1970 of the first step. */
  readonly start: bigint;
  /** Seconds. */
  readonly step: number;
  readonly points: number;
}

/** Steps begin at whole multiples of themselves since 1970. Throws `input/invalid` for one that makes too many points. */
export function gridOf(
  { since, until, step: asked }: Pick<TimeseriesQuery, 'since' | 'until' | 'step'>,
  maxPoints: number,
): Grid {
  const made = (step: number): Grid => {
    const nanos = BigInt(step) * SECOND_NS;
    const first = floorDiv(since, nanos);
    return {
      start: first * nanos,
      step,
      // A window that ends with a step has no step of its last nanosecond.
      points: Number(floorDiv(until > since ? until - 1n : until, nanos) - first) + 1,
    };
  };
  if (asked !== undefined) {
    const grid = made(asked);
    if (grid.points <= maxPoints) return grid;
    throw inputError(
      `step: steps of ${asked} s make ${grid.points} points of this window, more than ${maxPoints} (api.totals.maxPoints); use a longer step or a shorter window`,
      { field: 'step' },
    );
  }
  const most = Math.min(AIMED, maxPoints);
  const longest = STEPS.at(-1) ?? 1;
  const chosen = STEPS.find((step) => made(step).points <= most) ?? longest;
  for (let step = chosen; ; step *= 2) {
    const grid = made(step);
    if (grid.points <= Math.max(most, 2)) return grid;
  }
}

/** The number of a step as a key: by slot where steps are made of whole slots, which both tables have. */
function bucketOf({ start, step }: Grid): Pick<Dimension, 'keys' | 'shown'> {
  const key: Key =
    step % SLOT_SECONDS === 0
      ? sameInBoth(
          sql`intDiv(time_slot - ${param(slotOf(start), 'Int32')}, ${step / SLOT_SECONDS})`,
        )
      : {
          flows: sql`intDiv(toUnixTimestamp64Nano(time) - ${param(start, 'Int64')}, ${param(BigInt(step) * SECOND_NS, 'Int64')})`,
        };
  return { keys: [key], shown: (bucket = EMPTY) => bucket };
}

function sameInBoth(key: Sql): Key {
  return { flows: key, totals: key };
}

/** A row a series: how many there are, its sum, and what is in which of its steps. */
function seriesStatement(
  rows: Sql,
  shown: readonly Sql[],
  measure: MeasureName,
  limit: number,
): Sql {
  const { names, columns } = namedList('g', shown.slice(0, -1));
  const stepped = sql`SELECT ${listed(...columns, sql`${shown.at(-1) ?? EMPTY} AS b`)}, sum(${measured(measure)}) AS n
    FROM (${rows}) GROUP BY ${listed(...names, column('b'))}`;
  const sums = sql`sum(n) AS s, groupArray(toUInt32(b)) AS at, groupArray(n) AS n_at`;
  return sql`SELECT ${listed(sql`count() OVER (), s, at, n_at`, ...names)}
    FROM (SELECT ${listed(...names, sums)} FROM (${stepped})${groupBy(names)})
    ORDER BY ${listed(sql`s DESC`, ...names)} LIMIT ${param(limit, 'UInt32')}`;
}

const SERIES = { count: number, sum: number, at: list(number), counts: list(number) };

interface Found {
  /** Series there are in all. */
  readonly count: number;
  readonly sum: number;
  readonly points: readonly number[];
  readonly values: Series['values'];
}

const NOTHING: Omit<Found, 'points'> = { count: 0, sum: 0, values: {} };

function foundOf(
  { count, sum, at, counts }: Row<typeof SERIES>,
  values: Series['values'],
  points: number,
): Found {
  const dense = new Array<number>(points).fill(0);
  for (const [index, bucket] of at.entries())
    addTo(dense, Math.min(bucket, points - 1), counts[index] ?? 0);
  return { count, sum, points: dense, values };
}

function addTo(points: number[], index: number, value: number): void {
  points[index] = (points[index] ?? 0) + value;
}

function answerOf(
  { by, measure }: TimeseriesQuery,
  grid: Grid,
  { whole, series }: { readonly whole: Found; readonly series: readonly Found[] },
  silence: Silence,
  source: Timeseries['source'],
): Timeseries {
  const all = whole.points;
  const count = series[0]?.count ?? 0;
  // Flows may be stored between both statements.
  const rest = all.map((value, index) =>
    Math.max(
      0,
      series.reduce((left, { points }) => left - (points[index] ?? 0), value),
    ),
  );
  const withGaps = (points: readonly number[], cluster?: string): Point[] =>
    points.map((value, index) =>
      value > 0 || (cluster === undefined && (all[index] ?? 0) > 0)
        ? value
        : silence.silent(index, cluster)
          ? null
          : value,
    );
  const clusterOf = ({ cluster }: Series['values']) =>
    cluster === undefined ? undefined : String(cluster);
  return {
    by,
    measure,
    source,
    start: timeText(grid.start),
    step: grid.step,
    points: grid.points,
    series: series.map(({ values, sum, points }) => ({
      values,
      sum,
      points: withGaps(points, clusterOf(values)),
    })),
    ...(count > series.length && {
      other: {
        series: count - series.length,
        sum: rest.reduce((sum, value) => sum + value, 0),
        points: withGaps(rest),
      },
    }),
    total: { sum: whole.sum, points: withGaps(all) },
    gaps: gapsOf(withGaps(all), grid),
  };
}

function gapsOf(points: readonly Point[], { start, step }: Grid): Timeseries['gaps'] {
  const gaps: { since: string; until: string }[] = [];
  const at = (index: number) => timeText(start + BigInt(index) * BigInt(step) * SECOND_NS);
  let from: number | undefined;
  for (let index = 0; index <= points.length; index++) {
    if (index < points.length && points[index] === null) from ??= index;
    else if (from !== undefined) {
      gaps.push({ since: at(from), until: at(index) });
      from = undefined;
    }
  }
  return gaps;
}
