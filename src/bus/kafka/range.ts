// Reads what the topic holds between two times, in a group of its own that is gone afterwards: for reading records again
// that were stored, or lost, long ago. What live writers have committed stays as it is.
import { randomUUID } from 'node:crypto';
import type { Admin, EachBatchPayload, Kafka } from 'kafkajs';
import { aborted, deferred } from '../../runtime/async.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { BusRecord } from '../bus.ts';
import type { KafkaBusConfig } from '../config.ts';
import { decodeValue, ENCODING_HEADER, UnreadableValue } from '../values/value-codec.ts';
import { createKafkaClient } from './client.ts';
import { describeError } from './errors.ts';
import { untilGroupOpens } from './group.ts';
import type { LinkDeps } from './link.ts';
import { toRecord } from './record.ts';
import { runSession } from './session.ts';

export interface TimeRange {
  /** When the bus took the records, milliseconds since 1970: from, inclusive, to, exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Records that this group has not committed are not read; all are of partitions it has committed nothing of. */
  readonly behind: string;
}

export interface RangeOutcome {
  readonly records: number;
  /** Values that could not be unpacked. */
  readonly unreadable: number;
  /** True when records older than the topic's oldest were asked for. */
  readonly truncated: boolean;
  /** Records of the range that the group has yet to take: they are left to it. */
  readonly left: number;
}

interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * Calls `handler` with every record of the range, those of one partition in order, one at a time. Rejects with what the
 * handler rejects with, with `bus/unavailable` when the brokers are gone, and early when `signal` aborts.
 */
export async function readKafkaRange(
  config: KafkaBusConfig,
  deps: Pick<LinkDeps, 'logger' | 'clock'>,
  range: TimeRange,
  handler: (record: BusRecord) => Promise<void>,
  signal: AbortSignal,
): Promise<RangeOutcome> {
  const client = createKafkaClient(config, deps.logger);
  const group = `${config.clientId}-replay-${randomUUID()}`;
  const admin = client.admin();
  try {
    await admin.connect();
    const { spans, truncated, left } = await untilGroupOpens(
      () => spansOf(admin, config.topic, range),
      config,
      deps.clock,
      signal,
    );
    if (spans.size === 0) return { records: 0, unreadable: 0, truncated, left };
    const partitions = [...spans].map(([partition, { start }]) => ({
      partition,
      offset: String(start),
    }));
    await untilGroupOpens(
      () => admin.setOffsets({ groupId: group, topic: config.topic, partitions }),
      config,
      deps.clock,
      signal,
    );
    const reader = new RangeReader(config, spans, handler);
    await reader.run(client, group, deps, signal);
    await admin.deleteGroups([group]).catch(() => {}); // it expires by itself
    return { ...reader.outcome, truncated, left };
  } catch (error) {
    if (error instanceof ParallaxError || signal.aborted) throw error;
    throw new ParallaxError(
      'bus/unavailable',
      `the topic cannot be read: ${describeError(error)}`,
      {
        cause: error,
      },
    );
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

async function spansOf(admin: Admin, topic: string, { fromMs, toMs, behind }: TimeRange) {
  const [starts, ends, limits, committed] = await Promise.all([
    admin.fetchTopicOffsetsByTimestamp(topic, fromMs),
    admin.fetchTopicOffsetsByTimestamp(topic, toMs),
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId: behind, topics: [topic] }),
  ]);
  const taken = new Map(
    committed.flatMap(({ partitions }) =>
      partitions.map(({ partition, offset }) => [partition, BigInt(offset)] as const),
    ),
  );
  const spans = new Map<number, Span>();
  let truncated = false;
  let left = 0;
  for (const { partition, low, high } of limits) {
    const offsetIn = (found: typeof starts) => {
      const offset = found.find((each) => each.partition === partition)?.offset;
      // No record is that young.
      return offset === undefined || offset === '-1' ? BigInt(high) : BigInt(offset);
    };
    const [start, until] = [offsetIn(starts), offsetIn(ends)];
    const next = taken.get(partition) ?? -1n;
    const end = next >= 0n && next < until ? next : until;
    if (end < until) left += Number(until - (end > start ? end : start));
    const span = { start, end };
    if (span.start < span.end) spans.set(partition, span);
    // The oldest record there is, and others were before it.
    if (span.start === BigInt(low) && BigInt(low) > 0n) truncated = true;
  }
  return { spans, truncated, left };
}

class RangeReader {
  readonly outcome = { records: 0, unreadable: 0 };
  private readonly config: KafkaBusConfig;
  private readonly open: Map<number, Span>;
  private readonly handler: (record: BusRecord) => Promise<void>;
  private readonly done = deferred<void>();
  private failure: { readonly error: unknown } | undefined;

  constructor(
    config: KafkaBusConfig,
    spans: ReadonlyMap<number, Span>,
    handler: (record: BusRecord) => Promise<void>,
  ) {
    this.config = config;
    this.open = new Map(spans);
    this.handler = handler;
  }

  async run(
    client: Kafka,
    group: string,
    { clock }: Pick<LinkDeps, 'clock'>,
    signal: AbortSignal,
  ): Promise<void> {
    const session = {
      client,
      config: this.config,
      clock,
      group,
      topic: this.config.topic,
      // For partitions without an offset of this group, which nothing is read of.
      fromBeginning: false,
      tail: false,
      concurrency: 1,
      eachBatch: (payload: EachBatchPayload) => this.batch(payload),
      onJoin: () => {},
      onRebalance: () => {},
      onFetch: () => {},
    };
    await runSession(session, Promise.race([this.done.promise, aborted(signal)]));
    if (this.failure) throw this.failure.error;
    signal.throwIfAborted();
  }

  private async batch(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, isRunning, resolveOffset } = payload;
    const span = this.open.get(batch.partition);
    if (span === undefined) return;
    for (const message of batch.messages) {
      if (!isRunning() || this.failure) return;
      const offset = BigInt(message.offset);
      if (offset >= span.end) break;
      if (offset >= span.start) {
        try {
          await this.take(toRecord(batch.topic, batch.partition, message));
        } catch (error) {
          this.failure = { error };
          this.done.resolve();
          return;
        }
      }
      resolveOffset(message.offset);
      await heartbeat();
    }
    // The last offsets of a batch may be no records of ours.
    if (BigInt(batch.lastOffset()) + 1n < span.end) return;
    this.open.delete(batch.partition);
    if (this.open.size === 0) this.done.resolve();
  }

  private async take(record: BusRecord): Promise<void> {
    const { [ENCODING_HEADER]: encoding, ...headers } = record.headers;
    let value: Buffer;
    try {
      value = await decodeValue(record.value, encoding, this.config.maxValueBytes);
    } catch (error) {
      if (!(error instanceof UnreadableValue)) throw error;
      // It is among the dead letters since it was read first.
      this.outcome.unreadable++;
      return;
    }
    await this.handler({ ...record, value, headers });
    this.outcome.records++;
  }
}
