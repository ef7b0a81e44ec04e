// Prints the figures as the table that docs/benchmarks.md holds.
import type { Figures } from './paths.ts';

interface Floor {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly bytesPerRow: number;
  readonly rss: number;
}

export function table(
  machine: Readonly<Record<string, string | number>>,
  results: Readonly<Record<string, Figures | Floor | string>>,
): string {
  const lines = [`${Object.values(machine).join(', ')}\n`];
  const floors = Object.entries(results).filter((each): each is [string, Floor] =>
    isFloor(each[1]),
  );
  if (floors.length > 0) {
    lines.push(
      '| floor | CPU µs a flow | flows/s | bytes a flow | RSS MiB |',
      '| --- | --- | --- | --- | --- |',
    );
    for (const [name, { cpuMicros, perSecond, bytesPerRow, rss }] of floors) {
      const cells = [
        cpuMicros.toFixed(2),
        whole(perSecond),
        bytesPerRow.toFixed(0),
        whole(rss / 2 ** 20),
      ];
      lines.push(`| ${name} | ${cells.join(' | ')} |`);
    }
    lines.push('');
  }
  const receive = cpuOf(results['receive, grpc-js']);
  const insert = cpuOf(results['native insert']);
  for (const [name, result] of Object.entries(results)) {
    if (typeof result === 'string') lines.push(`${name}: ${result}`, '');
    else if (!isFloor(result)) lines.push(...path(name, result, receive + insert), '');
  }
  return lines.join('\n');
}

function path(name: string, figures: Figures, floor: number): string[] {
  const { cpuMicros, rssMiB, freshness } = figures;
  const ours = (cpuMicros.collector ?? 0) + (cpuMicros.writer ?? 0) + (cpuMicros.up ?? 0);
  return [
    `**${name}**: ${whole(figures.storedPerSecond)} flows/s stored of ${whole(figures.offeredPerSecond)} offered, ` +
      `${whole(figures.lost)} lost by the rings, ${figures.diskBytesPerFlow.toFixed(1)} bytes a flow on disk, ` +
      `queryable after p50 ≤ ${freshness.p50} s, p99 ≤ ${freshness.p99} s`,
    '',
    '| process | CPU µs a flow | RSS MiB |',
    '| --- | --- | --- |',
    ...Object.entries(cpuMicros).map(
      ([process, cpu]) => `| ${process} | ${cpu.toFixed(2)} | ${whole(rssMiB[process] ?? 0)} |`,
    ),
    `| of that, merges in the background | ${figures.mergeMicros.toFixed(2)} | |`,
    `| collector + writer | ${ours.toFixed(2)}${floor > 0 ? ` (${(ours / floor).toFixed(2)} × the floor of ${floor.toFixed(2)})` : ''} | |`,
  ];
}

function isFloor(result: Figures | Floor | string | undefined): result is Floor {
  return typeof result === 'object' && 'bytesPerRow' in result;
}

function cpuOf(result: Figures | Floor | string | undefined): number {
  return isFloor(result) ? result.cpuMicros : 0;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
