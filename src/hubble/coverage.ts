// Coverage facts a collector reports, one per node and report: the message CoverageFact of
// proto/parallax/v1/flow_batch.proto. Field names are the columns of the table `coverage`.
import { decode, encode } from './proto/codec.ts';
import { field, type MessageType, message } from './proto/schema.ts';

/** All of it speaks of one node in the report's time, or of the whole relay when `node` is empty. */
export interface CoverageFact {
  /** As flows name it. */
  node?: string | undefined;
  /** Minute of arrival, seconds since 1970. */
  minute?: number | undefined;
  /** How long the stream was open, was not read because the buffer was full, and was not open. */
  up_ms?: number | undefined;
  paused_ms?: number | undefined;
  down_ms?: number | undefined;
  /** Flows that arrived, and those of them that may have been published before. */
  received?: bigint | undefined;
  repeated?: bigint | undefined;
  /** num_events_lost by source. */
  lost_unknown?: bigint | undefined;
  lost_perf?: bigint | undefined;
  lost_queue?: bigint | undefined;
  lost_ring?: bigint | undefined;
  /** Dropped by the collector: over collector.maxResponse, over the bus's record size, of another cluster's node. */
  oversize?: bigint | undefined;
  too_large?: bigint | undefined;
  foreign?: bigint | undefined;
  /** Arrival less flow time of new flows; 0 of `delays` means that there were none. */
  delays?: number | undefined;
  delay_p50_ms?: number | undefined;
  delay_max_ms?: number | undefined;
  /** Estimate of how far the node's clock is ahead; least (arrival − flow time), negated. */
  skew_ms?: bigint | undefined;
  skew_known?: number | undefined;
  /** Counts the streams (and restarts of the node within one) of the collector's life. */
  stream?: number | undefined;
  opened_ms?: bigint | undefined;
  /** When the node's agent started: its counts begin there. 0: unknown. */
  boot_ms?: bigint | undefined;
  /** The node's count of seen flows at which this stream began is within `start - slack` and `start`. */
  start?: bigint | undefined;
  slack?: bigint | undefined;
  /** 1 once `start` is known. */
  placed?: number | undefined;
  /** Flows of this stream so far, repeats and those the ring reported as overwritten included. */
  position?: bigint | undefined;
  /** 1 in the stream's last report. */
  final?: number | undefined;
  /** Oldest and newest flow time of this stream, milliseconds since 1970; 0: none. */
  oldest_ms?: bigint | undefined;
  newest_ms?: bigint | undefined;
  heard_ms?: bigint | undefined;
  /** The relay's account of the node at the last poll. */
  state?: number | undefined;
  seen?: bigint | undefined;
  held?: bigint | undefined;
  capacity?: bigint | undefined;
  uptime_ns?: bigint | undefined;
  version?: string | undefined;
  address?: string | undefined;
  tls?: number | undefined;
}

const CoverageFact: MessageType<CoverageFact> = message(
  'parallax.v1.CoverageFact',
  [
    field('node', 1, 'string'),
    field('minute', 2, 'uint32'),
    field('up_ms', 3, 'uint32'),
    field('paused_ms', 4, 'uint32'),
    field('down_ms', 5, 'uint32'),
    field('received', 6, 'uint64'),
    field('repeated', 7, 'uint64'),
    field('lost_unknown', 8, 'uint64'),
    field('lost_perf', 9, 'uint64'),
    field('lost_queue', 10, 'uint64'),
    field('lost_ring', 11, 'uint64'),
    field('oversize', 12, 'uint64'),
    field('too_large', 13, 'uint64'),
    field('foreign', 14, 'uint64'),
    field('delays', 15, 'uint32'),
    field('delay_p50_ms', 16, 'uint32'),
    field('delay_max_ms', 17, 'uint32'),
    field('skew_ms', 18, 'int64'),
    field('skew_known', 19, 'uint32'),
    field('stream', 20, 'uint32'),
    field('opened_ms', 21, 'int64'),
    field('boot_ms', 22, 'int64'),
    field('start', 23, 'uint64'),
    field('slack', 24, 'uint64'),
    field('placed', 25, 'uint32'),
    field('position', 26, 'uint64'),
    field('final', 27, 'uint32'),
    field('oldest_ms', 28, 'int64'),
    field('newest_ms', 29, 'int64'),
    field('heard_ms', 30, 'int64'),
    field('state', 31, 'uint32'),
    field('seen', 32, 'uint64'),
    field('held', 33, 'uint64'),
    field('capacity', 34, 'uint64'),
    field('uptime_ns', 35, 'uint64'),
    field('version', 36, 'string'),
    field('address', 37, 'string'),
    field('tls', 38, 'uint32'),
  ],
  () => ({}),
);

export function encodeFact(fact: CoverageFact): Buffer {
  return encode(CoverageFact, fact);
}

/** Throws `hubble/malformed`. */
export function decodeFact(bytes: Uint8Array): CoverageFact {
  return decode(CoverageFact, bytes);
}
