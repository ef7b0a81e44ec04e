// Gathers responses into two open batches, new ones and possible repeats, and seals them by count, bytes or age. A
// batch of repeats is never sealed before the new responses that came earlier, because the writer looks for them there.

import { BatchMemory } from '../../bus/values/batch-memory.ts';
import { FlowBatchBuilder, sealFacts } from '../../hubble/proto/batch.ts';
import { msToNs } from '../../runtime/time.ts';

export type SealCause = 'count' | 'bytes' | 'age' | 'order' | 'single' | 'flush' | 'report';

/** What is remembered of a batch while it is on its way: not its bytes, which the bus packs and lets go. */
export interface BatchFacts {
  readonly size: number;
  readonly sequence: number;
  readonly count: number;
  readonly replay: boolean;
  readonly cause: SealCause;
  /** Oldest flow time in it, on the tracker's time; Infinity when no response had one. */
  readonly oldest: number;
  /** The node of a response that is a record of its own. */
  readonly node: string;
}

export interface SealedBatch extends BatchFacts {
  readonly value: Buffer;
  /** To be called when nobody will read the value any more; need not be. */
  readonly release: () => void;
}

export interface SealerOptions {
  readonly cluster: string;
  readonly relay: string;
  /** Random id of this collector run. */
  readonly collector: string;
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly emit: (batch: SealedBatch) => void;
  /** Name of the node that sent the response being added. */
  readonly nodeName: () => string;
}

interface OpenBatch {
  builder: FlowBatchBuilder;
  readonly replay: boolean;
  /** When the first response arrived, milliseconds since 1970. */
  firstMs: number;
  oldest: number;
}

const SMALLEST = 1 << 16;
/** A batch that fills less than this part of its memory does not keep it. */
const MUCH_ROOM = 4;
/** Room for the batch's header and the framing of one response. */
const OVERHEAD = 1024;

export class Sealer {
  private readonly options: SealerOptions;
  private readonly memory = new BatchMemory();
  private readonly fresh: OpenBatch = this.open(false);
  private readonly repeats: OpenBatch = this.open(true);
  private sequence = 0;
  private maxBytes: number;

  constructor(options: SealerOptions) {
    this.options = options;
    this.maxBytes = options.maxBytes;
  }

  /** The bus takes less than was configured: smaller batches from now on. Returns the limit in force. */
  shrink(bytes: number): number {
    this.maxBytes = Math.min(this.maxBytes, Math.max(SMALLEST, bytes));
    return this.maxBytes;
  }

  /** Bytes of the open batches. */
  get openBytes(): number {
    return this.fresh.builder.size + this.repeats.builder.size;
  }

  /** Responses in the open batches. */
  get openCount(): number {
    return this.fresh.builder.count + this.repeats.builder.count;
  }

  /**
   * Adds the response `bytes[start, end)`, writing over the five bytes before it. It may stay where it is until `detach`.
   */
  add(
    bytes: Buffer,
    start: number,
    end: number,
    replay: boolean,
    time: number,
    nowMs: number,
  ): void {
    const { maxBytes } = this;
    const batch = replay ? this.repeats : this.fresh;
    const length = end - start;
    if (batch.builder.size + length + OVERHEAD > maxBytes) {
      this.seal(batch, 'bytes');
      if (length + OVERHEAD > maxBytes) {
        this.alone(bytes, start, end, replay, time, nowMs);
        return;
      }
    }
    if (batch.builder.count === 0) batch.firstMs = nowMs;
    batch.builder.append(bytes, start, end);
    if (time < batch.oldest) batch.oldest = time;
    if (batch.builder.count >= this.options.maxCount) this.seal(batch, 'count');
  }

  /** Copies what was added and still lies where it came from. */
  detach(): void {
    this.fresh.builder.flush();
    this.repeats.builder.flush();
  }

  /** Seals what has reached its age. */
  tick(nowMs: number): void {
    for (const batch of [this.fresh, this.repeats]) {
      const age = nowMs - batch.firstMs;
      // A clock set back must not hold a batch for ever.
      if (age >= this.options.maxAgeMs || age < 0) this.seal(batch, 'age');
    }
  }

  flush(): void {
    this.seal(this.fresh, 'flush');
    this.seal(this.repeats, 'flush');
  }

  /** A record of coverage facts, behind all responses added before. */
  report(facts: readonly Buffer[], nowMs: number): void {
    this.flush();
    const { cluster, relay, collector } = this.options;
    // That of the batch to come: reports are not counted among them.
    const { sequence } = this;
    const receivedAt = msToNs(nowMs);
    const value = sealFacts({ cluster, relay, collector, sequence, receivedAt }, facts);
    const oldest = Number.POSITIVE_INFINITY;
    const about = { sequence, count: 0, replay: false, cause: 'report', oldest, node: '' } as const;
    this.options.emit({ value, release: () => {}, size: value.length, ...about });
  }

  /** A response no batch has room for is a record of its own. */
  private alone(
    bytes: Buffer,
    start: number,
    end: number,
    replay: boolean,
    time: number,
    nowMs: number,
  ): void {
    const builder = new FlowBatchBuilder(end - start + OVERHEAD);
    builder.append(bytes, start, end);
    if (replay) this.seal(this.fresh, 'order');
    const oldest = Number.isNaN(time) ? Number.POSITIVE_INFINITY : time;
    this.emit({ builder, replay, firstMs: nowMs, oldest }, 'single');
  }

  private seal(batch: OpenBatch, cause: SealCause): void {
    if (batch.builder.count === 0) return;
    if (batch.replay) this.seal(this.fresh, 'order');
    const { used, room } = this.emit(batch, cause);
    batch.oldest = Number.POSITIVE_INFINITY;
    // A builder keeps the room of its largest batch, and quiet times need little.
    if (used * MUCH_ROOM < room && room > SMALLEST) {
      batch.builder = this.builder(Math.max(SMALLEST, used * 2));
    }
  }

  private emit(batch: Readonly<OpenBatch>, cause: SealCause): { used: number; room: number } {
    const { cluster, relay, collector, emit, nodeName } = this.options;
    const sequence = this.sequence++;
    const { replay, oldest } = batch;
    const { count } = batch.builder;
    const receivedAt = msToNs(batch.firstMs);
    const sealed = batch.builder.seal({ cluster, relay, collector, sequence, receivedAt, replay });
    const used = sealed.length;
    const room = sealed.buffer.byteLength;
    let value: Buffer<ArrayBuffer> = sealed;
    if (used * MUCH_ROOM < room) {
      // Not from Node's pool: the bus may move the memory to another thread.
      value = Buffer.allocUnsafeSlow(used);
      sealed.copy(value);
      this.memory.give(sealed);
    }
    const node = cause === 'single' ? nodeName() : '';
    const release = () => this.memory.give(value);
    emit({ value, release, size: used, sequence, count, replay, cause, oldest, node });
    return { used, room };
  }

  private open(replay: boolean): OpenBatch {
    const oldest = Number.POSITIVE_INFINITY;
    return { builder: this.builder(SMALLEST), replay, firstMs: 0, oldest };
  }

  private builder(room: number): FlowBatchBuilder {
    return new FlowBatchBuilder(room, (bytes) => this.memory.take(bytes));
  }
}
