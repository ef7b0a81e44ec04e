// The route that completes values while a filter is being written.

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Completions } from '../../../query/complete/complete.ts';
import { COMPLETED } from '../../../query/complete/fields.ts';
import { scopeKey } from '../../../query/read/scope.ts';
import { limitField, windowFields, windowOf } from '../../../query/request/fields.ts';
import { DAY_MS } from '../../../runtime/time.ts';
import type { ApiConfig } from '../../config.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';

export interface CompleteRouteDeps extends RouteDeps {
  readonly config: ApiConfig;
}

const MAX_VALUES = 1000;
const DEFAULT_VALUES = 50;
const MAX_MS = 32 * DAY_MS;

// The map has fields.
const fields = [...COMPLETED.keys()] as [string, ...string[]];

const input = z.strictObject({
  field: z
    .enum(fields)
    .describe('What is being written; `namespace` and the like are of either end.'),
  prefix: z.string().max(300).default('').describe('What is written so far; case does not matter.'),
  limit: limitField(MAX_VALUES, DEFAULT_VALUES),
  ...windowFields,
});

const output = z.object({
  field: z.string(),
  values: z
    .array(
      z.object({
        value: z.string(),
        flows: z
          .number()
          .optional()
          .describe('Flows in the window that have it; absent of values that are always the same'),
      }),
    )
    .describe('The most frequent first'),
  more: z.boolean().describe('There are more; write on'),
});

export function addCompleteRoute(app: FastifyInstance, deps: CompleteRouteDeps): void {
  const completions = new Completions();
  const window = ({ since, until }: z.output<typeof input>, nowNanos: bigint) =>
    windowOf({ since, until }, nowNanos, { defaultMs: deps.config.recent, maxMs: MAX_MS });
  addDocumentRoute(app, deps, {
    path: '/api/v1/complete',
    methods: 'get',
    summary: 'Values to choose from',
    description:
      'Namespaces, pods, workloads, clusters, nodes, labels, services, policies, DNS names and the like that were seen in the window (lately, when none is named), and the words of verdicts, drop reasons, directions, protocols and types.',
    tag: 'catalogue',
    input,
    output,
    async answer({ input, store, nowNanos, signal, principal }) {
      const query = { ...input, ...window(input, nowNanos) };
      const found = await completions.complete(store, query, scopeKey(principal.scope), signal);
      return { field: input.field, ...found };
    },
  });
}
