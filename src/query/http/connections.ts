// The routes about connections: lists of them, the story of one, and the services they were made to. Each answer is one
// JSON document, bounded by api.connections.
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock } from '../../runtime/clock.ts';
import type { Reader } from '../../store/store.ts';
import type { ApiConfig } from '../config.ts';
import { queryConnections } from '../connections/query.ts';
import { explainStored } from '../explain/find.ts';
import { readWanted } from '../explain/wanted.ts';
import type { ApiMetrics } from '../metrics.ts';
import { noticesFor } from '../notices.ts';
import { queryServices } from '../services/services.ts';
import type { Gate } from './gate.ts';
import { FieldError } from './problem.ts';
import { type FlowsRequest, readFlowsRequest } from './request.ts';

export interface ConnectionRouteDeps {
  readonly config: ApiConfig;
  readonly store: Reader;
  readonly clock: Clock;
  readonly metrics: ApiMetrics;
  readonly enter: Gate;
}

export function addConnectionRoutes(app: FastifyInstance, deps: ConnectionRouteDeps): void {
  const { config, store, clock, metrics, enter } = deps;
  metrics.connectionsLimit.set(config.connections.maxConnections);
  const now = () => BigInt(clock.now()) * 1_000_000n;
  const requestOf = (input: unknown): FlowsRequest => {
    const request = readFlowsRequest(input, now(), config.maxFilters);
    if (request.follow)
      throw new FieldError('follow', 'only flows can be followed; ask again for what is new');
    return request;
  };
  const connections = async (input: unknown, reply: FastifyReply) => {
    const request = requestOf(input);
    const signal = enter(reply);
    const found = await queryConnections(store, request, config.connections, signal);
    metrics.connections.inc(found.length);
    const notices = await noticesFor(store, request, BigInt(found.length), signal);
    return reply.header('cache-control', 'no-store').send({ connections: found, notices });
  };
  const services = async (input: unknown, reply: FastifyReply) => {
    const request = requestOf(input);
    const signal = enter(reply);
    const found = await queryServices(store, request, config.connections, signal);
    const notices = await noticesFor(store, request, BigInt(found.length), signal);
    return reply.header('cache-control', 'no-store').send({ services: found, notices });
  };
  app.get('/api/v1/connections', (request, reply) => connections(request.query, reply));
  app.post('/api/v1/connections::query', (request, reply) => connections(request.body, reply));
  app.get('/api/v1/services', (request, reply) => services(request.query, reply));
  app.post('/api/v1/services::query', (request, reply) => services(request.body, reply));
  app.get('/api/v1/explain', async (request, reply) => {
    const wanted = readWanted(request.query, now());
    const signal = enter(reply);
    const explained = await explainStored(store, wanted, config.connections, signal);
    return reply.header('cache-control', 'no-store').send(explained);
  });
}
