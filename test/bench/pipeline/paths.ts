// The two ways a flow can go, each run under load for a while: through Kafka with a process a role, and embedded in one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startKafka } from '../../engines/kafka.ts';
import { Child } from '../../support/e2e/child.ts';
import { metric, scrape } from '../../support/e2e/metrics.ts';
import type { Program } from '../../support/e2e/program.ts';
import { Role } from '../../support/e2e/role.ts';
import { pidListeningOn, type Usage, usageOf } from './process.ts';

export interface Load {
  /** Flows a second that the relay makes. */
  readonly rate: number;
  readonly seconds: number;
}

export interface Figures {
  readonly offeredPerSecond: number;
  readonly storedPerSecond: number;
  /** Flows that the nodes' rings lost because nobody read in time, over the measured seconds. */
  readonly lost: number;
  /** CPU µs a stored flow, by process. */
  readonly cpuMicros: Readonly<Record<string, number>>;
  /** Of those, the engine's merges in the background. */
  readonly mergeMicros: number;
  /** Largest resident memory seen, MiB, by process. */
  readonly rssMiB: Readonly<Record<string, number>>;
  readonly diskBytesPerFlow: number;
  /** Seconds from a batch's first response to its flows being queryable. */
  readonly freshness: { readonly p50: number; readonly p99: number };
}

/** Seconds the pipeline runs before it is measured: a fresh collector's batches are replays for its first 30 s. */
const WARM_UP_S = 35;
const RING = 200_000;
const COLLECTED_AT = 'parallax_ingest_lost_events_total';

export async function withRelay<T>(
  program: Program,
  rate: number,
  use: (address: string, simulator: Child) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-bench-sim-'));
  const simulator = new Child({
    name: 'simulator',
    directory,
    args: [
      ...[program.script, 'simulate', '--scenario', 'load', '--wait-for-client'],
      ...['--rate', String(rate), '--ring', String(RING)],
    ],
  });
  try {
    await simulator.logged('running');
    const line = simulator.output.trim().split('\n')[0] ?? '';
    return await use(line.slice(line.indexOf('=') + 1), simulator);
  } finally {
    await simulator.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function runEmbedded(program: Program, load: Load): Promise<Figures> {
  return inDirectory((directory) =>
    withRelay(program, load.rate, async (relay, simulator) => {
      const config = { ...configOf(directory, relay), bus: { kind: 'memory' } };
      const up = new Role({ name: 'up', program, directory, command: ['up', '-q'], config });
      await up.start();
      try {
        const pids = { simulator: simulator.pid, up: up.child.pid };
        return await measure(load, pids, { collector: up.url, writer: up.url });
      } finally {
        await up.stop();
      }
    }),
  );
}

export async function runKafka(program: Program, load: Load): Promise<Figures> {
  const kafka = await startKafka();
  try {
    return await inDirectory((directory) =>
      withRelay(program, load.rate, async (relay, simulator) => {
        const bus = {
          kind: 'kafka',
          kafka: { brokers: kafka.brokers, topic: `bench.${Date.now()}.v1`, replicationFactor: 1 },
        };
        const config = { ...configOf(directory, relay), bus };
        const role = (name: string) =>
          new Role({ name, program, directory, command: [name], config });
        const [collect, write] = [role('collect'), role('write')];
        await write.start();
        await collect.start();
        try {
          const port = Number(kafka.brokers[0]?.split(':').at(-1));
          const broker = pidListeningOn(port);
          const pids = {
            simulator: simulator.pid,
            collector: collect.child.pid,
            ...(broker === undefined ? {} : { kafka: broker }),
            writer: write.child.pid,
          };
          return await measure(load, pids, { collector: collect.url, writer: write.url });
        } finally {
          await collect.stop();
          await write.stop();
        }
      }),
    );
  } finally {
    await kafka.stop();
  }
}

function configOf(directory: string, relay: string) {
  return {
    clusters: [{ name: 'load-1', relay }],
    store: { chdb: { path: join(directory, 'data') } },
    api: { listen: '127.0.0.1:0' },
  };
}

async function inDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-bench-'));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(
  { rate, seconds }: Load,
  pids: Readonly<Record<string, number>>,
  urls: { readonly collector: string; readonly writer: string },
): Promise<Figures> {
  await sleep(WARM_UP_S * 1000);
  const stored = async () => (await metric(urls.writer, 'parallax_writer_flows_total')) ?? 0;
  const lost = async () => (await metric(urls.collector, COLLECTED_AT)) ?? 0;
  const before = usages(pids);
  const [storedBefore, lostBefore, delaysBefore] = [
    await stored(),
    await lost(),
    await delays(urls.writer),
  ];
  const peak: Record<string, number> = {};
  const startedAt = performance.now();
  while (performance.now() - startedAt < seconds * 1000) {
    for (const [name, { rss }] of Object.entries(usages(pids))) {
      peak[name] = Math.max(peak[name] ?? 0, rss);
    }
    await sleep(1000);
  }
  const after = usages(pids);
  const flows = (await stored()) - storedBefore;
  const elapsed = (performance.now() - startedAt) / 1000;
  const rows = await metric(urls.writer, 'parallax_store_rows', { table: 'flows' });
  const disk = await metric(urls.writer, 'parallax_store_disk_bytes', { table: 'flows' });
  const delaysAfter = await delays(urls.writer);
  return {
    offeredPerSecond: rate,
    storedPerSecond: flows / elapsed,
    lost: (await lost()) - lostBefore,
    cpuMicros: mapped(pids, (name) => {
      const spent = (after[name]?.cpuMicros ?? 0) - (before[name]?.cpuMicros ?? 0);
      return spent / flows;
    }),
    mergeMicros: Object.keys(pids).reduce((sum, name) => {
      const spent = (after[name]?.mergeMicros ?? 0) - (before[name]?.mergeMicros ?? 0);
      return sum + spent / flows;
    }, 0),
    rssMiB: mapped(pids, (name) => (peak[name] ?? 0) / 2 ** 20),
    diskBytesPerFlow: (disk ?? 0) / (rows ?? 1),
    freshness: {
      p50: quantile(delaysBefore, delaysAfter, 0.5),
      p99: quantile(delaysBefore, delaysAfter, 0.99),
    },
  };
}

function usages(pids: Readonly<Record<string, number>>): Record<string, Usage> {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid)]));
}

function mapped(
  pids: Readonly<Record<string, number>>,
  value: (name: string) => number,
): Record<string, number> {
  return Object.fromEntries(Object.keys(pids).map((name) => [name, value(name)]));
}

/** Cumulative counts of the writer's delay histogram, by upper bound in seconds. */
async function delays(url: string): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (const line of (await scrape(url)).split('\n')) {
    const bucket = /^parallax_writer_delay_seconds_bucket\{(?:.*,)?le="([^"]+)".*\} (\d+)/.exec(
      line,
    );
    if (!bucket) continue;
    const bound = bucket[1] === '+Inf' ? Number.POSITIVE_INFINITY : Number(bucket[1]);
    counts.set(bound, (counts.get(bound) ?? 0) + Number(bucket[2]));
  }
  return counts;
}

/** The bucket's upper bound: the true quantile is at most this. */
function quantile(before: Map<number, number>, after: Map<number, number>, q: number): number {
  const grown = [...after].map(
    ([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const,
  );
  const total = grown.find(([bound]) => bound === Number.POSITIVE_INFINITY)?.[1] ?? 0;
  for (const [bound, count] of grown.sort((a, b) => a[0] - b[0])) {
    if (total > 0 && count >= total * q) return bound;
  }
  return Number.NaN;
}
