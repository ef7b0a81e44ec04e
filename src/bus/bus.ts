// The contract of the bus: what carries sealed FlowBatches from collectors to writers. Kafka and the in-process bus
// both keep it, and the same tests run against both.
import type { Component } from '../runtime/component.ts';

export interface OutgoingRecord {
  /** The cluster's key: records of one key stay in order. */
  readonly key: string;
  /** One encoded FlowBatch. The bus owns the bytes from here on. */
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called when the bus has packed the value and nobody will read its bytes again; not called when it keeps them. */
  readonly release?: () => void;
}

export interface BusRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** When the bus took the record, milliseconds since 1970. */
  readonly timestampMs: number;
}

export interface Publisher extends Component {
  /**
   * Resolves once the record is durable (Kafka: acks all), in order of the calls. Retries as long as it takes;
   * rejects with `bus/stopped` when the publisher is stopped first, with `bus/too-large` when no retry can help.
   */
  publish(record: OutgoingRecord): Promise<void>;
  /** Records accepted and not yet durable. */
  pending(): { readonly records: number; readonly bytes: number };
}

/**
 * Stores one record. Its value's bytes are the handler's until it resolves, and may be anything afterwards. The bus starts handlers of one partition in offset order and runs at most `maxInFlight` of them
 * at once; it commits an offset only when the handlers of it and of all before it have resolved. A rejection means
 * the record could not be dealt with in any way: the consumer then fails and ends, and the record comes again to the
 * next one.
 */
export type RecordHandler = (record: BusRecord) => Promise<void>;

export interface Consumer extends Component {
  /** Resolves when the consumer has ended; rejects with what ended it when it was not `stop`. */
  readonly ended: Promise<void>;
  /** Records behind the newest, summed over this consumer's partitions; undefined while unknown. */
  lag(): number | undefined;
}

export interface ConsumerOptions {
  readonly group: string;
  /** Handlers at work at once per consumer (2 lets the next decode run while one insert waits). */
  readonly maxInFlight: number;
}

/** A record, or one flow of it, that no retry can store, with why. */
export interface DeadLetter {
  readonly record: BusRecord;
  /** The bytes that could not be stored: the whole value, or one response of it. */
  readonly value: Buffer;
  /** A short stable word, such as `truncated` or `not-a-flow-batch`; the metric's label. */
  readonly reason: string;
  readonly detail: string;
}

export interface Bus extends Component {
  publisher(): Publisher;
  consumer(options: ConsumerOptions, handler: RecordHandler): Consumer;
  /** Sees records published from now on, in no group and without commits; for live streams. May miss some when slow. */
  tail(handler: (record: BusRecord) => void): Component;
  /**
   * Resolves once the group has committed every record published before the call, or when the signal aborts. Rejects
   * when that cannot be found out.
   */
  caughtUp(group: string, signal: AbortSignal): Promise<void>;
  /** Resolves once the dead letter is durable. */
  deadLetter(letter: DeadLetter): Promise<void>;
}
