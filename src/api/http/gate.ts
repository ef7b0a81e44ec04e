// Limits how many responses are in progress, and ends them when the client disconnects, reads nothing for too long, or
// the server stops.
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { ParallaxError } from '../../runtime/errors.ts';

/**
 * Counts a response until its connection closes; the signal aborts then, or when the server stops. `endless` responses
 * end only when their client disconnects, and may take three quarters of the limit.
 */
export type Gate = (reply: FastifyReply, endless?: boolean) => AbortSignal;

/** Streams that follow new flows leave room for finite responses. */
const ENDLESS_SHARE = 0.75;

export interface GateOptions {
  readonly max: number;
  /** Named in the error. */
  readonly setting: string;
  /** Called with the number of responses in progress whenever it changes. */
  readonly count: (answers: number) => void;
  readonly stopped: AbortSignal;
  /** Milliseconds after which endless responses end; 0 is no limit. */
  readonly maxFollow?: number;
  readonly readers: SlowReaders;
}

/** The gate throws `query/busy` at the limit. */
export function createGate(options: GateOptions): Gate {
  const { max, setting, count, stopped, readers, maxFollow = 0 } = options;
  let answers = 0;
  return (reply, endless = false) => {
    if (answers >= (endless ? Math.ceil(max * ENDLESS_SHARE) : max))
      throw new ParallaxError(
        'query/busy',
        `${answers} responses are in progress, the limit of ${setting}; try again soon`,
      );
    count(++answers);
    const over = new AbortController();
    const unwatch = readers.watch(reply.raw);
    const limited = endless && maxFollow > 0;
    const timer = limited ? setTimeout(() => over.abort(), maxFollow).unref() : undefined;
    // The event of the connection: a stream that waits for new flows closes only after it is aborted.
    reply.raw.once('close', () => {
      clearTimeout(timer);
      over.abort();
      unwatch();
      count(--answers);
    });
    return AbortSignal.any([over.signal, stopped]);
  };
}

interface Watched {
  written: number;
  /** Since when nothing was read while data was waiting. */
  stuckAt: number | undefined;
}

/** Closes responses whose client reads nothing for too long while data is waiting. */
export class SlowReaders {
  private readonly watched = new Map<ServerResponse, Watched>();
  private readonly limitMs: number;
  private readonly cut: () => void;
  private timer: NodeJS.Timeout | undefined;

  /** `cut` is called for each. */
  constructor(limitMs: number, cut: () => void) {
    this.limitMs = limitMs;
    this.cut = cut;
  }

  watch(response: ServerResponse): () => void {
    this.watched.set(response, { written: 0, stuckAt: undefined });
    this.timer ??= setInterval(() => this.check(), Math.max(10, this.limitMs / 4)).unref();
    return () => {
      this.watched.delete(response);
      if (this.watched.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  }

  private check(): void {
    const now = performance.now();
    for (const [response, seen] of this.watched) {
      // Bytes the socket handed to the kernel: stuck when they stand still while more is buffered.
      const written = response.socket?.bytesWritten ?? 0;
      const waits = response.writableLength > 0 || (response.socket?.writableLength ?? 0) > 0;
      if (!waits || written !== seen.written) seen.stuckAt = undefined;
      else seen.stuckAt ??= now;
      seen.written = written;
      if (seen.stuckAt === undefined || now - seen.stuckAt < this.limitMs) continue;
      this.cut();
      response.destroy();
    }
  }
}
