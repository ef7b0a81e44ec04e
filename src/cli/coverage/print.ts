import { createColors } from 'picocolors';
import type { CoverageReport, NodeReport } from '../../query/coverage/report.ts';
import { TIMELINE } from '../../query/coverage/timeline.ts';
import { MINUTE_MS } from '../../runtime/time.ts';
import { plainText } from '../output/plain-text.ts';
import type { Answer } from '../output/render.ts';
import type { Screen } from '../output/screen.ts';
import { type Column, tableOf } from '../output/table.ts';
import { cut, pad, widthOf, wrap } from '../output/width.ts';

/** The worse one stands for several buckets. */
const WORST = [TIMELINE.lost, TIMELINE.dark, TIMELINE.none, TIMELINE.partly, TIMELINE.full];
const SMALLEST_STRIP = 20;
const PIPE_COLUMNS = 120;

export function coverageAnswer(report: CoverageReport): Answer {
  const { since, until, nodes } = report;
  return {
    document: report,
    items: nodes,
    table: tableOf(COLUMNS, nodes),
    above: `${since} to ${until}\n${nodes.length > 0 ? '\n' : ''}`,
    below: (screen) =>
      (nodes.length > 0 ? `\n${strips(report, screen)}\n` : '') +
      wrap(`${words(report).map(plainText).join('\n')}\n`, screen.columns),
  };
}

function words({ says, foreign }: CoverageReport): readonly string[] {
  const dropped = foreign.reduce((sum, { flows }) => sum + flows, 0);
  if (dropped === 0) return says;
  return [
    ...says,
    `${dropped} flows of ${foreign.length} nodes of other clusters were dropped (their own collectors keep them)`,
  ];
}

const COLUMNS: readonly Column<NodeReport>[] = [
  { header: 'CLUSTER', cell: ({ cluster }) => cluster, shrink: 12 },
  { header: 'NODE', cell: ({ node }) => node, shrink: 16 },
  {
    ...{ header: 'COMPLETE', align: 'right' },
    cell: ({ completePercent: percent }) => (percent === undefined ? '?' : `${percent}%`),
    tone: ({ completePercent: percent }) =>
      percent === undefined ? 'quiet' : percent === 100 ? 'good' : 'warning',
  },
  { header: 'RECEIVED', cell: ({ received }) => String(received), align: 'right', drop: 4 },
  { header: 'SEEN', cell: ({ seen }) => String(seen), align: 'right', drop: 3 },
  {
    ...{ header: 'LOST', align: 'right', shrink: 12 },
    cell: lost,
    tone: (node) => (lost(node) === '0' ? undefined : 'bad'),
  },
  {
    ...{ header: 'MISSING', align: 'right' },
    cell: ({ missing }) => range(missing),
    tone: ({ missing }) => (missing.max > 0 ? 'bad' : undefined),
  },
  {
    ...{ header: 'DARK', align: 'right' },
    cell: ({ darkMinutes: minutes }) => (minutes === 0 ? '0' : `${minutes}m`),
    tone: ({ darkMinutes }) => (darkMinutes > 0 ? 'warning' : undefined),
  },
  {
    ...{ header: 'DELAY', align: 'right', drop: 2 },
    cell: ({ delayMs }) => (delayMs === undefined ? '' : `${ms(delayMs.p50)}/${ms(delayMs.max)}`),
  },
  {
    ...{ header: 'SKEW', align: 'right', drop: 1 },
    cell: ({ skewMs: skew }) =>
      skew === undefined ? '' : `${skew < 0 ? '-' : '+'}${ms(Math.abs(skew))}`,
    raw: ({ skewMs }) => (skewMs === undefined ? '' : String(skewMs)),
  },
];

function lost({ lost: { perfRing, queue, hubbleRing, unknown }, dropped }: NodeReport): string {
  const parts = [
    [perfRing, 'perf'],
    [queue, 'queue'],
    [hubbleRing, 'ring'],
    [unknown, 'unknown'],
    [dropped.oversize + dropped.tooLarge, 'too large'],
  ] as const;
  const there = parts.filter(([count]) => count > 0);
  return there.length === 0 ? '0' : there.map(([count, by]) => `${count} ${by}`).join(', ');
}

function range({ min, max }: { readonly min: number; readonly max: number }): string {
  return min === max ? String(max) : `${min}–${max}`;
}

function ms(value: number): string {
  if (value < 1000) return `${value}ms`;
  return value < 120_000 ? `${(value / 1000).toFixed(1)}s` : `${Math.round(value / MINUTE_MS)}m`;
}

/** A line of characters for each node, as long as the terminal allows. */
function strips(report: CoverageReport, { color, columns = PIPE_COLUMNS }: Screen): string {
  const { nodes, bucketSeconds } = report;
  const names = nodes.map(({ cluster, node }) => plainText(`${cluster} ${node}`));
  const longest = Math.max(...names.map(widthOf));
  const width = Math.max(1, Math.min(longest, columns - SMALLEST_STRIP - 2));
  const room = Math.max(SMALLEST_STRIP, columns - width - 2);
  const length = Math.max(...nodes.map(({ strip }) => strip.length));
  const group = Math.max(1, Math.ceil(length / room));
  const paint = painter(color);
  const minutes = (bucketSeconds / 60) * group;
  const legend = `one character is ${minutes === 1 ? 'a minute' : `${minutes} minutes`}: ${TIMELINE.full} full, ${TIMELINE.partly} partly, ${TIMELINE.lost} lost, ${TIMELINE.dark} dark, ${TIMELINE.none} not collected`;
  const lines = nodes.map(({ strip }, index) => {
    const name = pad(cut(names[index] ?? '', width), width, 'left');
    return `${name}  ${[...grouped(strip, group)].map(paint).join('')}\n`;
  });
  return `${wrap(legend, columns)}\n${lines.join('')}`;
}

function* grouped(strip: string, size: number): Generator<string> {
  for (let at = 0; at < strip.length; at += size) {
    const part = strip.slice(at, at + size);
    yield WORST.find((each) => part.includes(each)) ?? TIMELINE.none;
  }
}

function painter(color: boolean): (character: string) => string {
  const colors = createColors(color);
  return (character) => {
    switch (character) {
      case TIMELINE.full:
        return colors.green(character);
      case TIMELINE.partly:
        return colors.yellow(character);
      case TIMELINE.lost:
        return colors.red(character);
      case TIMELINE.dark:
        return colors.magenta(character);
      default:
        return colors.dim(character);
    }
  };
}
