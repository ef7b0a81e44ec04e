// Stores one record of the bus: projects it, leaves out what is stored already, and inserts its blocks under the record's
// token, so that a record that comes again, or was published twice, is stored once. Nothing is given up silently: what no
// retry can store goes to the dead-letter topic with its reason.
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Bus, BusRecord } from '../bus/bus.ts';
import { recordToken } from '../bus/identity.ts';
import { decodeFlowBatch, type FlowBatch, IMPORT_RELAY } from '../hubble/proto/batch.ts';
import { retryBackoff } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { ParallaxError } from '../runtime/errors.ts';
import { NS_PER_MS, nsToMs } from '../runtime/time.ts';
import type { NativeBlock, Store } from '../store/store.ts';
import type { WriterConfig } from './config.ts';
import { coverageBlock } from './coverage.ts';
import type { Catalogue } from './inventory/catalogue.ts';
import type { WriterMetrics } from './metrics.ts';
import type { Projection, Projector } from './project/projector.ts';
import { CollectorOverlap } from './replay/collector-overlap.ts';
import type { RecentCluster, RecentlyStored } from './replay/recent.ts';
import { FAR, findStored, storedUpTo } from './replay/stored.ts';

/** Records of two collectors are no further out of the order in which they were received, unless the bus was away. */
const APART_MS = 5_000n;

export interface WriterDeps {
  readonly config: WriterConfig;
  readonly bus: Bus;
  readonly store: Store;
  readonly projector: Projector;
  /** Takes what flows show of identities and clusters. */
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

/** Stores one record; resolves when everything in it is stored or dead-lettered. */
export type RecordWriter = (record: BusRecord, signal?: AbortSignal) => Promise<StoredRecord>;

/** The part of the writer that an import uses by itself, without a memory of what it stored. */
export function createRecordWriter(deps: WriterDeps, memory?: RecentlyStored): RecordWriter {
  const storage = new RecordStorage(deps, memory);
  return (record, signal) => storage.write(record, signal);
}

const REJECTED_RECORD: StoredRecord = { flows: 0, events: 0, doubles: 0, deadLetters: 1 };

interface Decoded {
  readonly batch: FlowBatch;
  readonly coverage: NativeBlock | undefined;
  /** Whether another collector may have published flows of the record. */
  readonly overlapping: () => Promise<boolean>;
}

class RecordStorage {
  private readonly deps: WriterDeps;
  private readonly memory: RecentlyStored | undefined;
  private readonly overlap: CollectorOverlap;
  /** By partition: the newest record. A replayed record queries the store, which must have all records before it. */
  private readonly newest = new Map<number, Promise<unknown>>();

  constructor(deps: WriterDeps, memory: RecentlyStored | undefined) {
    this.deps = deps;
    this.memory = memory;
    this.overlap = new CollectorOverlap(deps.store);
  }

  async write(record: BusRecord, signal?: AbortSignal): Promise<StoredRecord> {
    const { newest, deps } = this;
    deps.metrics.inFlight.inc();
    const previous = newest.get(record.partition) ?? Promise.resolve();
    // What follows a record that failed fails too: stored before it, a repeat of its flows would be stored twice.
    const work = this.store(record, previous, signal);
    newest.set(record.partition, work);
    try {
      return await work;
    } finally {
      deps.metrics.inFlight.dec();
      if (newest.get(record.partition) === work) newest.delete(record.partition);
    }
  }

