// Common handling of calls: authentication, stream limits, cancellation, statuses, metrics and the access log.
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

/** Hubble's clients warn when their own minor version is lower; 0.0.1 keeps all of them quiet, unreleased ones too. */
const HUBBLE_VERSION = '0.0.1';

export interface CallsDeps {
  readonly maxStreams: number;
  readonly metrics: GrpcMetrics;
  readonly logger: Logger;
  /** Aborts when the server stops. */
  readonly stopped: AbortSignal;
  /** Throws `auth/required` without valid credentials. */
  readonly principalOf: (call: CallMetadata) => Principal;
}

export type CallMetadata = Pick<
  ServerWritableStream<unknown, unknown>,
  'metadata' | 'getAuthContext'
>;

/** For the access log; handlers add to it. */
export interface CallNote {
  readonly principal: Principal;
  cost?: Cost;
  window?: { readonly since?: string; readonly until?: string };
}

/** Health needs no token, like /healthz. */
const OPEN: ReadonlySet<string> = new Set(['Check', 'List', 'Watch']);

/** Resolves when the client's flow control has room for the next message. */
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
        this.log(method, note, began);
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

  /** Answers the messages of a client's stream one by one until the client ends it. */
  conversation<Request, Response>(
    method: string,
    answer: (request: Request) => Response,
  ): handleBidiStreamingCall<Request, Response> {
    return (call) =>
      void this.run(method, call, async (write, signal) => {
        const requests = on(call, 'data', { signal, close: ['end'], highWaterMark: 1 });
        for await (const [request] of requests) await write(answer(request));
      });
  }

  /** For methods that no relay implements. */
  refused(method: string): handleServerStreamingCall<unknown, unknown> {
    return (call) => {
      this.ended(method, status.UNIMPLEMENTED);
      const details = `${method} is not implemented: flows are collected from relays, which do not implement it`;
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
          `${maxStreams} streams are open, the limit of api.grpc.maxStreams; try again soon`,
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
      if (note !== undefined) this.log(method, note, began);
    }
  }

  private noteOf(method: string, call: CallMetadata): CallNote {
    return { principal: OPEN.has(method) ? { name: 'anyone' } : this.deps.principalOf(call) };
  }

  private log(method: string, { principal, cost, window }: CallNote, began: number): void {
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
        : new ParallaxError('internal', 'the call failed; see the log of the server');
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

function versions(): Metadata {
  const metadata = new Metadata();
  metadata.set('hubble-server-version', HUBBLE_VERSION);
  metadata.set('hubble-relay-version', HUBBLE_VERSION);
  return metadata;
}
