import type { Registry } from 'prom-client';
import { instruments } from '../telemetry/instruments.ts';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

// Long because it lists every metric of the HTTP API.
export function apiMetrics(registry: Registry) {
  const { counter, gauge, histogram } = instruments(registry, 'parallax_api_');
  return {
    requests: counter('requests_total', 'Requests by route and status.', 'route', 'status'),
    seconds: histogram(
      'request_seconds',
      'Time to write the whole response, by route; live streams are not included.',
      SECONDS,
      'route',
    ),
    streams: gauge('streams', 'Open streams of flows and events.'),
    streamsLimit: gauge('streams_limit', 'Maximum of open streams.'),
    documents: gauge('documents', 'JSON documents being computed.'),
    documentsLimit: gauge('documents_limit', 'Maximum of documents computed at once.'),
    openConnections: gauge('open_connections', 'Open client connections.'),
    openConnectionsLimit: gauge('open_connections_limit', 'Maximum of open client connections.'),
    refusedConnections: counter(
      'refused_connections_total',
      'Connections closed because api.maxConnections was reached.',
    ),
    slowClients: counter(
      'slow_clients_total',
      'Connections closed because the client sent its request (sending) or read the response (reading) too slowly.',
      'while',
    ),
    cached: counter(
      'cached_total',
      'Documents about closed windows: made from the store, given from the cache, or unchanged (304).',
      'outcome',
    ),
    cachedBytes: gauge('cached_bytes', 'Size of the cache of documents in bytes.'),
    readRows: counter('read_rows_total', 'Rows the store read for requests.'),
    readBytes: counter('read_bytes_total', 'Bytes the store read for requests.'),
    responses: counter('flows_sent_total', 'Flows and events sent to clients.', 'kind'),
    connections: counter('connections_sent_total', 'Connections sent to clients.'),
    connectionsLimit: gauge('connections_limit', 'Maximum of connections in one document.'),
    denials: counter('denials_sent_total', 'Denials and incidents sent to clients.', 'kind'),
    denialsLimit: gauge('denials_limit', 'Maximum of denials or incidents on one page.'),
    errors: counter('errors_total', 'Failed requests by error code.', 'code'),
  };
}

export type ApiMetrics = ReturnType<typeof apiMetrics>;
