import { parseDuration } from '../../hubble/filter/since.ts';
import type { Point, Series, Timeseries } from '../../query/totals/timeseries.ts';
import { inputError } from '../../runtime/errors.ts';
import { SECOND_NS } from '../../runtime/time.ts';
import { flagKinds } from '../observe/flag-values.ts';
import { type Column, tableOf } from '../output/table.ts';
import type { TotalsCommand } from './command.ts';
import { MEASURES } from './groups.ts';
import { given, namesOf } from './options.ts';

export const TIMESERIES: TotalsCommand<Timeseries> = {
  name: 'timeseries',
  words: '[dimension…] [flags]',
  about: `Shows flows over time: all of them, or the busiest series of the dimensions named (those of parallax top) and the rest.
Intervals in which nothing was collected are blank.`,
  flags: (values) => {
    const { text, choice, number } = flagKinds(values);
    return [
      text(
        {
          name: 'step',
          value: 'duration',
          help: 'Length of a step, such as 1m; derived from the window by default',
        },
        (value) => void secondsOf(value),
      ),
      choice(
        {
          name: 'measure',
          value: 'measure',
          help: 'flows (the default), denied, dropped or audited',
        },
        MEASURES,
      ),
      number({ name: 'series', help: 'Series shown (10)' }, 32),
    ];
  },
  fields: ({ numbers, text }, words) =>
    given({
      by: namesOf(words),
      step: text.step === undefined ? undefined : secondsOf(text.step),
      measure: text.measure,
      series: numbers.series === undefined ? undefined : Number(numbers.series),
    }),
  path: '/api/v1/timeseries:query',
  member: 'series',
  table: (document) => {
    const rows = seriesOf(document);
    const most = Math.max(0, ...rows.flatMap(({ points }) => points.map((point) => point ?? 0)));
    const blocks = (width: number) => (row: Row) => `|${sparkline(row.points, most, width)}|`;
    const columns: readonly Column<Row>[] = [
      ...document.by.map((name, at) => ({
        header: name.toUpperCase(),
        cell: ({ cells }: Row) => cells[at] ?? '',
        shrink: 12,
      })),
      { header: document.measure.toUpperCase(), cell: ({ sum }) => String(sum), align: 'right' },
      { header: 'LEAST', cell: ({ points }) => edgeOf(points, Math.min), align: 'right', drop: 1 },
      { header: 'MOST', cell: ({ points }) => edgeOf(points, Math.max), align: 'right', drop: 2 },
      {
        ...{ header: 'OVER TIME', shrink: 24 },
        cell: blocks(WIDTH),
        draw: (row, width) => blocks(width - 2)(row),
      },
    ];
    return tableOf(columns, rows);
  },
  csv: (document) => {
    const start = Date.parse(document.start);
    const points = seriesOf(document).flatMap(({ cells, points }) =>
      points.map((point, index) => {
        const time = new Date(start + index * document.step * 1000).toISOString();
        return [time, ...cells, point === null ? '' : String(point)];
      }),
    );
    const header = ['time', ...document.by, document.measure];
    return tableOf(
      header.map((name, at) => ({ header: name, cell: (row: readonly string[]) => row[at] ?? '' })),
      points,
    );
  },
  summary: ({ measure, start, step, points, gaps, total }) => {
    const dark = gaps.map(({ since, until }) => `${since} to ${until}`);
    return (
      `${total.sum} ${measure}, ${points} steps of ${step} s from ${start}\n` +
      (dark.length > 0
        ? `nothing was collected from ${dark.slice(0, 5).join(', ')}${dark.length > 5 ? ` and ${dark.length - 5} times more` : ''}\n`
        : '')
    );
  },
  lines: (document) => {
    const start = Date.parse(document.start);
    return document.total.points.map((total, index) => ({
      time: new Date(start + index * document.step * 1000).toISOString(),
      [document.measure]: total,
      ...(document.by.length > 0 && {
        series: document.series.map(({ values, points }) => ({
          values,
          [document.measure]: points[index] ?? null,
        })),
      }),
    }));
  },
};

interface Row {
  readonly cells: readonly string[];
  readonly sum: number;
  readonly points: readonly Point[];
}

function seriesOf({ by, series, other, total }: Timeseries): readonly Row[] {
  if (by.length === 0) return [{ cells: [], ...total }];
  const named = ({ values, ...rest }: Series): Row => ({
    cells: by.map((name) => String(values[name] ?? '')),
    ...rest,
  });
  const rest = other && {
    cells: by.map((_, index) => (index === 0 ? `${other.series} others` : '')),
    sum: other.sum,
    points: other.points,
  };
  return [...series.map(named), ...(rest ? [rest] : [])];
}

function edgeOf(points: readonly Point[], edge: (...values: number[]) => number): string {
  const known = points.filter((point) => point !== null);
  return known.length === 0 ? '' : String(edge(...known));
}

const BLOCKS = '▁▂▃▄▅▆▇█';
const WIDTH = 72;

/** Points as blocks, at most `width` of them: of several in one place the most is shown. */
export function sparkline(points: readonly Point[], most: number, width = WIDTH): string {
  const each = Math.max(1, Math.ceil(points.length / Math.max(1, width)));
  let line = '';
  for (let from = 0; from < points.length; from += each) {
    const known = points.slice(from, from + each).filter((point) => point !== null);
    if (known.length === 0) line += ' ';
    else {
      const height = most === 0 ? 0 : Math.max(...known) / most;
      line += BLOCKS[Math.min(BLOCKS.length - 1, Math.floor(height * BLOCKS.length))];
    }
  }
  return line;
}

function secondsOf(text: string): number {
  const nanos = parseDuration(text);
  if (nanos === undefined || nanos <= 0n || nanos % SECOND_NS !== 0n)
    throw inputError('whole seconds are expected, such as 30s, 5m or 1h');
  return Number(nanos / SECOND_NS);
}
