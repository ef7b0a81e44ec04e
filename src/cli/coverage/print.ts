// The coverage on a terminal: a table of the nodes, a strip of the window for each, and the gaps in words.

import { createColors } from 'picocolors';
import type { CoverageReport, NodeReport } from '../../query/coverage/report.ts';
import { STRIP } from '../../query/coverage/timeline.ts';
import { MINUTE_MS } from '../../runtime/time.ts';

/** The worse one stands for several buckets. */
const WORST = [STRIP.lost, STRIP.dark, STRIP.none, STRIP.partly, STRIP.full];
const SMALLEST_STRIP = 20;

export function coverageText(
  report: CoverageReport,
  { color, columns }: { readonly color: boolean; readonly columns: number },
): string {
  const { since, until, nodes, says, foreign } = report;
  const lines = [`${since} to ${until}`];
  if (nodes.length > 0) {
    lines.push('', ...table(nodes), '', ...strips(report, color, columns), '');
  }
  lines.push(...says);
  const dropped = foreign.reduce((sum, { flows }) => sum + flows, 0);
  if (dropped > 0)
    lines.push(
      `${dropped} flows of ${foreign.length} nodes of other clusters were dropped (their own collectors keep them)`,
    );
  return `${lines.join('\n')}\n`;
}

function table(nodes: readonly NodeReport[]): string[] {
  const head = [
    'CLUSTER',
    'NODE',
    'COMPLETE',
    'RECEIVED',
    'SEEN',
    'LOST',
    'MISSING',
    'DARK',
    'DELAY',
    'SKEW',
  ];
  const rows = nodes.map((node) => [
    node.cluster,
    node.node,
    node.completePercent === undefined ? '?' : `${node.completePercent}%`,
    String(node.received),
    String(node.seen),
    lost(node),
    range(node.missing),
    node.darkMinutes === 0 ? '0' : `${node.darkMinutes}m`,
    node.delayMs === undefined ? '-' : `${ms(node.delayMs.p50)}/${ms(node.delayMs.max)}`,
    node.skewMs === undefined ? '-' : `${node.skewMs < 0 ? '-' : '+'}${ms(Math.abs(node.skewMs))}`,
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  return all.map((row) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

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

function strips(report: CoverageReport, color: boolean, columns: number): string[] {
  const { nodes, bucketSeconds } = report;
  const width = Math.max(...nodes.map(({ cluster, node }) => cluster.length + node.length + 1));
  const room = Math.max(SMALLEST_STRIP, columns - width - 2);
  const length = Math.max(...nodes.map(({ strip }) => strip.length));
  const group = Math.max(1, Math.ceil(length / room));
  const paint = painter(color);
  const minutes = (bucketSeconds / 60) * group;
  return [
    `one character is ${minutes === 1 ? 'a minute' : `${minutes} minutes`}: ${STRIP.full} full, ${STRIP.partly} partly, ${STRIP.lost} lost, ${STRIP.dark} dark, ${STRIP.none} not collected`,
    ...nodes.map(
      ({ cluster, node, strip }) =>
        `${`${cluster} ${node}`.padEnd(width)}  ${[...grouped(strip, group)].map(paint).join('')}`,
    ),
  ];
}

function* grouped(strip: string, size: number): Generator<string> {
  for (let at = 0; at < strip.length; at += size) {
    const part = strip.slice(at, at + size);
    yield WORST.find((each) => part.includes(each)) ?? STRIP.none;
  }
}

function painter(color: boolean): (character: string) => string {
  const colors = createColors(color);
  return (character) => {
    switch (character) {
      case STRIP.full:
        return colors.green(character);
      case STRIP.partly:
        return colors.yellow(character);
      case STRIP.lost:
        return colors.red(character);
      case STRIP.dark:
        return colors.magenta(character);
      default:
        return colors.dim(character);
    }
  };
}
