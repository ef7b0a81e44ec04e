// The routes of denials: single ones, incidents, one incident whole, and the policy that would admit its traffic.
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
import { momentOf } from '../../../query/request/fields.ts';
import type { ApiConfig } from '../../config.ts';
import type { ApiMetrics } from '../../metrics.ts';
import { acceptedForm } from '../accept.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';

export interface DenialRouteDeps extends RouteDeps {
  readonly config: RouteDeps['config'] & Pick<ApiConfig, 'denials' | 'maxFilters'>;
  readonly metrics: RouteDeps['metrics'] & Pick<ApiMetrics, 'denials' | 'denialsLimit'>;
}

const YAML = 'application/yaml; charset=utf-8';
/** YAML has had more names than the one that it has now. */
const POLICY_FORMS = [
  'application/json',
  'application/yaml',
  'text/yaml',
  'application/x-yaml',
  'text/x-yaml',
] as const;
const POLICY_PATH = '/api/v1/incidents/:id/policy';
const tag = 'denials';

export function addDenialRoutes(app: FastifyInstance, deps: DenialRouteDeps): void {
  const { metrics } = deps;
  const { denials: config, maxFilters } = deps.config;
  metrics.denialsLimit.set(config.maxRows);
  const limits = (nowNanos: bigint) => ({ config, maxFilters, nowNanos });
  addDocumentRoute(app, deps, {
    path: '/api/v1/denials',
    summary: 'Single denials, the newest first',
    description:
      'A denial is what one node denied of one conversation within one batch: the drop and its policy verdict are one.',
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
    summary: 'Incidents: all denials of the same traffic',
    description:
      'Grouped by who is denied what, where, why and by which policy; counted exactly in the window, first and last seen of all that is kept.',
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
      since: momentOf('since', input.since, nowNanos),
      until: momentOf('until', input.until, nowNanos),
    };
    return detailQuery(number, range, { config, nowNanos });
  };
  addDocumentRoute(app, deps, {
    path: '/api/v1/incidents/:id',
    methods: 'get',
    summary: 'One incident with all that is known of it',
    description:
      'Its times, single denials, what the other side saw, the story in sentences, and how well the clusters that took part were collected. Without `since`, the 24 hours up to when it was last seen.',
    tag,
    input: incidentInput,
    output: incidentDetailSchema,
    answer: async ({ params, input, store, nowNanos, signal }) =>
      asDocument(await readIncidentDetail(store, queryOf(params.id, input, nowNanos), signal)),
  });
  // A place of its own, so that the hook is of this route alone.
  app.register(async (own) => {
    own.addHook('preHandler', async ({ headers }) => {
      acceptedForm(headers.accept, POLICY_FORMS);
    });
    own.addHook('onSend', async (request, reply, payload) => {
      reply.header('vary', 'accept');
      if (reply.statusCode !== 200) return payload;
      if (acceptedForm(request.headers.accept, POLICY_FORMS) === 'application/json') return payload;
      reply.type(YAML);
      const { yaml } = JSON.parse(String(payload)) as { yaml: string }; // made below
      return yaml;
    });
    addDocumentRoute(own, deps, {
      path: POLICY_PATH,
      methods: 'get',
      summary: 'The policy that would admit exactly the traffic of an incident',
      description:
        'A CiliumNetworkPolicy, and what it is made from as comments of its YAML. With `Accept: application/yaml` or `text/yaml` the YAML alone.',
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

/** Lists of ours cannot be changed, those of a schema's type can; a test holds both together. */
type Changeable<T> = T extends readonly (infer Item)[]
  ? Changeable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Changeable<T[Key]> }
    : T;

function asDocument<T extends object>(document: T): Changeable<T> {
  return document as Changeable<T>;
}
