// Sealed batches on their way: handed to the bus in order, counted until they are durable. Says when there are too
// many of them.
import type { Publisher } from '../../bus/bus.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { BatchFacts, SealedBatch } from './sealer.ts';

export interface OutboxOptions {
  readonly publisher: Pick<Publisher, 'publish'>;
  /** The cluster's key. */
  readonly key: string;
  readonly limitBytes: number;
  readonly durable: (batch: BatchFacts) => void;
  /** A batch the bus will never take. */
  readonly refused: (batch: BatchFacts, error: unknown, reason: RefusalReason) => void;
  /** Called after each change that makes the outbox full or lets it have room again. */
  readonly onBackpressure: (full: boolean) => void;
}

export type RefusalReason = 'too-large' | 'stopped' | 'error';

/** Room again at this part of the limit, so that reading does not flicker. */
const RESUME_AT = 0.75;

export class Outbox {
  records = 0;
  /** Those of them that are reports of coverage. */
  reports = 0;
  /** Memory held, which may be up to four times the batches' lengths. */
  bytes = 0;
  full = false;
  private readonly options: OutboxOptions;
  private idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  push({ value, release, ...batch }: SealedBatch): void {
    const held = value.buffer.byteLength;
    this.records++;
    if (batch.cause === 'report') this.reports++;
    this.bytes += held;
    this.turn();
    const headers = { sequence: String(batch.sequence), replay: String(batch.replay) };
    const { publisher, key } = this.options;
    publisher.publish({ key, value, headers, release }).then(
      () => {
        this.options.durable(batch);
        this.acknowledged(batch, held);
      },
      (error: unknown) => {
        this.options.refused(batch, error, refusalReason(error));
        this.acknowledged(batch, held);
      },
    );
  }

  /** True once nothing is on its way; false when `limit` aborts first. */
  async drained(limit: AbortSignal): Promise<boolean> {
    if (this.records === 0 || limit.aborted) return this.records === 0;
    await new Promise<void>((resolve) => {
      limit.addEventListener('abort', () => resolve(), { once: true });
      this.idle.push(resolve);
    });
    return this.records === 0;
  }

  private acknowledged({ cause }: BatchFacts, held: number): void {
    this.records--;
    if (cause === 'report') this.reports--;
    this.bytes -= held;
    this.turn();
    if (this.records > 0) return;
    for (const resolve of this.idle) resolve();
    this.idle = [];
  }

  /** Batches of responses among the records. */
  get batches(): number {
    return this.records - this.reports;
  }

  private turn(): void {
    const { limitBytes, onBackpressure } = this.options;
    const full = this.bytes >= limitBytes * (this.full ? RESUME_AT : 1);
    if (full === this.full) return;
    this.full = full;
    onBackpressure(full);
  }
}

function refusalReason(error: unknown): RefusalReason {
  if (!(error instanceof ParallaxError)) return 'error';
  if (error.code === 'bus/too-large') return 'too-large';
  return error.code === 'bus/stopped' ? 'stopped' : 'error';
}
