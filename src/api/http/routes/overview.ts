// Hubble's ServerStatus, GetNodes and GetNamespaces as JSON.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { toJson } from '../../../hubble/json/json.ts';
import {
  GetNamespacesResponse,
  GetNodesResponse,
  ServerStatusResponse,
} from '../../../hubble/proto/schema.gen.ts';
import type { Overview } from '../../../query/catalogue/overview.ts';
import type { Scope } from '../../../query/read/scope.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';
import { namespacesAnswer, nodesAnswer, statusAnswer } from '../schemas/overview.ts';

export interface OverviewRouteDeps extends RouteDeps {
  /** Of a scope; cached for some seconds. */
  readonly overviewOf: (scope: Scope | undefined) => Overview;
}

const input = z.strictObject({});

export function addOverviewRoutes(app: FastifyInstance, deps: OverviewRouteDeps): void {
  addDocumentRoute(app, deps, {
    path: '/api/v1/status',
    methods: 'get',
    summary: 'Status of the server',
    description:
      'Hubble’s ServerStatus: stored flows, connected and unavailable nodes, flows per second.',
    tag: 'server',
    input,
    output: statusAnswer,
    answer: async ({ principal }) => ({
      ...toJson(ServerStatusResponse, await deps.overviewOf(principal.scope).status()),
    }),
  });
  addDocumentRoute(app, deps, {
    path: '/api/v1/nodes',
    methods: 'get',
    summary: 'Nodes seen recently',
    tag: 'catalogue',
    input,
    output: nodesAnswer,
    answer: async ({ principal }) => ({
      ...toJson(GetNodesResponse, await deps.overviewOf(principal.scope).nodes()),
    }),
  });
  addDocumentRoute(app, deps, {
    path: '/api/v1/namespaces',
    methods: 'get',
    summary: 'Namespaces seen recently',
    tag: 'catalogue',
    input,
    output: namespacesAnswer,
    answer: async ({ principal }) => ({
      ...toJson(GetNamespacesResponse, await deps.overviewOf(principal.scope).namespaces()),
    }),
  });
}
