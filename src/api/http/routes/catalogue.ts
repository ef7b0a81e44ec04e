import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { queryClusters } from '../../../query/catalogue/clusters.ts';
import { type IdentityQuery, queryIdentities } from '../../../query/catalogue/identities.ts';
import { labelsAt } from '../../../query/catalogue/labels-at.ts';
import { limitField, parseTime, timeField, wholeField } from '../../../query/request/fields.ts';
import { nsToMs } from '../../../runtime/time.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';
import { clustersAnswer } from '../schemas/clusters.ts';
import { identitiesAnswer, resolveAnswer } from '../schemas/identities.ts';

const MAX_IDENTITIES = 10_000;
/** Three values an end: ClickHouse parses no more than 256 KiB of a statement. */
const MAX_ENDS = 1000;

const identitiesRequest = z.strictObject({
  identity: wholeField(0, 2 ** 32 - 1).optional(),
  cluster: z.string().max(63).optional(),
  at: timeField.optional(),
  limit: limitField(MAX_IDENTITIES, 1000),
});

const endsRequest = z.strictObject({
  ends: z
    .array(
      z.strictObject({
        cluster: z.string().max(63),
        identity: z
          .int()
          .min(0)
          .max(2 ** 32 - 1),
        at: timeField,
      }),
    )
    .max(MAX_ENDS),
});

export function addCatalogueRoutes(app: FastifyInstance, deps: RouteDeps): void {
  addDocumentRoute(app, deps, {
    path: '/api/v1/clusters',
    methods: 'get',
    summary: 'Known clusters',
    description:
      'Properties of each cluster from the configuration, from flows and from Kubernetes, with their times, and contradictions between clusters.',
    tag: 'catalogue',
    input: z.strictObject({}),
    output: clustersAnswer,
    answer: ({ store, signal }) => queryClusters(store, { signal }),
  });
  addDocumentRoute(app, deps, {
    path: '/api/v1/identities',
    methods: 'get',
    summary: 'Security identities and their labels',
    description:
      'What an identity number encodes, and its labels by cluster and time. Without a number, the last known state of all identities.',
    tag: 'catalogue',
    input: identitiesRequest,
    output: identitiesAnswer,
    answer: ({ input, store, nowNanos, signal }) =>
      queryIdentities(store, identityQuery(input, nowNanos), { signal }),
  });
  addDocumentRoute(app, deps, {
    path: '/api/v1/identities::resolve',
    methods: 'post',
    summary: 'Labels of many identities, each at a given time',
    tag: 'catalogue',
    input: endsRequest,
    output: resolveAnswer,
    async answer({ input, store, nowNanos, signal }) {
      const ends = input.ends.map(({ at, ...end }) => ({ ...end, atMs: atMsOf(at, nowNanos) }));
      return { labels: await labelsAt(store, ends, { signal }) };
    },
  });
}

function identityQuery(
  { at, ...query }: z.output<typeof identitiesRequest>,
  nowNanos: bigint,
): IdentityQuery {
  return { ...query, ...(at ? { atMs: atMsOf(at, nowNanos) } : {}) };
}

function atMsOf(text: string, nowNanos: bigint): number {
  return nsToMs(parseTime('at', text, nowNanos) ?? nowNanos);
}
