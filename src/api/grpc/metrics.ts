import type { Registry } from 'prom-client';
import { instruments } from '../../telemetry/instruments.ts';

export function grpcMetrics(registry: Registry) {
  const { counter, gauge } = instruments(registry, 'parallax_grpc_');
  return {
    calls: counter('calls_total', 'Finished calls by method and gRPC status.', 'method', 'code'),
    streams: gauge('streams', 'Open streams.'),
    streamsLimit: gauge('streams_limit', 'Maximum of open streams.'),
    responses: counter('flows_sent_total', 'Flows and events sent to clients.', 'kind'),
    bytes: counter('sent_bytes_total', 'Bytes of flows and events sent to clients.'),
    waits: counter('waits_total', 'Times a stream waited until its client had read more.'),
    errors: counter('errors_total', 'Failed calls by error code.', 'code'),
  };
}

export type GrpcMetrics = ReturnType<typeof grpcMetrics>;
