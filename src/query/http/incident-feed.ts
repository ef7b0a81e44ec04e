// Incidents as server-sent events: what is new, changed and resolved, from any place of the log on, and then live.
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../runtime/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Feed, FeedItem } from '../denials/feed.ts';
import type { FeedConfig } from '../denials/feed-config.ts';
import { feedInput, feedRequest } from '../denials/feed-request.ts';
import type { Gate } from './gate.ts';
import { problemOf } from './problem.ts';
import { schemaError } from './request.ts';

export interface IncidentFeedDeps {
  readonly config: FeedConfig;
  readonly store: Pick<Store, 'query'>;
  readonly feed: Feed;
  readonly clock: Clock;
  readonly enter: Gate;
  readonly failed: (error: unknown) => void;
  /** Where answers without an end are noted, so that their time is not measured. */
  readonly endless: WeakSet<object>;
}

/** How long a client waits before it comes back. */
const RETRY_MS = 2000;

export function addIncidentFeedRoutes(app: FastifyInstance, deps: IncidentFeedDeps): void {
  app.get('/api/v1/incidents/feed', (request, reply) => follow(request, reply, deps));
}

async function follow(
  request: FastifyRequest,
  reply: FastifyReply,
  deps: IncidentFeedDeps,
): Promise<FastifyReply> {
  const { feed, store, clock, enter, endless } = deps;
  // An EventSource that comes back says so by itself, with the URL it was given at first.
  const last = request.headers['last-event-id'];
  const query = request.query as Record<string, unknown>;
  const parsed = feedInput.safeParse({
    ...query,
    ...(typeof last === 'string' && last !== '' && { cursor: last }),
  });
  if (!parsed.success) throw schemaError(parsed.error);
  const asked = feedRequest(parsed.data, BigInt(clock.now()) * 1_000_000n);
  const items = feed.follow({ ...asked, store, scope: '' }, enter(reply));
  endless.add(reply);
  reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    // Proxies that gather what they pass on would hold events back.
    .header('x-accel-buffering', 'no')
    .send(
      Readable.from(written(items, reply, deps), { objectMode: false, highWaterMark: 16 * 1024 }),
    );
  reply.raw.flushHeaders();
  return reply;
}

async function* written(
  items: AsyncGenerator<FeedItem>,
  reply: FastifyReply,
  { config, failed }: IncidentFeedDeps,
): AsyncGenerator<string> {
  let patience: NodeJS.Timeout | undefined;
  // One that takes nothing is cut off: it knows where it was, and we hold nothing for it.
  const begin = () => {
    patience = setTimeout(() => reply.raw.destroy(), config.slow).unref();
  };
  try {
    begin();
    yield `retry: ${RETRY_MS}\n\n`;
    for (;;) {
      clearTimeout(patience);
      const next = await items.next();
      if (next.done) return;
      begin();
      yield textOf(next.value);
    }
  } catch (error) {
    failed(error);
    yield `event: error\ndata: ${JSON.stringify(problemOf(error))}\n\n`;
  } finally {
    clearTimeout(patience);
    await items.return(undefined);
  }
}

function textOf(item: FeedItem): string {
  if (item === undefined) return ': nothing new\n\n';
  return `id: ${item.id}\nevent: ${item.event.event}\ndata: ${JSON.stringify(item.event)}\n\n`;
}
