// Incident events: as server-sent events from any position of the log and then live, and as pages.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { INCIDENT_EVENT_KINDS } from '../../../incident/incident-event.ts';
import { eventsSchema } from '../../../query/denials/feed/event-schema.ts';
import { incidentEvents } from '../../../query/denials/feed/events.ts';
import type { Feed, FeedItem } from '../../../query/denials/feed/feed.ts';
import {
  eventsInput,
  type FeedInput,
  feedInput,
  feedRequest,
} from '../../../query/denials/feed/feed-request.ts';
import { scopedStore, scopeKey } from '../../../query/read/scope.ts';
import { inputError } from '../../../runtime/errors.ts';
import { msToNs } from '../../../runtime/time.ts';
import type { ApiConfig } from '../../config.ts';
import type { Gate } from '../gate.ts';
import { problemOf, problemResponses } from '../problem.ts';
import { addDocumentRoute, type RouteDeps } from '../route.ts';
import { type ServerEvent, sendEvents } from '../sse.ts';

export interface IncidentFeedDeps extends RouteDeps {
  readonly config: RouteDeps['config'] & Pick<ApiConfig, 'heartbeat'>;
  readonly feed: Feed;
  /** For streams. */
  readonly enterStream: Gate;
  readonly failed: (error: unknown) => void;
  /** Replies without an end, whose duration is not measured. */
  readonly endless: WeakSet<object>;
}

/** Buffered for one client; the rest is read from the log later. */
const HELD_BYTES = 16 * 1024;
const TAG = 'denials';
const eventsText = z
  .object({
    event: z.enum([...INCIDENT_EVENT_KINDS, 'error']).optional(),
    id: z.string().optional().describe('Position of the event in the log.'),
    data: z
      .string()
      .optional()
      .meta({ contentMediaType: 'application/json' })
      .describe('An IncidentEvent as JSON; for `error` a problem.'),
    retry: z.unknown().optional().describe('Milliseconds after which a client reconnects.'),
  })
  .describe('Events; comments keep an idle stream open.');
const FOLLOW = `Each event has its position in the log as \`id\`. A client that reconnects with it (Last-Event-ID, which EventSource sends
itself, or \`cursor\`) misses no event. Without a position the stream begins with new events.`;

export function addIncidentFeedRoutes(app: FastifyInstance, deps: IncidentFeedDeps): void {
  const schema = {
    summary: 'Follow incidents (server-sent events)',
    description: FOLLOW,
    tags: [TAG],
    querystring: feedInput,
    response: {
      200: {
        description: 'Events until one side ends the stream.',
        content: { 'text/event-stream': { schema: eventsText } },
      },
      ...problemResponses(),
    },
  };
  app.get('/api/v1/incidents/feed', { schema }, (request, reply) => follow(request, reply, deps));
  addDocumentRoute(app, deps, {
    path: '/api/v1/incidents/events',
    methods: 'get',
    summary: 'Events of incidents',
    description: 'Events in the order of the log, by default from its beginning.',
    tag: TAG,
    input: eventsInput,
    output: eventsSchema,
    answer: ({ input, store, nowNanos, signal }) => incidentEvents(store, input, nowNanos, signal),
  });
}

async function follow(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: IncidentFeedDeps,
): Promise<FastifyReply> {
  const { feed, clock, config, enterStream, endless } = deps;
  const principal = deps.principalOf(request);
  const { scope } = principal;
  const query = request.query as FeedInput; // checked by the route's schema
  const asked = feedRequest({ ...query, ...lastEvent(request) }, msToNs(clock.now()));
  const store = scopedStore(deps.store, scope);
  const signal = enterStream(reply, true);
  const items = feed.follow({ ...asked, store, scope: scopeKey(scope) }, signal);
  endless.add(reply);
  const { heartbeat } = config;
  return sendEvents(reply, eventsOf(items, deps.failed), { heartbeat, held: HELD_BYTES });
}

/** An EventSource sends the header itself when it reconnects, with its first URL. */
function lastEvent({ headers }: FastifyRequest): { readonly cursor?: string } {
  const last = headers['last-event-id'];
  if (last === undefined || last === '') return {};
  if (typeof last === 'string' && /^\d{1,20}$/.test(last)) return { cursor: last };
  throw inputError('last-event-id: expected the id of an event', { field: 'last-event-id' });
}

async function* eventsOf(
  items: AsyncIterable<FeedItem>,
  failed: IncidentFeedDeps['failed'],
): AsyncGenerator<ServerEvent> {
  try {
    for await (const { id, event } of items)
      yield { id: String(id), event: event.event, data: event };
  } catch (error) {
    failed(error);
    yield { event: 'error', data: problemOf(error) };
  }
}
