// What the tests of the collector share: a collector with a publisher that the test controls, and the store's side of
// the contract in a few lines.
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { onTestFinished } from 'vitest';
import type { z } from 'zod';
import type { OutgoingRecord } from '../../../src/bus/bus.ts';
import { decodeFlowBatch, type FlowBatch } from '../../../src/hubble/proto/batch.ts';
import { type Collector, createCollector } from '../../../src/ingest/collector.ts';
import { clusterConfig, collectorConfig } from '../../../src/ingest/config.ts';
import { ingestMetrics } from '../../../src/ingest/metrics.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { ParallaxError } from '../../../src/runtime/errors.ts';
import { uuidOf } from './responses.ts';

export class TestPublisher {
  readonly batches: FlowBatch[] = [];
  readonly records: OutgoingRecord[] = [];
  readonly reports: FlowBatch[] = [];
  /** Records larger than this are refused. */
  maxBytes = Number.POSITIVE_INFINITY;
  private waiting: (() => void)[] = [];
  private stalled = false;

  async publish(record: OutgoingRecord): Promise<void> {
    if (record.value.length > this.maxBytes) {
      throw new ParallaxError('bus/too-large', `record of ${record.value.length} bytes`);
    }
    if (this.stalled) await new Promise<void>((resolve) => this.waiting.push(resolve));
    const batch = decodeFlowBatch(record.value);
    // Reports of coverage are records of their own, between the batches.
    if (batch.facts.length > 0) {
      this.reports.push(batch);
      return;
    }
    this.records.push(record);
    this.batches.push(batch);
  }

  stall(): void {
    this.stalled = true;
  }

  release(): void {
    this.stalled = false;
    for (const resolve of this.waiting) resolve();
    this.waiting = [];
  }

  responses(): Buffer[] {
    return this.batches.flatMap(responsesOf);
  }

  uuids(): string[] {
    return this.responses().map(uuidOf);
  }
}

export function responsesOf(batch: FlowBatch): Buffer[] {
  return Array.from(batch.starts.subarray(0, batch.header.count), (start, i) =>
    batch.bytes.subarray(start, batch.ends[i]),
  );
}

/** What a writer stores: unmarked batches as they are, of marked ones only what is not there yet. */
export function stored(batches: readonly FlowBatch[]): string[] {
  const rows: string[] = [];
  const known = new Set<string>();
  for (const batch of batches) {
    for (const uuid of responsesOf(batch).map(uuidOf)) {
      if (!batch.header.replay || !known.has(uuid)) rows.push(uuid);
      known.add(uuid);
    }
  }
  return rows;
}

export interface TestCollector {
  readonly collector: Collector;
  readonly publisher: TestPublisher;
  readonly registry: Registry;
  /** Lines of the log, as objects. */
  readonly log: Record<string, unknown>[];
  readonly abort: AbortController;
  metric(name: string, labels?: Record<string, string>): Promise<number>;
}

export async function startCollector(
  cluster: z.input<typeof clusterConfig>,
  config: z.input<typeof collectorConfig> = {},
): Promise<TestCollector> {
  const publisher = new TestPublisher();
  const registry = new Registry();
  const log: Record<string, unknown>[] = [];
  // pino writes whole lines of its own JSON.
  const logger = pino({ level: 'debug' }, { write: (line) => log.push(JSON.parse(line) as never) });
  const collector = createCollector({
    cluster: clusterConfig.parse(cluster),
    config: collectorConfig.parse({
      reconnect: { initial: '20ms', max: '100ms', stable: '10s' },
      batch: { age: '50ms' },
      ...config,
    }),
    publisher,
    logger,
    metrics: ingestMetrics(registry),
    clock: systemClock,
  });
  const abort = new AbortController();
  await collector.start(abort.signal);
  onTestFinished(async () => {
    abort.abort();
    await collector.stop(AbortSignal.abort());
  });
  return {
    collector,
    publisher,
    registry,
    log,
    abort,
    async metric(name, labels = {}) {
      const found = await registry.getSingleMetric(`parallax_ingest_${name}`)?.get();
      const values = found?.values.filter((value) =>
        Object.entries(labels).every(([key, label]) => value.labels[key] === label),
      );
      return values?.reduce((sum, { value }) => sum + value, 0) ?? 0;
    },
  };
}

/** Waits until `holds`, which says what is missing when it does not in time. */
export async function until(holds: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !(await holds()); ) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${holds}`);
    await sleep(5);
  }
}
