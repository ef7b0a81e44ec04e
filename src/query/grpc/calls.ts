// How calls are taken, whatever they ask: versions told, streams counted and limited, cancelled calls ended, errors
// turned into gRPC statuses.
import { on } from 'node:events';
import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerDuplexStream,
  type ServerErrorResponse,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { ERRORS, GRPC_STATUS, ParallaxError } from '../../runtime/errors.ts';
import type { GrpcMetrics } from './metrics.ts';

/**
 * Hubble's clients warn when their own minor version is lower than this. All of them are served in full, unreleased
 * ones (0.0.0) too, so there is nothing to warn of.
 */
const HUBBLE_VERSION = '0.0.1';

export interface CallsDeps {
  readonly maxStreams: number;
  readonly metrics: GrpcMetrics;
  readonly logger: Logger;
  /** Aborts when the server stops. */
  readonly stopped: AbortSignal;
}

/** Writes one message; resolves when the client's flow control has room for the next. */
export type Write<Response> = (message: Response) => Promise<void> | undefined;

export class Calls {
  private readonly deps: CallsDeps;
  private streams = 0;

  constructor(deps: CallsDeps) {
    this.deps = deps;
    deps.metrics.streamsLimit.set(deps.maxStreams);
  }

  unary<Request, Response>(
    method: string,
    answer: (request: Request) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      call.sendMetadata(versions());
      answer(call.request).then(
        (response) => {
          this.ended(method, status.OK);
          callback(null, response);
        },
        (error: unknown) => callback(this.failure(method, error)),
      );
    };
  }

  /** `answer` ends the stream by resolving. Its signal aborts when the client has left or the server stops. */
  stream<Request, Response>(
    method: string,
    answer: (request: Request, write: Write<Response>, signal: AbortSignal) => Promise<void>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) =>
      void this.run(method, call, (write, signal) => answer(call.request, write, signal));
  }

  /** Answers each message of a client's stream, one after the other, until the client ends it. */
  conversation<Request, Response>(
    method: string,
    answer: (request: Request) => Response,
  ): handleBidiStreamingCall<Request, Response> {
    return (call) =>
      void this.run(method, call, async (write, signal) => {
        const questions = on(call, 'data', { signal, close: ['end'], highWaterMark: 1 });
        for await (const [request] of questions) await write(answer(request));
      });
  }

  /** For what no relay answers either. */
  refused(method: string): handleServerStreamingCall<unknown, unknown> {
    return (call) => {
      this.ended(method, status.UNIMPLEMENTED);
      const details = `${method} is not implemented: relays, from which flows are collected, have none to give`;
      const code = status.UNIMPLEMENTED;
      call.emit(
        'error',
        Object.assign(new Error(details), { code, details, metadata: versions() }),
      );
    };
  }

  private async run<Request, Response>(
    method: string,
    call: ServerWritableStream<Request, Response> | ServerDuplexStream<Request, Response>,
    answer: (write: Write<Response>, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const { metrics, maxStreams, stopped } = this.deps;
    const over = new AbortController();
    call.once('cancelled', () => over.abort());
    const signal = AbortSignal.any([over.signal, stopped]);
    metrics.streams.set(++this.streams);
    try {
      if (this.streams > maxStreams)
        throw new ParallaxError(
          'query/busy',
          `${maxStreams} streams are open, as many as api.grpc.maxStreams allows; try again soon`,
        );
      call.sendMetadata(versions());
      await answer((message) => this.write(call, message, signal), signal);
      if (over.signal.aborted || call.cancelled) this.ended(method, status.CANCELLED);
      else if (stopped.aborted) throw STOPPING;
      else {
        this.ended(method, status.OK);
        call.end();
      }
    } catch (error) {
      if (over.signal.aborted || call.cancelled) this.ended(method, status.CANCELLED);
      else call.emit('error', this.failure(method, stopped.aborted ? STOPPING : error));
    } finally {
      metrics.streams.set(--this.streams);
    }
  }

  private write<Request, Response>(
    call: ServerWritableStream<Request, Response> | ServerDuplexStream<Request, Response>,
    message: Response,
    signal: AbortSignal,
  ): Promise<void> | undefined {
    if (signal.aborted || call.write(message)) return undefined;
    this.deps.metrics.waits.inc();
    return new Promise((resolve) => {
      const done = () => {
        call.off('drain', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      call.once('drain', done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  private failure(method: string, error: unknown): ServerErrorResponse {
    const known =
      error instanceof ParallaxError
        ? error
        : new ParallaxError('internal', 'the call failed; the server’s log says why');
    const code = GRPC_STATUS[ERRORS[known.code].grpc];
    this.deps.metrics.errors.inc({ code: known.code });
    if (code === GRPC_STATUS.INTERNAL)
      this.deps.logger.error({ err: error, method }, 'call failed');
    this.ended(method, code);
    return Object.assign(new Error(known.message), {
      code,
      details: known.message,
      metadata: versions(),
    });
  }

  private ended(method: string, code: status): void {
    this.deps.metrics.calls.inc({ method, code: status[code] });
  }
}

const STOPPING = new ParallaxError('server/unavailable', 'the server is stopping');

/** What stands for both a Hubble server and a relay. */
function versions(): Metadata {
  const metadata = new Metadata();
  metadata.set('hubble-server-version', HUBBLE_VERSION);
  metadata.set('hubble-relay-version', HUBBLE_VERSION);
  return metadata;
}
