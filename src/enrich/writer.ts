// The writer: takes records off the bus, turns each into column blocks and stores it under the record's token, so that
// a record that comes again, or was published twice, is stored once. It never gives a record up silently: what no retry
// can store goes to the dead-letter topic with its reason.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Bus, BusRecord, Consumer } from '../bus/bus.ts';
import { recordToken } from '../bus/identity.ts';
import { decodeFlowBatch, type FlowBatch, IMPORT_RELAY } from '../hubble/proto/batch.ts';
import { retryBackoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Component, Health } from '../runtime/component.ts';
import { ParallaxError } from '../runtime/errors.ts';
import { NS_PER_MS, nsToMs } from '../runtime/time.ts';
import type { NativeBlock, Store } from '../store/store.ts';
import type { WriterConfig } from './config.ts';
import { coverageBlock } from './coverage.ts';
import type { Catalogue } from './inventory/catalogue.ts';
import type { WriterMetrics } from './metrics.ts';
import type { Projection, Projector } from './project/projector.ts';
import { Rivals } from './replay/collector-overlap.ts';
import { type RecentCluster, RecentlyStored } from './replay/recent.ts';
import { FAR, findStored, storedUpTo } from './replay/stored.ts';

/** Records of two collectors are no further out of the order in which they were received, unless the bus was away. */
const APART_MS = 5_000n;

