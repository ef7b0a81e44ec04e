// All instruments of the collectors.
import { Counter, Gauge, type Registry } from 'prom-client';

export type IngestMetrics = ReturnType<typeof ingestMetrics>;

// Long because it lists every metric with its help text.
export function ingestMetrics(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labels: Label[]) =>
    new Counter({
      name: `parallax_ingest_${name}`,
      help,
      labelNames: ['cluster', ...labels],
      registers,
    });
  const gauge = <Label extends string>(name: string, help: string, ...labels: Label[]) =>
    new Gauge({
      name: `parallax_ingest_${name}`,
      help,
      labelNames: ['cluster', ...labels],
      registers,
    });
  return {
    collectors: new Gauge({
      name: 'parallax_ingest_collectors',
      help: 'Clusters that are collected from',
      registers,
    }),
    responses: counter('responses_total', 'Responses received from the relay'),
    bytes: counter('received_bytes_total', 'Bytes received on flow streams, framing included'),
    malformed: counter(
      'malformed_total',
      'Responses that are no protobuf message; handed on as they are',
    ),
    repeated: counter('repeated_responses_total', 'Responses marked as possibly published before'),
    lostEvents: counter(
      'lost_events_total',
      'Flows lost in the cluster, as its nodes report: num_events_lost by source',
      'source',
    ),
    nodeStates: counter('node_state_changes_total', 'Node status events by state', 'state'),
    sealed: counter('batches_sealed_total', 'Batches sealed, by what sealed them', 'cause'),
    replayBatches: counter('replay_batches_total', 'Batches sealed with the replay mark'),
    publishedBatches: counter('batches_published_total', 'Batches durable on the bus'),
    publishedResponses: counter('responses_published_total', 'Responses durable on the bus'),
    publishedBytes: counter('published_bytes_total', 'Bytes of batches durable on the bus'),
    refused: counter(
      'responses_refused_total',
      'Responses received and not published, by reason: oversize and too-large are lost, the others are asked for again',
      'reason',
    ),
    foreign: counter(
      'foreign_flows_total',
      'Flows of other clusters’ nodes that were dropped, by Cilium’s name of that cluster',
      'from',
    ),
    reports: counter('coverage_reports_total', 'Coverage reports durable on the bus'),
    misnamed: gauge(
      'cluster_misnamed',
      '1 while no node of the cluster is at its relay under the name it is looked for',
    ),
    buffered: gauge('buffer_bytes', 'Memory of sealed batches that are not durable yet'),
    bufferedBatches: gauge('buffer_batches', 'Sealed batches that are not durable yet'),
    open: gauge('open_bytes', 'Bytes in batches not sealed yet'),
    paused: gauge('paused', '1 while reading is paused because the buffer is full'),
    pausedSeconds: counter(
      'paused_seconds_total',
      'Time reading was paused because the buffer was full',
    ),
    streamUp: gauge('stream_up', '1 while the flow stream is open'),
    reconnects: counter('stream_ends_total', 'Flow streams that ended, by cause', 'cause'),
    newestFlowAge: gauge('newest_flow_age_seconds', 'Age of the newest flow received'),
    relaySeen: gauge('relay_seen_flows', 'Flows the nodes have seen, as the relay sums them'),
    relayFlows: gauge('relay_ring_flows', 'Flows in the rings of the nodes'),
    relayMax: gauge('relay_ring_capacity', 'Flows the rings of the nodes can hold'),
    relayNodes: gauge('relay_nodes', 'Nodes of the relay by connection', 'state'),
    pollErrors: counter('poll_errors_total', 'Status polls of the relay that failed'),
    nodeSeen: gauge('node_seen_flows', 'Flows a node has seen since it started', 'node'),
    nodeReceived: gauge('node_received_responses', 'Responses received of a node', 'node'),
  };
}

/** A cluster is collected no more: its series end. */
export async function forgetSeries(metrics: IngestMetrics, cluster: string): Promise<void> {
  for (const metric of Object.values(metrics)) {
    const { values } = await metric.get();
    for (const { labels } of values) if (labels.cluster === cluster) metric.remove(labels);
  }
}
