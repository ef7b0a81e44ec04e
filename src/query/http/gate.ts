// How many answers are being written at once, and the end of the one that asked for it.
import type { FastifyReply } from 'fastify';
import { ParallaxError } from '../../runtime/errors.ts';
import type { ApiMetrics } from '../metrics.ts';

/** Counts an answer in until its connection is over; the signal aborts then, or when the server stops. */
export type Gate = (reply: FastifyReply) => AbortSignal;

/** Its calls throw `query/busy` when there are as many answers as allowed. */
export function createGate(
  maxStreams: number,
  metrics: Pick<ApiMetrics, 'streams'>,
  stopped: AbortSignal,
): Gate {
  let streams = 0;
  return (reply) => {
    if (streams >= maxStreams)
      throw new ParallaxError(
        'query/busy',
        `${streams} answers are being written, as many as api.maxStreams allows; try again soon`,
      );
    metrics.streams.set(++streams);
    const over = new AbortController();
    // Of the connection, whichever way it ends. Not of a stream that is sent: one that waits for new flows closes only
    // once it is aborted.
    reply.raw.once('close', () => {
      over.abort();
      metrics.streams.set(--streams);
    });
    return AbortSignal.any([over.signal, stopped]);
  };
}
