// gRPC on node:http2, server side: just enough of it, so that many messages go out in one write.

import * as http2 from 'node:http2';
import type { Socket } from 'node:net';
import { HOUR_MS, MINUTE_MS } from '../runtime/time.ts';

export const STATUS = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

const REQUEST_LIMIT = 4 * 1024 * 1024;

export interface TlsFiles {
  readonly cert: Buffer | string;
  readonly key: Buffer | string;
  /** Certificates that clients must be signed by; with it, clients must show one. */
  readonly clientCa?: Buffer | string | undefined;
}

/** One call: answers with messages and a status. After its end everything is a no-op. */
export class Call {
  readonly path: string;
  readonly stream: http2.ServerHttp2Stream;
  private readonly headers: http2.OutgoingHttpHeaders;
  private readonly onEnd: (() => void)[] = [];
  private status: { code: number; message: string } | undefined;
  private answered = false;

  constructor(path: string, stream: http2.ServerHttp2Stream, headers: http2.OutgoingHttpHeaders) {
    this.path = path;
    this.stream = stream;
    this.headers = headers;
    stream.on('close', () => this.finish());
    // A reset by the client is an ordinary end of a call.
    stream.on('error', () => this.finish());
    stream.on('wantTrailers', () => {
      stream.sendTrailers(trailers(this.status ?? { code: STATUS.ok, message: '' }));
    });
  }

  get ended(): boolean {
    return this.status !== undefined || this.stream.destroyed;
  }

  /** Runs once, when the call has ended from either side. */
  onceEnded(callback: () => void): void {
    this.onEnd.push(callback);
  }

  /** Sends the headers, so that the client knows the call is taken. */
  open(): void {
    if (this.answered || this.ended) return;
    this.answered = true;
    this.stream.respond(
      { ':status': 200, 'content-type': 'application/grpc', ...this.headers },
      { waitForTrailers: true },
    );
  }

  /**
   * Writes framed messages; `written` runs once, when the client's flow control has taken them or the stream is gone.
   * Until then the buffers must stay as they are.
   */
  write(buffers: readonly Buffer[], written: () => void): void {
    this.open();
    const { stream } = this;
    if (this.ended) {
      written();
      return;
    }
    let waits = true;
    // A stream that is destroyed does not call back for the write that is on its way.
    const once = () => {
      if (!waits) return;
      waits = false;
      stream.off('close', once);
      written();
    };
    stream.on('close', once);
    stream.cork();
    buffers.forEach((buffer, index) => {
      if (index === buffers.length - 1) stream.write(buffer, once);
      else stream.write(buffer);
    });
    stream.uncork();
  }

  end(code: number, message = ''): void {
    if (!this.ended) {
      this.status = { code, message };
      if (this.answered) {
        this.stream.end();
      } else {
        this.answered = true;
        const headers = { ':status': 200, 'content-type': 'application/grpc', ...this.headers };
        this.stream.respond({ ...headers, ...trailers(this.status) }, { endStream: true });
      }
    }
    this.finish();
  }

  private finish(): void {
    this.status ??= { code: STATUS.cancelled, message: '' };
    for (const callback of this.onEnd.splice(0)) callback();
  }
}

export type Handler = (request: Buffer, call: Call) => void;

export interface GrpcServerOptions {
  readonly handlers: ReadonlyMap<string, Handler>;
  readonly headers: http2.OutgoingHttpHeaders;
  readonly tls?: TlsFiles | undefined;
}

/** A gRPC server whose connections can be cut at once. */
export class GrpcServer {
  private readonly options: GrpcServerOptions;
  private readonly server: http2.Http2Server | http2.Http2SecureServer;
  private readonly sessions = new Set<http2.ServerHttp2Session>();
  private readonly sockets = new Set<Socket>();

