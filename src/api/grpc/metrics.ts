// What the gRPC API counts.
import { Counter, Gauge, type Registry } from 'prom-client';

export function grpcMetrics(registry: Registry) {
  const registers = [registry];
  return {
    calls: new Counter({
      name: 'parallax_grpc_calls_total',
      help: 'Calls that ended, by method and gRPC status.',
      labelNames: ['method', 'code'],
      registers,
    }),
    streams: new Gauge({
      name: 'parallax_grpc_streams',
      help: 'Streams open now.',
      registers,
    }),
    streamsLimit: new Gauge({
      name: 'parallax_grpc_streams_limit',
      help: 'Streams that may be open at once.',
      registers,
    }),
    responses: new Counter({
      name: 'parallax_grpc_flows_sent_total',
      help: 'Flows and events written to clients.',
      labelNames: ['kind'],
      registers,
    }),
    bytes: new Counter({
      name: 'parallax_grpc_sent_bytes_total',
      help: 'Bytes of the flows and events written to clients.',
      registers,
    }),
    waits: new Counter({
      name: 'parallax_grpc_waits_total',
      help: 'Times an answer was held up until its client had read more.',
      registers,
    }),
    errors: new Counter({
      name: 'parallax_grpc_errors_total',
      help: 'Calls that failed, by error code.',
      labelNames: ['code'],
      registers,
    }),
  };
}

export type GrpcMetrics = ReturnType<typeof grpcMetrics>;
