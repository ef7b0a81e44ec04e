// Prints the figures as the table that docs/benchmarks.md holds.
import type { Figures } from './paths.ts';

interface Floor {
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly bytesPerRow: number;
  readonly rss: number;
}

export type Results = Readonly<Record<string, Figures | Floor | string>>;

export function table(
  machine: Readonly<Record<string, string | number>>,
  results: Results,
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
  const floor = floorOf(results);
  for (const [name, result] of Object.entries(results)) {
    if (typeof result === 'string') lines.push(`${name}: ${result}`, '');
    else if (!isFloor(result)) lines.push(...path(name, result, floor), '');
  }
  return lines.join('\n');
}

/** What the same machine does at least in the same run; 0 where it was not measured. */
export interface FloorOf {
  /** Receiving a relay's stream with grpc-js, µs a flow. */
  readonly receive: number;
  /** Inserting blocks made before, with the engine's work, µs a flow. */
  readonly insert: number;
  /** Inserting the same rows as JSONEachRow instead, µs a flow. */
  readonly json: number;
  /** The engine's memory under these inserts alone, MiB. */
  readonly engineMiB: number;
}

export function floorOf(results: Results): FloorOf {
  const native = results['native insert'];
  return {
    receive: cpuOf(results['receive, grpc-js']),
    insert: cpuOf(native),
    json: cpuOf(results['JSONEachRow insert']),
    engineMiB: isFloor(native) ? native.rss / 2 ** 20 : 0,
  };
}

/** Every figure of one way beside its floor, as `--json` gives it; undefined where there is none. */
export function ratios({ cpuMicros, rssMiB }: Figures, floor: FloorOf) {
  const { collector, writer, up } = cpuMicros;
  const ours = (collector ?? 0) + (writer ?? 0) + (up ?? 0);
  const over = (value: number | undefined, least: number) =>
    value === undefined || least === 0 ? undefined : value / least;
  const engineHost = rssMiB.writer ?? rssMiB.up;
  return {
    ours,
    collector: over(collector, floor.receive),
    writer: over(writer, floor.insert),
    all: over(ours, floor.receive > 0 && floor.insert > 0 ? floor.receive + floor.insert : 0),
    json: over(floor.json, floor.insert),
    aboveEngineMiB:
      engineHost === undefined || floor.engineMiB === 0 ? undefined : engineHost - floor.engineMiB,
  };
}

function path(name: string, figures: Figures, floor: FloorOf): string[] {
  const { cpuMicros, rssMiB, freshness } = figures;
  const than = ratios(figures, floor);
  const beside = (process: string) => {
    if (process === 'collector') return times(than.collector, 'receive, grpc-js', floor.receive);
    if (process === 'writer') return times(than.writer, 'native insert', floor.insert);
    return '';
  };
  const least = floor.receive + floor.insert;
  return [
    `**${name}**: ${whole(figures.storedPerSecond)} flows/s stored of ${whole(figures.offeredPerSecond)} offered, ` +
      `${whole(figures.lost)} lost by the rings, ${figures.diskBytesPerFlow.toFixed(1)} bytes a flow on disk, ` +
      `queryable after p50 ≤ ${freshness.p50} s, p99 ≤ ${freshness.p99} s`,
    '',
    '| process | CPU µs a flow | beside its floor | RSS MiB |',
    '| --- | --- | --- | --- |',
    ...Object.entries(cpuMicros).map(
      ([process, cpu]) =>
        `| ${process} | ${cpu.toFixed(2)} | ${beside(process)} | ${whole(rssMiB[process] ?? 0)} |`,
    ),
    `| of that, merges in the background | ${figures.mergeMicros.toFixed(2)} | | |`,
    `| ${cpuMicros.up === undefined ? 'collector + writer' : 'up'}, engine included | ${than.ours.toFixed(2)} | ${times(than.all, 'receive + insert', least)} | |`,
    ...(floor.json > 0
      ? [
          `| instead: insert as JSONEachRow | ${floor.json.toFixed(2)} | ${times(than.json, 'native insert', floor.insert)} | |`,
        ]
      : []),
    ...(than.aboveEngineMiB === undefined
      ? []
      : [
          `| memory beyond that of the engine under the same inserts | | | ${whole(than.aboveEngineMiB)} |`,
        ]),
  ];
}

function times(ratio: number | undefined, what: string, floor: number): string {
  return ratio === undefined ? '' : `${ratio.toFixed(2)} × ${what} of ${floor.toFixed(2)}`;
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
