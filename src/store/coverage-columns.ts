// The columns of the table `coverage`: one row a node and report of a collector. Amounts are those of the report's time
// and add up over rows; the rest is as of its end. Named as the fields of CoverageFact.
import type { Column, Encoding } from './columns.ts';

const TYPES: Readonly<Partial<Record<Encoding, string>>> = {
  lc: 'LowCardinality(String)',
  u32: 'UInt32',
  u64: 'UInt64',
  i64: 'Int64',
  uuid: 'UUID',
};

function column(
  name: string,
  encoding: Encoding,
  doc: string,
  type = TYPES[encoding] ?? '',
): Column {
  return { name, encoding, type, doc };
}

export const COVERAGE_COLUMNS: readonly Column[] = [
  column('cluster', 'lc', 'Key of the cluster.'),
  column('relay', 'lc', 'Relay the collector reads.'),
  column('received_at', 'i64', 'End of the report’s time.', "DateTime64(3, 'UTC')"),
  column('uuid', 'uuid', 'Id of the report and node.'),
  column('collector', 'lc', 'Random id of the collector’s life.'),
  column('sequence', 'u64', 'Number of the batch of that life that came next.'),
  column('node', 'lc', 'Node as flows name it; empty for facts of the whole relay.'),
  column('minute', 'u32', 'Minute of arrival.', "DateTime('UTC')"),
  column('up_ms', 'u32', 'How long the stream was open in the report’s time, the node connected.'),
  column('paused_ms', 'u32', 'How long it was not read, because the buffer was full.'),
  column('down_ms', 'u32', 'How long it was not open, or the node not connected.'),
  column('received', 'u64', 'Flows that arrived.'),
  column('repeated', 'u64', 'Those of them that may have been published before.'),
  column('lost_unknown', 'u64', 'num_events_lost of no known source.'),
  column('lost_perf', 'u64', 'num_events_lost, PERF_EVENT_RING_BUFFER.'),
  column('lost_queue', 'u64', 'num_events_lost, OBSERVER_EVENTS_QUEUE.'),
  column('lost_ring', 'u64', 'num_events_lost, HUBBLE_RING_BUFFER.'),
  column('oversize', 'u64', 'Responses over collector.maxResponse, dropped.'),
  column('too_large', 'u64', 'Responses over the bus’s record size, dropped.'),
  column('foreign', 'u64', 'Flows of a node of another cluster, dropped.'),
  column('delays', 'u32', 'New flows whose delay was measured.'),
  column('delay_p50_ms', 'u32', 'Median of arrival less flow time.'),
  column('delay_max_ms', 'u32', 'Greatest of it.'),
  column(
    'skew_ms',
    'i64',
    'How far the node’s clock is ahead: flow time less arrival, at its greatest; transport counts as behind.',
  ),
  column('skew_known', 'u32', '1 when there was a flow to tell it by.'),
  column('stream', 'u32', 'Counts the streams of the collector’s life.'),
  column('opened_ms', 'i64', 'When the stream was opened.'),
  column(
    'boot_ms',
    'i64',
    'When the node’s agent started, by its uptime; its counts begin there. 0: unknown.',
  ),
  column('start', 'u64', 'The node’s count of seen flows at which the stream began: this at most,'),
  column('slack', 'u64', 'and this less at least.'),
  column('placed', 'u32', '1 once start is known.'),
  column(
    'position',
    'u64',
    'Flows of the stream so far, repeats and what the ring reported as overwritten included.',
  ),
  column('final', 'u32', '1 in the last report of a stream.'),
  column('oldest_ms', 'i64', 'Oldest flow time of the stream.'),
  column('newest_ms', 'i64', 'Newest flow time of the stream.'),
  column('heard_ms', 'i64', 'When the node was heard of last.'),
  column(
    'state',
    'u32',
    'State of the node as the relay told it: 1 connected, 2 unavailable, 3 gone, 4 error.',
  ),
  column('seen', 'u64', 'Flows the node has seen since it started.'),
  column('held', 'u64', 'Flows in its ring.'),
  column('capacity', 'u64', 'Flows its ring can hold.'),
  column('uptime_ns', 'u64', 'How long it has run.'),
  column('version', 'lc', 'Its version.'),
  column('address', 'lc', 'Its address.'),
  column('tls', 'u32', '1 when the relay reaches it over TLS.'),
];
