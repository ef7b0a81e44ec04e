// The routes about the server as a whole: the answers of Hubble's ServerStatus, GetNodes and GetNamespaces, as JSON.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { toJson } from '../../hubble/json.ts';
import {
  GetNamespacesResponse,
  GetNodesResponse,
  ServerStatusResponse,
} from '../../hubble/schema.gen.ts';
import type { Overview } from '../overview.ts';
import { FieldError } from './problem.ts';

const noParameters = z.strictObject({});

export function addOverviewRoutes(app: FastifyInstance, overview: Overview): void {
  const route = (path: string, answer: () => Promise<object>) =>
    app.get(path, async (request) => {
      const [issue] = noParameters.safeParse(request.query).error?.issues ?? [];
      if (issue?.code === 'unrecognized_keys')
        throw new FieldError(issue.keys[0] ?? '', `unknown parameter ${issue.keys.join(', ')}`);
      return answer();
    });
  route('/api/v1/status', async () => toJson(ServerStatusResponse, await overview.status()));
  route('/api/v1/nodes', async () => toJson(GetNodesResponse, await overview.nodes()));
  route('/api/v1/namespaces', async () =>
    toJson(GetNamespacesResponse, await overview.namespaces()),
  );
}
