// Server-sent events: whatever comes, written as events, with comments while it is quiet, so that nobody on the way takes
// the stream for dead.
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export interface ServerEvent {
  /** `message` when left out. */
  readonly event?: string;
  /** Comes back as `last-event-id` when the client connects again. */
  readonly id?: string;
  /** One line; anything but text as JSON. */
  readonly data: unknown;
}

export interface EventStreamOptions {
  /** Milliseconds of silence after which a comment is sent. */
  readonly heartbeat: number;
  /** Bytes that wait for a client that is slower than the events; Node's own measure without it. */
  readonly held?: number;
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8';
/** Milliseconds after which a client whose stream ended should ask again. */
const RETRY_MS = 3000;

/** Sends the events as they come, as fast as the client takes them. The reply ends with them. */
export function sendEvents(
  reply: FastifyReply,
  events: AsyncIterable<ServerEvent>,
  { heartbeat, held }: EventStreamOptions,
): FastifyReply {
  const options = { objectMode: false, ...(held !== undefined && { highWaterMark: held }) };
  reply
    .header('content-type', EVENT_STREAM)
    .header('cache-control', 'no-store')
    // Proxies that gather answers would hold events back.
    .header('x-accel-buffering', 'no')
    .send(Readable.from(textOf(events, heartbeat), options));
  reply.raw.flushHeaders();
  return reply;
}

async function* textOf(
  events: AsyncIterable<ServerEvent>,
  heartbeat: number,
): AsyncGenerator<string> {
  yield `retry: ${RETRY_MS}\n\n`;
  const coming = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = coming.next();
      const isThere = lookout(next);
      while (!(await isThere(heartbeat))) yield ': alive\n\n';
      const result = await next;
      if (result.done) return;
      yield eventText(result.value);
    }
  } finally {
    await coming.return?.();
  }
}

/**
 * Whether the promise is settled, waiting for so many milliseconds. It may be asked for weeks: nothing is left on the
 * promise each time, as a race would.
 */
function lookout(promise: Promise<unknown>): (ms: number) => Promise<boolean> {
  let settled = false;
  let wake = () => {};
  const end = () => {
    settled = true;
    wake();
  };
  promise.then(end, end);
  return async (ms) => {
    if (settled) return true;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    return settled;
  };
}

function eventText({ event, id, data }: ServerEvent): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  const named = event === undefined ? '' : `event: ${oneLine(event)}\n`;
  const known = id === undefined ? '' : `id: ${oneLine(id)}\n`;
  const lines = text.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `${known}${named}${lines.join('')}\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\r\n\0]/g, ' ');
}
