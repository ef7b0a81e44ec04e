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
import type { Cost } from '../../query/read/cost.ts';
import { ERRORS, GRPC_STATUS, ParallaxError } from '../../runtime/errors.ts';
import type { Principal } from '../principal.ts';
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
  /** Throws `auth/required` for who is not known. */
  readonly principalOf: (call: CallMetadata) => Principal;
}

/** What a call says of who makes it. */
export type CallMetadata = Pick<
  ServerWritableStream<unknown, unknown>,
  'metadata' | 'getAuthContext'
>;

/** What is known of a call, for the log; whoever answers adds to it. */
export interface CallNote {
  readonly principal: Principal;
  cost?: Cost;
  window?: { readonly since?: string; readonly until?: string };
}

/** Of health, as /healthz is: they tell of no flow, and who looks after the process has no token. */
const OPEN: ReadonlySet<string> = new Set(['Check', 'List', 'Watch']);

/** Writes one message; resolves when the client's flow control has room for the next. */
export type Write<Response> = (message: Response) => Promise<void> | undefined;

type StreamAnswer<Request, Response> = (
  request: Request,
  write: Write<Response>,
  signal: AbortSignal,
  note: CallNote,
) => Promise<void>;

export class Calls {
  private readonly deps: CallsDeps;
  private streams = 0;

  constructor(deps: CallsDeps) {
    this.deps = deps;
    deps.metrics.streamsLimit.set(deps.maxStreams);
  }

  unary<Request, Response>(
    method: string,
    answer: (request: Request, note: CallNote) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      call.sendMetadata(versions());
      const began = performance.now();
      const ask = async () => {
        const note = this.noteOf(method, call);
        const response = await answer(call.request, note);
        this.told(method, note, began);
        return response;
      };
      ask().then(
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
    answer: StreamAnswer<Request, Response>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) =>
      void this.run(method, call, (write, signal, note) =>
        answer(call.request, write, signal, note),
      );
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
    answer: (write: Write<Response>, signal: AbortSignal, note: CallNote) => Promise<void>,
  ): Promise<void> {
    const { metrics, maxStreams, stopped } = this.deps;
    const over = new AbortController();
    call.once('cancelled', () => over.abort());
    const signal = AbortSignal.any([over.signal, stopped]);
    metrics.streams.set(++this.streams);
    const began = performance.now();
    let note: CallNote | undefined;
    try {
      note = this.noteOf(method, call);
      if (this.streams > maxStreams)
        throw new ParallaxError(
          'query/busy',
          `${maxStreams} streams are open, as many as api.grpc.maxStreams allows; try again soon`,
        );
      call.sendMetadata(versions());
      await answer((message) => this.write(call, message, signal), signal, note);
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
      if (note !== undefined) this.told(method, note, began);
    }
  }

  private noteOf(method: string, call: CallMetadata): CallNote {
    return { principal: OPEN.has(method) ? { name: 'anyone' } : this.deps.principalOf(call) };
  }

  private told(method: string, { principal, cost, window }: CallNote, began: number): void {
    if (OPEN.has(method)) return;
    const { rows, bytes, queries } = cost ?? {};
    const ms = Math.round(performance.now() - began);
    this.deps.logger.info(
      { who: principal.name, method, ms, ...window, ...(cost && { rows, bytes, queries }) },
      'query answered',
    );
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
