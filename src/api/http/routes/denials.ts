// Denials, incidents, details of one incident, and the policy that would allow its traffic.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { answerDenials, answerIncidents, detailQuery } from '../../../query/denials/answers.ts';
import { readIncidentDetail } from '../../../query/denials/detail.ts';
import {
  denialsInput,
  incidentIds,
  incidentInput,
  incidentsInput,
  readDenialsRequest,
  readIncidentsRequest,
  suggestionInput,
} from '../../../query/denials/request.ts';
import {
  denialsSchema,
  incidentDetailSchema,
  incidentsSchema,
  suggestionSchema,
} from '../../../query/denials/schema.ts';
import { suggestStored } from '../../../query/denials/suggest/suggested.ts';
import { parseTime } from '../../../query/request/fields.ts';
import type { ApiConfig } from '../../config.ts';
import type { ApiMetrics } from '../../metrics.ts';
import { acceptedForm } from '../accept.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';

export interface DenialRouteDeps extends RouteDeps {
  readonly config: RouteDeps['config'] & Pick<ApiConfig, 'denials' | 'maxFilters'>;
  readonly metrics: RouteDeps['metrics'] & Pick<ApiMetrics, 'denials' | 'denialsLimit'>;
}

const YAML = 'application/yaml; charset=utf-8';
/** application/yaml (RFC 9512) and the older names of YAML. */
const POLICY_FORMS = [
  'application/json',
  'application/yaml',
  'text/yaml',
  'application/x-yaml',
  'text/x-yaml',
] as const;
const POLICY_PATH = '/api/v1/incidents/:id/policy';
const tag = 'denials';

// Long because it declares four routes, one after the other.
export function addDenialRoutes(app: FastifyInstance, deps: DenialRouteDeps): void {
  const { metrics } = deps;
  const { denials: config, maxFilters } = deps.config;
  metrics.denialsLimit.set(config.maxRows);
  const limits = (nowNanos: bigint) => ({ config, maxFilters, nowNanos });
  addDocumentRoute(app, deps, {
    path: '/api/v1/denials',
    summary: 'Denials, newest first',
    description:
      'A denial is what one node denied of one connection within one batch; a drop and its policy verdict count as one.',
    tag,
    input: denialsInput(config),
    output: denialsSchema,
    window: (input, nowNanos) => readDenialsRequest(input, limits(nowNanos)),
    answer: async ({ input, store, nowNanos, signal }) => {
      const request = readDenialsRequest(input, limits(nowNanos));
      const document = await answerDenials(request, { store, config, nowNanos, signal });
      metrics.denials.inc({ kind: 'denial' }, document.denials.length);
      return asDocument(document);
    },
  });
  addDocumentRoute(app, deps, {
    path: '/api/v1/incidents',
    summary: 'Incidents: denials of the same traffic',
    description:
      'Denials grouped by client, server, port, reason and policy. Counts are exact within the window; first and last seen cover the whole store.',
    tag,
    input: incidentsInput(config),
    output: incidentsSchema,
    window: (input, nowNanos) => readIncidentsRequest(input, limits(nowNanos)),
    answer: async ({ input, store, nowNanos, signal }) => {
      const request = readIncidentsRequest(input, limits(nowNanos));
      const document = await answerIncidents(request, { store, config, nowNanos, signal });
      metrics.denials.inc({ kind: 'incident' }, document.incidents.length);
      return asDocument(document);
    },
  });
  const queryOf = (
    id: string | undefined,
    input: z.output<typeof incidentInput>,
    nowNanos: bigint,
  ) => {
    const [number = 0n] = incidentIds([id ?? '']);
    const range = {
      since: parseTime('since', input.since, nowNanos),
      until: parseTime('until', input.until, nowNanos),
    };
    return detailQuery(number, range, { config, nowNanos });
  };
  addDocumentRoute(app, deps, {
    path: '/api/v1/incidents/:id',
    methods: 'get',
    summary: 'Details of one incident',
    description:
      'Its times, denials, what the peer side saw, an explanation in sentences, and the coverage of the clusters involved. Without `since`, the 24 hours before it was last seen.',
    tag,
    input: incidentInput,
    output: incidentDetailSchema,
    answer: async ({ params, input, store, nowNanos, signal }) =>
      asDocument(await readIncidentDetail(store, queryOf(params.id, input, nowNanos), signal)),
  });
  // A plugin of its own, so that the hooks apply to this route alone.
  app.register(async (own) => {
    own.addHook('preHandler', async ({ headers }) => {
      acceptedForm(headers.accept, POLICY_FORMS);
    });
    own.addHook('onSend', async (request, reply, payload) => {
      reply.header('vary', 'accept');
      if (reply.statusCode !== 200) return payload;
      if (acceptedForm(request.headers.accept, POLICY_FORMS) === 'application/json') return payload;
      reply.type(YAML);
      const { yaml } = JSON.parse(String(payload)) as { yaml: string }; // suggestionSchema
      return yaml;
    });
    addDocumentRoute(own, deps, {
      path: POLICY_PATH,
      methods: 'get',
      summary: 'Policy that would allow exactly the traffic of an incident',
      description:
        'A CiliumNetworkPolicy; comments in its YAML say what it is derived from. With `Accept: application/yaml` or `text/yaml` the YAML alone.',
      tag,
      input: suggestionInput,
      output: suggestionSchema,
      forms: { 'application/yaml': { schema: z.string().describe('The policy.') } },
      answer: async ({ params, input, store, nowNanos, signal }) => {
        const query = { ...queryOf(params.id, input, nowNanos), kind: input.kind };
        return asDocument(await suggestStored(store, query, signal));
      },
    });
  });
}

/** Query functions return readonly documents, z.input has mutable lists; a test checks that both agree. */
type Changeable<T> = T extends readonly (infer Item)[]
  ? Changeable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Changeable<T[Key]> }
    : T;

function asDocument<T extends object>(document: T): Changeable<T> {
  return document as Changeable<T>; // read only from here on
}