  constructor(options: GrpcServerOptions) {
    this.options = options;
    const { tls } = options;
    this.server = tls
      ? http2.createSecureServer({
          cert: tls.cert,
          key: tls.key,
          ...(tls.clientCa !== undefined && {
            ca: tls.clientCa,
            requestCert: true,
            rejectUnauthorized: true,
          }),
        })
      : http2.createServer();
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.server.on('session', (session: http2.ServerHttp2Session) => {
      this.sessions.add(session);
      session.on('close', () => this.sessions.delete(session));
      // Connections break all the time here, often on purpose.
      session.on('error', () => session.destroy());
    });
    this.server.on('stream', (stream, headers) => this.take(stream, headers));
  }

  /** Resolves with the port; rejects when it cannot be had. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        // Handshakes that fail are the client's matter.
        this.server.on('error', () => {});
        const address = this.server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  /** Breaks every connection without a word, with a TCP reset where the system allows. */
  cut(): void {
    // Sockets first: a session that is destroyed ends its socket politely.
    for (const socket of this.sockets) socket.resetAndDestroy();
    for (const session of this.sessions) session.destroy();
  }

  /** Takes no more connections, lets calls that have ended be read by their clients until `limit`, then cuts. */
  async close(limit?: AbortSignal): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const session of this.sessions) session.close();
    const cut = () => this.cut();
    if (!limit || limit.aborted) cut();
    else limit.addEventListener('abort', cut, { once: true });
    await closed;
    limit?.removeEventListener('abort', cut);
  }

  private take(stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders): void {
    const path = headers[':path'] ?? '';
    const call = new Call(path, stream, this.options.headers);
    const timeoutMs = readTimeout(headers['grpc-timeout']);
    if (timeoutMs !== undefined) {
      const timer = setTimeout(
        () => call.end(STATUS.deadlineExceeded, 'context deadline exceeded'),
        Math.min(timeoutMs, 2 ** 31 - 1),
      );
      call.onceEnded(() => clearTimeout(timer));
    }
    const handler = this.options.handlers.get(path);
    if (handler) readMessage(stream, call, (request) => handler(request, call));
    else call.end(STATUS.unimplemented, `unknown method ${path}`);
  }
}

function readMessage(
  stream: http2.ServerHttp2Stream,
  call: Call,
  done: (request: Buffer) => void,
): void {
  const parts: Buffer[] = [];
  let size = 0;
  stream.on('data', (part: Buffer) => {
    size += part.length;
    if (size > REQUEST_LIMIT) return call.end(STATUS.resourceExhausted, 'request too large');
    parts.push(part);
  });
  stream.on('end', () => {
    if (call.ended) return;
    const bytes = Buffer.concat(parts);
    if (bytes.length < 5 || bytes.length !== 5 + bytes.readUInt32BE(1)) {
      return call.end(STATUS.internal, 'the request is not one whole gRPC message');
    }
    if (bytes[0] !== 0) return call.end(STATUS.unimplemented, 'compressed requests are not taken');
    done(bytes.subarray(5));
  });
}

function trailers(status: { code: number; message: string }): http2.OutgoingHttpHeaders {
  return {
    'grpc-status': String(status.code),
    ...(status.message !== '' && { 'grpc-message': escapeMessage(status.message) }),
  };
}

/** gRPC's own escaping: what is not printable ASCII, and the percent sign. */
function escapeMessage(message: string): string {
  return message.replace(/[^ -$&-~]/gu, encodeURIComponent);
}

const TIMEOUT_UNITS_MS = { H: HOUR_MS, M: MINUTE_MS, S: 1000, m: 1, u: 1e-3, n: 1e-6 } as const;

function readTimeout(header: string | string[] | undefined): number | undefined {
  const [, amount, unit] = /^(\d{1,8})([HMSmun])$/.exec(String(header ?? '')) ?? [];
  if (amount === undefined) return undefined;
  // The pattern has these units only.
  return Number(amount) * TIMEOUT_UNITS_MS[unit as keyof typeof TIMEOUT_UNITS_MS];
}
