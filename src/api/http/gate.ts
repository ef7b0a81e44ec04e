// How many answers are being made at once, and the end of the one that asked for it: when its client leaves, takes
// nothing for too long, or the server stops.
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import { ParallaxError } from '../../runtime/errors.ts';

/**
 * Counts an answer in until its connection is over; the signal aborts then, or when the server stops. `endless`: one that
 * ends only when its client leaves; some room is kept from those.
 */
export type Gate = (reply: FastifyReply, endless?: boolean) => AbortSignal;

/** Of all answers, so many may be endless: whoever only listens keeps nobody from asking. */
const ENDLESS_SHARE = 0.75;

export interface GateOptions {
  readonly max: number;
  /** The setting that `max` comes from, for who is refused. */
  readonly setting: string;
  /** Told how many there are whenever that changes. */
  readonly count: (answers: number) => void;
  readonly stopped: AbortSignal;
  /** Milliseconds that an endless one may go on; 0 is no limit. */
  readonly maxFollow?: number;
  readonly readers: SlowReaders;
}

/** Its calls throw `query/busy` when there are as many answers as allowed. */
export function createGate(options: GateOptions): Gate {
  const { max, setting, count, stopped, readers, maxFollow = 0 } = options;
  let answers = 0;
  return (reply, endless = false) => {
    if (answers >= (endless ? Math.ceil(max * ENDLESS_SHARE) : max))
      throw new ParallaxError(
        'query/busy',
        `${answers} answers are being made, as many as ${setting} allows; try again soon`,
      );
    count(++answers);
    const over = new AbortController();
    const unwatch = readers.watch(reply.raw);
    const limited = endless && maxFollow > 0;
    const timer = limited ? setTimeout(() => over.abort(), maxFollow).unref() : undefined;
    // Of the connection, whichever way it ends. Not of a stream that is sent: one that waits for new flows closes only
    // once it is aborted.
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
  /** Since when nothing was taken while something waited. */
  stuckAt: number | undefined;
}

/** Cuts answers whose client takes nothing for too long while there is something for it. */
export class SlowReaders {
  private readonly watched = new Map<ServerResponse, Watched>();
  private readonly limitMs: number;
  private readonly cut: () => void;
  private timer: NodeJS.Timeout | undefined;

  /** `cut` is told of each. */
  constructor(limitMs: number, cut: () => void) {
    this.limitMs = limitMs;
    this.cut = cut;
  }

  watch(response: ServerResponse): () => void {
    this.watched.set(response, { written: 0, stuckAt: undefined });
    this.timer ??= setInterval(() => this.look(), Math.max(10, this.limitMs / 4)).unref();
    return () => {
      this.watched.delete(response);
      if (this.watched.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  }

  private look(): void {
    const now = performance.now();
    for (const [response, seen] of this.watched) {
      // What the socket has handed to the system; it is stuck when that stands still with more behind it.
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
