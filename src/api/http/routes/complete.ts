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

const fields = [...COMPLETED.keys()] as [string, ...string[]]; // it is not empty

const input = z.strictObject({
  field: z
    .enum(fields)
    .describe('Field to complete; `namespace` and similar fields match both endpoints.'),
  prefix: z.string().max(300).default('').describe('Text typed so far; case-insensitive.'),
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
          .describe('Flows in the window with the value; absent for fixed values such as verdicts'),
      }),
    )
    .describe('Most frequent first'),
  more: z.boolean().describe('More values match'),
});

export function addCompleteRoute(app: FastifyInstance, deps: CompleteRouteDeps): void {
  const completions = new Completions();
  const window = ({ since, until }: z.output<typeof input>, nowNanos: bigint) =>
    windowOf({ since, until }, nowNanos, { defaultMs: deps.config.recent, maxMs: MAX_MS });
  addDocumentRoute(app, deps, {
    path: '/api/v1/complete',
    methods: 'get',
    summary: 'Completion of filter values',
    description:
      'Namespaces, pods, workloads, clusters, nodes, labels, services, policies, DNS names and similar values seen in the window (default: recently), and the names of verdicts, drop reasons, directions, protocols and types.',
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
