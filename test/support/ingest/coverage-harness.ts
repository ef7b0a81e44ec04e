// What the tests of coverage share: simulated relays, collectors that may die at any moment, and the writer with a store
// of its own behind them, all in one process.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { z } from 'zod';
import type { Bus, OutgoingRecord } from '../../../src/bus/bus.ts';
import { writerConfig } from '../../../src/enrich/config.ts';
import { writerMetrics } from '../../../src/enrich/metrics.ts';
import { createProjector } from '../../../src/enrich/project/projector.ts';
import { createRecordWriter, importedRecord } from '../../../src/enrich/record-writer.ts';
import { type Collector, createCollector } from '../../../src/ingest/collector.ts';
import { clusterConfig, collectorConfig } from '../../../src/ingest/config.ts';
import { ingestMetrics } from '../../../src/ingest/metrics.ts';
import { type Coverage, coverageOf } from '../../../src/query/coverage/coverage.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { simulateSchema } from '../../../src/simulate/config.ts';
import { createSimulation, type Simulation } from '../../../src/simulate/simulation.ts';
import { openStore, rowsOf, type TestStore } from '../../engines/stores.ts';

const RUN = randomUUID();
const silent = pino({ level: 'silent' });

/** A store and a writer that stores what is published, in order. */
export async function warehouse() {
  const directory = mkdtempSync(join(tmpdir(), 'parallax-coverage-'));
  const opened: TestStore = await openStore({ chdb: { path: join(directory, 'data') } });
  const { store } = opened;
  const writer = () =>
    createRecordWriter({
      config: writerConfig.parse({}),
      bus: { deadLetter: async () => undefined } as Pick<Bus, 'deadLetter'> as Bus,
      store,
      projector: createProjector(),
      metrics: writerMetrics(new Registry()),
      logger: silent,
      clock: systemClock,
    });
  let write = writer();
  let sequence = 0;
  let work: Promise<unknown> = Promise.resolve();
  onTestFinished(async () => {
    await work;
    await opened.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    store,
    /** Resolves when it is stored. */
    publish({ value }: OutgoingRecord): Promise<void> {
      const stored = write(importedRecord(value, sequence++, RUN)).then(() => undefined);
      work = stored;
      return stored;
    },
    /** Another writer goes on where this one has ended; it knows nothing but the store. */
    restart(): void {
      const before = work;
      const next = writer();
      write = async (record, signal) => {
        await before;
        return next(record, signal);
      };
    },
    async settled(): Promise<void> {
      for (let seen: unknown; seen !== work; ) {
        seen = work;
        await work;
      }
    },
    async uuids(): Promise<string[]> {
      const rows = await rowsOf(store, 'SELECT toString(uuid) FROM flows ORDER BY uuid');
      return rows.map(([uuid]) => String(uuid));
    },
    /** As if a while had passed, so that the present minute is judged too. */
    coverage(sinceMs: number, untilMs: number, clusters?: readonly string[]): Promise<Coverage> {
      return coverageOf(store, { sinceMs, untilMs, clusters }, untilMs + 90_000);
    },
  };
}

export type Warehouse = Awaited<ReturnType<typeof warehouse>>;

export interface Reader {
  readonly collector: Collector;
  readonly registry: Registry;
  /** Dies at once: nothing more of it comes to the bus. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

export async function read(
  to: Warehouse,
  cluster: z.input<typeof clusterConfig>,
  config: z.input<typeof collectorConfig> = {},
): Promise<Reader> {
  let dead = false;
  const registry = new Registry();
  const abort = new AbortController();
  const collector = createCollector({
    cluster: clusterConfig.parse(cluster),
    config: collectorConfig.parse({
      reconnect: { initial: '20ms', max: '100ms' },
      batch: { age: '50ms' },
      poll: '100ms',
      report: '400ms',
      overlap: '2s',
      ...config,
    }),
    publisher: {
      publish: (record) => (dead ? new Promise<void>(() => undefined) : to.publish(record)),
    },
    logger: silent,
    metrics: ingestMetrics(registry),
    clock: systemClock,
  });
  await collector.start(abort.signal);
  const end = async () => {
    dead = true;
    abort.abort();
    await collector.stop(AbortSignal.abort());
  };
  onTestFinished(end);
  return {
    collector,
    registry,
    kill: end,
    stop: () => collector.stop(AbortSignal.timeout(10_000)),
  };
}

export async function simulate(options: z.input<typeof simulateSchema>): Promise<Simulation> {
  const made = createSimulation(simulateSchema.parse({ keepLedger: true, ...options }), {
    logger: silent,
    clock: systemClock,
  });
  await made.start(new AbortController().signal);
  onTestFinished(() => made.stop(AbortSignal.abort()));
  return made;
}

/** Sum of a kind of gap, exactly known or not. */
export function amount({ gaps }: Coverage, reason: string, node?: string) {
  const found = gaps.filter((gap) => gap.reason === reason && (node ?? gap.node) === gap.node);
  return {
    min: found.reduce((sum, { count }) => sum + (count?.min ?? Number.NaN), 0),
    max: found.reduce((sum, { count }) => sum + (count?.max ?? Number.NaN), 0),
  };
}