  private async store(
    record: BusRecord,
    previous: Promise<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<StoredRecord> {
    const { deps, memory } = this;
    const { store, projector, catalogue, metrics, clock } = deps;
    const decoded = await this.decode(record);
    if (decoded === undefined) {
      await previous;
      memory?.follow(record, '');
      return REJECTED_RECORD;
    }
    const { batch, coverage } = decoded;
    // Projected while the record before is still being inserted. That of a replay holds for nearly all of them; only
    // when something of it is stored already it is made again without that.
    let projection = timed(metrics.project, () => projector.project(batch));
    const { observations, nodes } = projection;
    await previous;
    const recent = await this.recentOf(record, batch, projection, signal);
    const drop = await this.findStored(decoded, recent, signal);
    if (drop) projection = timed(metrics.project, () => projector.project(batch, drop));
    for (const { index, reason, detail } of projection.rejected) {
      await this.deadLetter(record, responseBytes(batch, index), reason, detail);
    }
    const started = clock.now();
    const token = recordToken(record);
    const { derived, flows, events } = projection;
    // Flows come after what is derived of them: of a record that comes again, what is stored of the flows is not
    // derived from once more.
    const blocks = [...derived.blocks, flows, events, coverage].filter(
      (block) => block !== undefined,
    );
    await this.retried(() => store.insertAll(blocks, { token }), signal);
    metrics.insert.observe((clock.now() - started) / 1000);
    if (recent) {
      memory?.add(recent, projection.ids);
      metrics.remembered.set(memory?.bytes ?? 0);
    }
    // Before the record is committed: after a kill it comes again, and so do its observations.
    await catalogue?.write(catalogue.take(observations, nodes), (block, options) =>
      this.retried(() => store.insert(block, options), signal),
    );
    return this.countStored(batch, projection, drop);
  }

  /** Undefined when the record is no batch: it is a dead letter then. */
  private async decode(record: BusRecord): Promise<Decoded | undefined> {
    try {
      const batch = decodeFlowBatch(record.value);
      const overlapping = this.overlap.note(record, batch.header);
      return { batch, overlapping, coverage: coverageBlock(batch) };
    } catch (error) {
      if (!(error instanceof ParallaxError)) throw error;
      await this.deadLetter(record, record.value, 'not-a-flow-batch', error.message);
      return undefined;
    }
  }

  /** What is remembered of the record's cluster, all records before it being stored. */
  private async recentOf(
    record: BusRecord,
    { header: { cluster, relay, receivedAt } }: FlowBatch,
    { ids }: Projection,
    signal: AbortSignal | undefined,
  ): Promise<RecentCluster | undefined> {
    const recent = this.memory?.follow(record, cluster);
    // An import comes through a partition of its own, beside that of its clusters: it knows nothing of theirs.
    if (relay === IMPORT_RELAY || cluster === '') return undefined;
    if (recent && recent.floor === undefined && ids.uuids.length > 0) {
      recent.floor = await this.retried(() => this.floorOf(ids.minTime, cluster), signal);
      recent.sinceMs = receivedAt / NS_PER_MS + APART_MS;
    }
    return recent;
  }

  /** A byte a response, 1 where it is stored; undefined when none is, or none can be. */
  private async findStored(
    { batch, overlapping }: Decoded,
    recent: RecentCluster | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array | undefined> {
    const { store, projector, metrics, replayed } = this.deps;
    const { replay, count, cluster } = batch.header;
    const overlaps = !replay && count > 0 && (await this.retried(overlapping, signal));
    if (overlaps) metrics.overlapping.inc({ cluster });
    if (!replay && !overlaps && !replayed) return undefined;
    const asking = (uuids: number) => metrics.asked.inc({ cluster }, uuids);
    const question = { store, batch: projector.identify(batch), cluster, asking };
    const stored = await this.retried(
      () => findStored({ ...question, ...(recent && { recent }) }),
      signal,
    );
    return stored.includes(1) ? stored : undefined;
  }

  /** Rows of a cluster that are newer than this are all to come. */
  private async floorOf(from: bigint, cluster: string): Promise<bigint> {
    try {
      return await storedUpTo(this.deps.store, from, cluster);
    } catch (error) {
      // Too much is newer for one query: the store is queried for every replay.
      if (error instanceof ParallaxError && error.code === 'store/limit') return FAR;
      throw error;
    }
  }

  private countStored(batch: FlowBatch, projection: Projection, drop?: Uint8Array): StoredRecord {
    const { metrics, clock } = this.deps;
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
  private async retried<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const { config, metrics, logger, clock } = this.deps;
    const retry = retryBackoff(config);
    for (;;) {
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

  private async deadLetter(record: BusRecord, value: Buffer, reason: string, detail: string) {
    const { metrics, logger, bus } = this.deps;
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
