// Connections, services and explanations of single connections; bounded by api.connections.
import type { FastifyInstance } from 'fastify';
import { queryConnections } from '../../../query/connections/query.ts';
import { explainStored } from '../../../query/explain/find.ts';
import { readWanted, wantedRequest } from '../../../query/explain/wanted.ts';
import { noticesFor } from '../../../query/flows/notices.ts';
import { queryServices } from '../../../query/services/services.ts';
import type { ApiConfig } from '../../config.ts';
import type { ApiMetrics } from '../../metrics.ts';
import { type SelectionInput, selectionOf, selectionRequest } from '../request.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';
import { connectionsAnswer, explainAnswer, servicesAnswer } from '../schemas/connections.ts';

export interface ConnectionRouteDeps extends RouteDeps {
  readonly config: ApiConfig;
  readonly metrics: ApiMetrics;
}

export function addConnectionRoutes(app: FastifyInstance, deps: ConnectionRouteDeps): void {
  const { config, metrics } = deps;
  metrics.connectionsLimit.set(config.connections.maxConnections);
  const queryOf = (input: SelectionInput, nowNanos: bigint) =>
    selectionOf(input, nowNanos, config.maxFilters);
  addDocumentRoute(app, deps, {
    path: '/api/v1/connections',
    summary: 'Connections as both sides saw them',
    description:
      'Connections with at least one flow that passes the filters, joined from the flows of both sides across clusters. `last` and `first` count connections.',
    tag: 'connections',
    input: selectionRequest,
    output: connectionsAnswer,
    window: queryOf,
    async answer({ input, store, nowNanos, signal }) {
      const query = queryOf(input, nowNanos);
      const connections = await queryConnections(store, query, config.connections, signal);
      metrics.connections.inc(connections.length);
      const notices = await noticesFor(store, query, BigInt(connections.length), signal);
      return { connections, notices };
    },
  });
  addDocumentRoute(app, deps, {
    path: '/api/v1/services',
    summary: 'Services as their clients saw them',
    description:
      'The backends that answered the clients of each service, by cluster, with their shares. Filters by HTTP path, CIDR labels and CEL are not supported.',
    tag: 'connections',
    input: selectionRequest,
    output: servicesAnswer,
    window: queryOf,
    async answer({ input, store, nowNanos, signal }) {
      const query = queryOf(input, nowNanos);
      const services = await queryServices(store, query, config.connections, signal);
      const notices = await noticesFor(store, query, BigInt(services.length), signal);
      return { services, notices };
    },
  });
  addDocumentRoute(app, deps, {
    path: '/api/v1/explain',
    methods: 'get',
    summary: 'Explain one connection',
    description:
      'Client and server, what each side saw, the policy decision, and what the flows do not show. Takes the connection of the flow `uuid`, or the most informative one `from` a client `to` a server.',
    tag: 'connections',
    input: wantedRequest,
    output: explainAnswer,
    answer: ({ input, store, nowNanos, signal }) =>
      explainStored(store, readWanted(input, nowNanos), config.connections, signal),
  });
}
