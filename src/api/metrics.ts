// What the API counts.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function apiMetrics(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Counter({
      name: 'parallax_api_requests_total',
      help: 'Requests answered, by route and status.',
      labelNames: ['route', 'status'],
      registers,
    }),
    seconds: new Histogram({
      name: 'parallax_api_request_seconds',
      help: 'Time until the whole answer was written, by route; live streams are left out.',
      labelNames: ['route'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60],
      registers,
    }),
    streams: new Gauge({
      name: 'parallax_api_streams',
      help: 'Streams of flows and events being written now.',
      registers,
    }),
    streamsLimit: new Gauge({
      name: 'parallax_api_streams_limit',
      help: 'Streams that may be written at once.',
      registers,
    }),
    documents: new Gauge({
      name: 'parallax_api_documents',
      help: 'Documents being made now.',
      registers,
    }),
    documentsLimit: new Gauge({
      name: 'parallax_api_documents_limit',
      help: 'Documents that may be made at once.',
      registers,
    }),
    openConnections: new Gauge({
      name: 'parallax_api_open_connections',
      help: 'Connections of clients that are open.',
      registers,
    }),
    openConnectionsLimit: new Gauge({
      name: 'parallax_api_open_connections_limit',
      help: 'Connections of clients that may be open at once.',
      registers,
    }),
    refusedConnections: new Counter({
      name: 'parallax_api_refused_connections_total',
      help: 'Connections closed at once, because there were as many as api.maxConnections allows.',
      registers,
    }),
    slowClients: new Counter({
      name: 'parallax_api_slow_clients_total',
      help: 'Connections cut because the client sent its request (sending) or took its answer (reading) too slowly.',
      labelNames: ['while'],
      registers,
    }),
    cached: new Counter({
      name: 'parallax_api_cached_total',
      help: 'Answers about closed windows: made anew, given again, or told to be unchanged.',
      labelNames: ['outcome'],
      registers,
    }),
    cachedBytes: new Gauge({
      name: 'parallax_api_cached_bytes',
      help: 'Bytes of answers kept to be given again.',
      registers,
    }),
    readRows: new Counter({
      name: 'parallax_api_read_rows_total',
      help: 'Rows that the store read for answers.',
      registers,
    }),
    readBytes: new Counter({
      name: 'parallax_api_read_bytes_total',
      help: 'Bytes that the store read for answers.',
      registers,
    }),
    responses: new Counter({
      name: 'parallax_api_flows_sent_total',
      help: 'Flows and events written to clients.',
      labelNames: ['kind'],
      registers,
    }),
    connections: new Counter({
      name: 'parallax_api_connections_sent_total',
      help: 'Connections written to clients.',
      registers,
    }),
    connectionsLimit: new Gauge({
      name: 'parallax_api_connections_limit',
      help: 'Connections that one answer may have.',
      registers,
    }),
    denials: new Counter({
      name: 'parallax_api_denials_sent_total',
      help: 'Denials and incidents written to clients.',
      labelNames: ['kind'],
      registers,
    }),
    denialsLimit: new Gauge({
      name: 'parallax_api_denials_limit',
      help: 'Denials or incidents that one page may have.',
      registers,
    }),
    errors: new Counter({
      name: 'parallax_api_errors_total',
      help: 'Answers that failed, by error code.',
      labelNames: ['code'],
      registers,
    }),
  };
}

export type ApiMetrics = ReturnType<typeof apiMetrics>;
