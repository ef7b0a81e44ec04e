// Writes server-sent events, with comments while there are none, so that proxies do not close the stream as idle.
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

export interface ServerEvent {
  /** `message` when left out. */
  readonly event?: string;
  /** Sent back as `last-event-id` when the client reconnects. */
  readonly id?: string;
  /** Strings as they are, anything else as JSON. */
  readonly data: unknown;
}

export interface EventStreamOptions {
  /** Milliseconds of silence after which a comment is sent. */
  readonly heartbeat: number;
  /** Bytes buffered for a slow client; Node's default without it. */
  readonly held?: number;
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8';
/** Milliseconds after which a client reconnects. */
const RETRY_MS = 3000;

/** Sends events as fast as the client reads them. The reply ends with them. */
export function sendEvents(
  reply: FastifyReply,
  events: AsyncIterable<ServerEvent>,
  { heartbeat, held }: EventStreamOptions,
): FastifyReply {
  const options = { objectMode: false, ...(held !== undefined && { highWaterMark: held }) };
  reply
    .header('content-type', EVENT_STREAM)
    .header('cache-control', 'no-store')
    // nginx buffers responses otherwise.
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
      const isThere = watch(next);
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
 * Waits up to so many milliseconds for the promise; true once it has resolved or failed. Unlike Promise.race it leaves
 * no handler behind, so it can be called for weeks.
 */
function watch(promise: Promise<unknown>): (ms: number) => Promise<boolean> {
  let done = false;
  let wake = () => {};
  const end = () => {
    done = true;
    wake();
  };
  promise.then(end, end);
  return async (ms) => {
    if (done) return true;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    return done;
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
