// The loop of an import: reads lines and delivers batches, one while the next is filled. Invalid lines are counted and
// skipped.

import type { StoredRecord } from '../../enrich/record-writer.ts';
import { FlowBatchBuilder, IMPORT_RELAY } from '../../hubble/proto/batch.ts';
import type { Clock } from '../../runtime/clock.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import { msToNs } from '../../runtime/time.ts';
import { readLine } from './line.ts';
import { type Line, LineSplitter } from './lines.ts';
import { addStored, type ImportSummary, newSummary, refuse } from './summary.ts';

/** One sealed batch, to be stored or published before the promise resolves. */
export interface SealedBatch {
  readonly value: Buffer;
  readonly sequence: number;
}

export interface PumpOptions {
  readonly chunks: AsyncIterable<Buffer>;
  /** Key of the cluster; empty to let the node names say it. */
  readonly cluster: string;
  readonly collector: string;
  /** Bytes of the longest line taken. */
  readonly maxLine: number;
  readonly clock: Clock;
  /** Undefined where what was stored is not known, as with Kafka. */
  readonly store: (batch: SealedBatch) => Promise<StoredRecord | undefined>;
  /** Ends the import after what was read. */
  readonly signal: AbortSignal;
  readonly onProgress?: (summary: ImportSummary) => void;
}

const BATCH_COUNT = 10_000;
const BATCH_BYTES = 8 << 20;
/** A line this large is a record of its own, so that a bus that refuses it refuses this line alone. */
const LARGE_BYTES = 1 << 20;

// Long because its functions share the state of one batch.
export async function pump(options: PumpOptions): Promise<ImportSummary> {
  const { clock, signal } = options;
  const summary = newSummary();
  const builder = new FlowBatchBuilder();
  let firstLine = 0;
  let receivedAt = 0;
  let sequence = 0;
  let atWork: Promise<void> = Promise.resolve();

  const flush = async () => {
    if (builder.count === 0) return;
    const { count } = builder;
    const { cluster, collector } = options;
    const header = { cluster, relay: IMPORT_RELAY, collector, sequence, replay: true };
    const value = builder.seal({ ...header, receivedAt: msToNs(receivedAt) });
    const batch = { value, sequence: sequence++ };
    const line = firstLine;
    await atWork;
    atWork = deliver(batch, count, line);
    // A failure while the next batch is being filled is reported where atWork is awaited.
    atWork.catch(() => undefined);
  };

  const deliver = async (batch: SealedBatch, count: number, line: number) => {
    try {
      const stored = await options.store(batch);
      summary.accepted += count;
      if (stored !== undefined) {
        addStored(summary, stored);
        for (let i = 0; i < stored.deadLetters; i++) {
          refuse(summary, line, {
            reason: 'undecodable',
            detail: 'in the batch from this line on',
          });
        }
      }
    } catch (error) {
      const alone = count === 1 && error instanceof ParallaxError && error.code === 'bus/too-large';
      if (!alone) throw error;
      refuse(summary, line, { reason: 'too-large', detail: error.message });
    }
    options.onProgress?.(summary);
  };

  const add = async (bytes: Buffer, line: number) => {
    if (bytes.length >= LARGE_BYTES) await flush();
    if (builder.count === 0) {
      firstLine = line;
      receivedAt = clock.now();
    }
    builder.add(bytes);
    const full = builder.count >= BATCH_COUNT || builder.size >= BATCH_BYTES;
    if (full || bytes.length >= LARGE_BYTES) await flush();
  };

  const splitter = new LineSplitter(options.maxLine);
  const take = async (lines: Iterable<Line>) => {
    for (const line of lines) {
      summary.lines++;
      const result = readLine(line);
      if (result.kind === 'response') await add(result.bytes, line.number);
      else if (result.kind === 'blank') summary.blank++;
      else refuse(summary, line.number, result);
    }
  };

  try {
    for await (const chunk of options.chunks) {
      await take(splitter.push(chunk));
      if (signal.aborted) break;
    }
    if (!signal.aborted) await take(splitter.end());
  } catch (error) {
    // Truncated input: the lines before it are good.
    if (!(error instanceof ParallaxError) || error.code !== 'input/invalid') throw error;
    if (summary.lines === 0 && !signal.aborted) throw error;
    if (!signal.aborted) await take(splitter.end());
    summary.ended = error.message;
  }
  if (signal.aborted)
    summary.ended = 'interrupted; run it again, stored flows are not stored twice';
  await flush();
  await atWork;
  return summary;
}