export interface WriterDeps {
  readonly config: WriterConfig;
  readonly bus: Bus;
  readonly store: Store;
  readonly projector: Projector;
  /** Takes what flows tell of identities and clusters. */
  readonly catalogue?: Pick<Catalogue, 'take' | 'write'>;
  /** Every record may have been stored before, whatever it says of itself. */
  readonly replayed?: boolean;
  readonly metrics: WriterMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What became of one record. */
export interface StoredRecord {
  readonly flows: number;
  readonly events: number;
  /** Responses of a replay that were stored before. */
  readonly doubles: number;
  readonly deadLetters: number;
}

export interface Writer extends Component {
  /** Rejects when the writer has failed for good and the process should end; resolves after `stop`. */
  readonly ended: Promise<void>;
}

export function createWriter(deps: WriterDeps): Writer {
  const { config, bus, logger } = deps;
  const write = createRecordWriter(deps, new RecentlyStored(config.remembered));
  let consumer: Consumer | undefined;
  let settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  const ended = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  ended.catch(() => undefined);
  let failure: string | undefined;
  const gone = new AbortController();

  return {
    name: 'writer',
    ended,
    async start(signal) {
      signal.addEventListener('abort', () => gone.abort());
      const options = { group: config.group, maxInFlight: config.maxInFlight };
      consumer = bus.consumer(options, async (record) => {
        await write(record, gone.signal);
      });
      consumer.ended.then(
        () => settle?.resolve(),
        (error: unknown) => {
          failure = error instanceof Error ? error.message : String(error);
          logger.error({ err: error }, 'writer ended');
          settle?.reject(error);
        },
      );
      await consumer.start(signal);
    },
    async stop(limit) {
      // Past the limit, inserts under retry are left: their record is not committed and comes again.
      limit.addEventListener('abort', () => gone.abort());
      await consumer?.stop(limit);
      settle?.resolve();
    },
    health(): Health {
      if (failure !== undefined) return { state: 'failed', reason: failure };
      return consumer?.health() ?? { state: 'failed', reason: 'not started' };
    },
  };
}

/** Stores one record; resolves when everything in it is stored or dead-lettered. */
export type RecordWriter = (record: BusRecord, signal?: AbortSignal) => Promise<StoredRecord>;

/** The part of the writer that an import uses by itself, without a memory of what it stored. */
export function createRecordWriter(deps: WriterDeps, memory?: RecentlyStored): RecordWriter {
  const { store, projector, catalogue, metrics, logger, clock, bus } = deps;
  const rivals = new Rivals(store);
  // A replayed record asks the store what it has: everything before it in its partition must be stored by then.
  const before = new Map<number, Promise<unknown>>();

  return async (record, signal) => {
    metrics.inFlight.inc();
    const previous = before.get(record.partition) ?? Promise.resolve();
    // What follows a record that failed fails too: stored before it, a repeat of its flows would be stored twice.
    const work = storeOne(record, previous, signal);
    before.set(record.partition, work);
    try {
      return await work;
    } finally {
      metrics.inFlight.dec();
      if (before.get(record.partition) === work) before.delete(record.partition);
    }
  };

  async function storeOne(
    record: BusRecord,
    previous: Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<StoredRecord> {
    let batch: FlowBatch;
    let coverage: NativeBlock | undefined;
    let contested: () => Promise<boolean>;
    try {
      batch = decodeFlowBatch(record.value);
      contested = rivals.note(record, batch.header);
      coverage = coverageBlock(batch);
    } catch (error) {
      if (!(error instanceof ParallaxError)) throw error;
      await deadLetter(record, record.value, 'not-a-flow-batch', error.message);
      await previous;
      memory?.follow(record, '');
      return { flows: 0, events: 0, doubles: 0, deadLetters: 1 };
    }
    // Projected while the record before is still being inserted. That of a replay holds for nearly all of them; only
    // when something of it is stored already it is made again without that.
    let projection = timed(metrics.project, () => projector.project(batch));
    const { sightings, nodes } = projection;
    await previous;
    const { cluster, relay } = batch.header;
    const followed = memory?.follow(record, cluster);
    // An import comes through a partition of its own, beside that of its clusters: it knows nothing of theirs.
    const recent = relay === IMPORT_RELAY || cluster === '' ? undefined : followed;
    if (recent && recent.floor === undefined && projection.ids.uuids.length > 0) {
      recent.floor = await retried(() => floorOf(projection.ids.minTime, cluster), signal);
      recent.sinceMs = batch.header.receivedAt / NS_PER_MS + APART_MS;
    }
    let drop: Uint8Array | undefined;
    const { replay, count } = batch.header;
    const rival = !replay && count > 0 && (await retried(contested, signal));
    if (rival) metrics.contested.inc({ cluster });
    if (replay || rival || deps.replayed) {
      const asking = (uuids: number) => metrics.asked.inc({ cluster }, uuids);
      const question = { store, batch: projector.identify(batch), cluster, asking };
      const stored = await retried(
        () => findStored({ ...question, ...(recent && { recent }) }),
        signal,
      );
      if (stored.includes(1)) {
        drop = stored;
        projection = timed(metrics.project, () => projector.project(batch, stored));
      }
    }
    for (const { index, reason, detail } of projection.rejected) {
      await deadLetter(record, responseBytes(batch, index), reason, detail);
    }
    const started = clock.now();
    const token = recordToken(record);
    const { derived, flows, events } = projection;
    // Flows come after what is derived of them: of a record that comes again, what is stored of the flows is not
    // derived from once more.
    const blocks = [...derived.blocks, flows, events, coverage].filter(
      (block) => block !== undefined,
    );
    await retried(() => store.insertAll(blocks, { token }), signal);
    metrics.insert.observe((clock.now() - started) / 1000);
    if (recent) remember(recent, projection);
    // Before the record is committed: after a kill it comes again, and so does what it tells.
    await catalogue?.write(catalogue.take(sightings, nodes), (block, options) =>
      retried(() => store.insert(block, options), signal),
    );
    return settle(batch, projection, drop);
  }

  function remember(recent: RecentCluster, { ids }: Projection): void {
    memory?.add(recent, ids);
    metrics.remembered.set(memory?.bytes ?? 0);
  }

  /** Rows of a cluster that are newer than this are all to come. */
  async function floorOf(from: bigint, cluster: string): Promise<bigint> {
    try {
      return await storedUpTo(store, from, cluster);
    } catch (error) {
      // Too much is newer for one question: the store is asked about every replay.
      if (error instanceof ParallaxError && error.code === 'store/limit') return FAR;
      throw error;
    }
  }

  function settle(batch: FlowBatch, projection: Projection, drop?: Uint8Array): StoredRecord {
    const { cluster, receivedAt, replay } = batch.header;
    const count = (block?: NativeBlock) => block?.rows ?? 0;
    const stored = {
      flows: count(projection.flows),
      events: count(projection.events),
      doubles: drop?.reduce((sum, bit) => sum + bit, 0) ?? 0,
      deadLetters: projection.rejected.length,
    };
    metrics.records.inc({ replay: String(replay) });
    if (batch.facts.length > 0) metrics.coverage.inc({ cluster }, batch.facts.length);
    metrics.flows.inc({ cluster }, stored.flows);
    metrics.events.inc({ cluster }, stored.events);
    if (stored.doubles > 0) metrics.doubles.inc({ cluster }, stored.doubles);
    const { blocks, foldedDenials, foldedFlows } = projection.derived;
    for (const { table, rows } of blocks) metrics.derived.inc({ table }, rows);
    if (foldedDenials > 0) metrics.foldedDenials.inc(foldedDenials);
    if (foldedFlows > 0) metrics.foldedFlows.inc(foldedFlows);
    metrics.delay.observe({ cluster }, (clock.now() - nsToMs(receivedAt)) / 1000);
    return stored;
  }

  /** Tries again for as long as the store says it may help; throws when it cannot, or when `signal` aborts. */
  async function retried<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const retry = retryBackoff(deps.config);
    while (true) {
      try {
        return await call();
      } catch (error) {
        const again = error instanceof ParallaxError && error.retriable;
        if (!again || signal?.aborted) throw error;
        metrics.retries.inc({ code: error.code });
        const waitMs = retry.next();
        logger.warn({ err: error, tries: retry.attempts, waitMs }, 'store write retried');
        await clock.sleep(waitMs, signal);
      }
    }
  }

  async function deadLetter(record: BusRecord, value: Buffer, reason: string, detail: string) {
    metrics.deadLetters.inc({ reason });
    logger.warn({ reason, detail, offset: String(record.offset) }, 'dead letter');
    await bus.deadLetter({ record, value, reason, detail });
  }
}

/** A record that never was on a bus, for an import that writes straight to the store. */
export function importedRecord(value: Buffer, sequence: number, run = randomUUID()): BusRecord {
  return {
    topic: `import-${run}`,
    partition: 0,
    offset: BigInt(sequence),
    key: '',
    value,
    headers: {},
    timestampMs: Date.now(),
  };
}

function responseBytes(batch: FlowBatch, index: number): Buffer {
  return batch.bytes.subarray(batch.starts[index], batch.ends[index]);
}

function timed<T>(histogram: { startTimer(): () => number }, call: () => T): T {
  const end = histogram.startTimer();
  try {
    return call();
  } finally {
    end();
  }
}
