// One eachBatch of kafkajs: starts handlers in order, at most as many as there are slots, and commits what is done in
// order, from inside eachBatch.
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { BusRecord } from '../bus.ts';
import { OrderedProgress } from '../progress.ts';
import type { Slots } from '../slots.ts';
import { isRebalance } from './errors.ts';
import { toRecord } from './record.ts';

const { KafkaJSNonRetriableError } = kafkajs;

/** A commit that fails for another reason than a rebalance is tried this often before the batch ends. */
const COMMIT_TRIES = 3;

export interface BatchOptions {
  readonly slots: Slots;
  readonly heartbeatInterval: number;
  /** True once no further handler may start. */
  readonly stopping: () => boolean;
  /** The record with its value unpacked, or undefined when it was poison and is dead-lettered. */
  readonly unpack: (record: BusRecord) => Promise<BusRecord | undefined>;
  readonly handle: (record: BusRecord) => Promise<void>;
  readonly onFailure: (error: unknown) => void;
  readonly onCommit: (
    outcome: 'ok' | 'failed',
    partition: number,
    next: bigint | undefined,
  ) => void;
}

export async function processBatch(
  payload: EachBatchPayload,
  options: BatchOptions,
): Promise<void> {
  await new BatchRun(payload, options).run();
}

class BatchRun {
  private readonly payload: EachBatchPayload;
  private readonly options: BatchOptions;
  private readonly progress = new OrderedProgress();
  /** Why no further handler is started: a rebalance, or a handler that failed. */
  private ending: { readonly error: unknown } | undefined;
  private failed = false;
  private done: bigint | undefined;
  private committed: bigint | undefined;
  private committing: Promise<void> | undefined;

  constructor(payload: EachBatchPayload, options: BatchOptions) {
    this.payload = payload;
    this.options = options;
  }

  async run(): Promise<void> {
    // Rule "heartbeat during long inserts": on a timer, whatever the handlers do.
    const timer = setInterval(() => void this.heartbeat(), this.options.heartbeatInterval / 2);
    const work: Promise<void>[] = [];
    try {
      for (const message of this.payload.batch.messages) {
        if (this.over()) break;
        // Unpacked while the handlers before it are at work, so that none waits for its bytes.
        const opened = await this.open(message);
        await this.options.slots.acquire();
        if (this.over()) {
          this.options.slots.release();
          break;
        }
        work.push(this.work(opened));
      }
      await Promise.all(work);
      await this.commitAtEnd();
    } finally {
      clearInterval(timer);
    }
    if (!this.ending) return;
    const { error } = this.ending;
    // A failure of ours must not be tried again by kafkajs: the record goes to the next consumer.
    if (this.failed) throw new KafkaJSNonRetriableError(String(error));
    throw error;
  }

  private over(): boolean {
    const { isRunning, isStale } = this.payload;
    return this.ending !== undefined || this.options.stopping() || !isRunning() || isStale();
  }

  private async open(message: KafkaMessage): Promise<Opened> {
    const { topic, partition } = this.payload.batch;
    const raw = toRecord(topic, partition, message);
    try {
      return { offset: raw.offset, record: await this.options.unpack(raw) };
    } catch (error) {
      return { offset: raw.offset, record: undefined, failure: { error } };
    }
  }

  /** Never rejects: the loop waits for all of them before it says why it ends. */
  private async work({ offset, record, failure }: Opened): Promise<void> {
    const entry = this.progress.begin(offset);
    try {
      if (failure) throw failure.error;
      if (record) await this.options.handle(record);
      entry.done = true;
      this.advance();
    } catch (error) {
      if (!this.failed) {
        this.failed = true;
        this.ending = { error };
        this.options.onFailure(error);
      }
    } finally {
      this.options.slots.release();
    }
  }

  private advance(): void {
    const last = this.progress.advance();
    if (last === undefined) return;
    this.done = last;
    this.payload.resolveOffset(String(last));
    // One commit at a time; what gets done meanwhile goes with the next.
    this.committing ??= this.commit()
      .catch(() => {}) // counted; tried again with the next record or at the end
      .finally(() => {
        this.committing = undefined;
      });
  }

  /**
   * Rule "commit inside eachBatch with commitOffsetsIfNecessary({ topics })": consumer.commitOffsets() does nothing,
   * silently, during shutdown.
   */
  private async commit(): Promise<void> {
    const { topic, partition } = this.payload.batch;
    while (this.done !== undefined && this.done !== this.committed) {
      const upTo = this.done;
      const offset = String(upTo + 1n);
      try {
        await this.payload.commitOffsetsIfNecessary({
          topics: [{ topic, partitions: [{ partition, offset }] }],
        });
      } catch (error) {
        this.options.onCommit('failed', partition, undefined);
        if (isRebalance(error)) this.ending ??= { error };
        throw error;
      }
      this.committed = upTo;
      this.options.onCommit('ok', partition, upTo + 1n);
    }
  }

  private async commitAtEnd(): Promise<void> {
    await this.committing;
    for (let tries = 1; this.done !== this.committed; tries++) {
      try {
        await this.commit();
      } catch (error) {
        if (isRebalance(error)) return; // the partition's new owner receives the records again
        if (tries < COMMIT_TRIES) continue;
        this.ending ??= { error };
        return;
      }
    }
  }

  private async heartbeat(): Promise<void> {
    try {
      await this.payload.heartbeat();
    } catch (error) {
      // Others are left to the session timeout; the connection may be back before.
      if (isRebalance(error)) this.ending ??= { error };
    }
  }
}

interface Opened {
  readonly offset: bigint;
  readonly record: BusRecord | undefined;
  readonly failure?: { readonly error: unknown };
}
