// Flows as streams (JSON lines, CSV, server-sent events) and as pages, and single flows.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { CSV_COLUMNS, DEFAULT_COLUMNS, unknownColumn } from '../../../query/flows/flow-csv.ts';
import { findFlow } from '../../../query/flows/flow-one.ts';
import { CostMeter } from '../../../query/read/cost.ts';
import { scopedStore } from '../../../query/read/scope.ts';
import { inputError } from '../../../runtime/errors.ts';
import { msToNs, nsToMs, SECOND_NS } from '../../../runtime/time.ts';
import { acceptedForm } from '../accept.ts';
import { withField } from '../field-errors.ts';
import { problemResponses } from '../problem.ts';
import { type FlowsFormat, type FlowsInput, flowsRequest, selectionOf } from '../request.ts';
import { addDocumentRoute } from '../route.ts';
import { eventOf, flowLine, oneFlowAnswer, pageDocument } from '../schemas/flows.ts';
import type { FlowsRouteDeps } from './flows-deps.ts';
import { sendFlowsPage } from './flows-page.ts';
import { type StreamAnswer, sendStream } from './flows-stream.ts';

const DESCRIPTION = `Flows, lost events and node status, oldest first, in the representation of \`format\` or \`accept\`:

- \`ndjson\`: lines of JSON, streamed, each as \`hubble observe -o jsonpb\` prints it;
- \`csv\`: flows only, RFC 4180, with the columns that \`columns\` names;
- \`sse\`: server-sent events, live unless \`follow=false\`. \`last-event-id\` resumes from the store; events of the five seconds before may be repeated with the same id;
- \`json\`: one page as a document.

Filters are written as the flags of \`parallax observe\` (\`verdict=DROPPED&to-namespace=x&not.from-pod=y\`), as FlowFilters in \`whitelist\` and \`blacklist\`, or both.

With \`limit\` or \`cursor\` the response is a page, newest flow first; the header \`link\` (and \`next\` in JSON) leads to the next. Every flow that was stored at the first page appears once, whatever arrives in between.`;

export function addFlowsRoutes(app: FastifyInstance, deps: FlowsRouteDeps): void {
  const handle = async (request: FastifyRequest, input: unknown, reply: FastifyReply) => {
    try {
      return await answerFlows(deps, request, input as FlowsInput, reply); // by the route's schema
    } catch (error) {
      throw withField(error, input);
    }
  };
  const schemaOf = (body: boolean) => ({
    summary: 'Flows by filters and time',
    description: DESCRIPTION,
    tags: ['flows'],
    response: {
      200: {
        description: 'Flows in the requested representation.',
        headers: {
          link: { type: 'string', description: 'Next page, for GET.' },
          'x-next-cursor': { type: 'string', description: '`cursor` of the next page.' },
        },
        content: {
          'application/x-ndjson': { schema: flowLine },
          'application/json': { schema: pageDocument },
          'text/csv': { schema: z.string().describe(`Columns: ${CSV_COLUMNS.join(', ')}.`) },
          'text/event-stream': { schema: eventOf },
        },
      },
      ...problemResponses({ body, negotiated: true }),
    },
  });
  app.get(
    '/api/v1/flows',
    { schema: { ...schemaOf(false), querystring: flowsRequest } },
    (request, reply) => handle(request, request.query, reply),
  );
  // Two colons: the router reads one as the start of a parameter.
  app.post(
    '/api/v1/flows::query',
    { schema: { ...schemaOf(true), body: flowsRequest } },
    (request, reply) => handle(request, request.body, reply),
  );
  addDocumentRoute(app, deps, {
    path: '/api/v1/flows/:uuid',
    methods: 'get',
    summary: 'One flow by its UUID',
    description: 'Every row with the UUID: one for each node that reported the flow.',
    tag: 'flows',
    input: z.strictObject({}),
    params: z.object({ uuid: z.string().regex(UUID, 'expected the UUID of a flow') }),
    output: oneFlowAnswer,
    answer: ({ params, store, signal }) => findFlow(store, params.uuid ?? '', signal),
  });
}

async function answerFlows(
  deps: FlowsRouteDeps,
  request: FastifyRequest,
  input: FlowsInput,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const format = input.format ?? FORMS[acceptedForm(request.headers.accept, TYPES)];
  reply.header('vary', 'accept');
  const columns = columnsOf(input, format);
  const live = format === 'sse' && input.follow !== false;
  const paged = format === 'json' || input.limit !== undefined || input.cursor !== undefined;
  if (format === 'csv' && input.follow === true)
    throw inputError('csv cannot follow new flows; use ndjson or sse', { field: 'follow' });
  const principal = deps.principalOf(request);
  const note = Object.assign(deps.audit.of(request), { principal, input });
  const nowNanos = msToNs(deps.clock.now());
  const meter = new CostMeter();
  const store = scopedStore(meter.reader(deps.store), principal.scope);
  if (paged && !live) {
    const page = { request, reply, input, format, columns, nowNanos, store, meter, note };
    return sendFlowsPage(deps, page);
  }
  const asked = resumed({ ...input, follow: live || input.follow }, request, format);
  const query = selectionOf(asked, nowNanos, deps.config.maxFilters);
  Object.assign(note, { window: { since: query.since, until: query.until } });
  const answer: StreamAnswer = { query, format, columns, store, meter, note, principal };
  return sendStream(deps, answer, reply, deps.enterStream(reply, query.follow));
}

const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

const FORMS = {
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
  'text/event-stream': 'sse',
  'application/json': 'json',
} as const satisfies Record<string, FlowsFormat>;
const TYPES = Object.keys(FORMS) as [keyof typeof FORMS, ...(keyof typeof FORMS)[]]; // it has four

function columnsOf({ columns }: FlowsInput, format: FlowsFormat): readonly string[] {
  if (columns === undefined) return DEFAULT_COLUMNS;
  if (format !== 'csv') throw inputError('columns: only csv has columns', { field: 'columns' });
  const names = columns.flatMap((each) => each.split(','));
  const unknown = unknownColumn(names);
  if (unknown !== undefined)
    throw inputError(
      `columns: unknown column ${JSON.stringify(unknown)}; expected one of ${CSV_COLUMNS.join(', ')}`,
      { field: 'columns' },
    );
  return names;
}

/** Flows are out of order by less than this; a resumed stream begins this much before its last event. */
const OVERLAP_NANOS = 5n * SECOND_NS;

/** Continues after the `last-event-id` of a client that reconnects. */
function resumed(input: FlowsInput, request: FastifyRequest, format: FlowsFormat): FlowsInput {
  const last = request.headers['last-event-id'];
  if (format !== 'sse' || last === undefined || last === '') return input;
  const [, nanos] = /^(\d{1,19})-[^,]*$/.exec(String(last)) ?? [];
  if (nanos === undefined)
    throw inputError('last-event-id: not an id of this server', { field: 'last-event-id' });
  const since = new Date(nsToMs(BigInt(nanos) - OVERLAP_NANOS));
  if (Number.isNaN(since.getTime()) || since.getUTCFullYear() > 9999)
    throw inputError('last-event-id: not an id of this server', { field: 'last-event-id' });
  const { last: _, all: __, ...rest } = input;
  return { ...rest, since: since.toISOString() };
}
