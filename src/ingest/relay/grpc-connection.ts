// A gRPC connection of one's own over node:http2: unary calls and server streams whose bytes are handed on as they
// arrive. grpc-js costs three times the CPU per message and hides the errors' codes (docs/decisions/0003). Failures
// come out as GrpcStatus or as Node's own errors; relay-errors.ts says what they mean.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { isIP, connect as netConnect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as tlsConnect } from 'node:tls';

export interface GrpcTarget {
  readonly host: string;
  readonly port: number;
  /** Undefined: plaintext. */
  readonly tls: ConnectionOptions | undefined;
  /** Flow-control window of one stream, bytes. */
  readonly windowBytes: number;
  readonly userAgent: string;
  /** Sent with every call, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call that the other side ended with a status other than OK; also made here for deadlines. */
export class GrpcStatus extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'GrpcStatus';
    this.status = status;
  }
}

const GRPC_OK = 0;
const GRPC_CANCELLED = 1;
const GRPC_DEADLINE_EXCEEDED = 4;

/** No connection, for a reason Node has no code for. */
export class ConnectFailure extends Error {
  /** Closed, or silent, before it spoke HTTP/2; given up by us; closed while in use. */
  readonly code: 'CLOSED_EARLY' | 'CONNECT_TIMEOUT' | 'ABORTED' | 'LOST';

  constructor(code: ConnectFailure['code'], message: string) {
    super(message);
    this.name = 'ConnectFailure';
    this.code = code;
  }
}

export interface GrpcStream {
  /** Resolves when the stream has ended with OK and all of it was read; rejects with why it ended otherwise. */
  readonly ended: Promise<void>;
  /** Stops reading; the window then stops the sender. */
  pause(): void;
  resume(): void;
  cancel(): void;
}

/** What a message may be larger than before a unary answer is refused. */
const UNARY_LIMIT = 64 * 1024 * 1024;

export class GrpcConnection {
  /** Resolves when the connection is over, whatever ended it. */
  readonly closed: Promise<void>;
  /** The other side asked to go elsewhere: no new calls on this connection. */
  readonly goaway: Promise<void>;
  private readonly session: ClientHttp2Session;
  private readonly target: GrpcTarget;
  private failure: Error | undefined;

  private constructor(session: ClientHttp2Session, socket: Socket, target: GrpcTarget) {
    this.session = session;
    this.target = target;
    socket.on('error', (error) => {
      this.failure ??= error;
      session.destroy();
    });
    this.closed = new Promise((resolve) => session.once('close', resolve));
    this.goaway = new Promise((resolve) => session.once('goaway', () => resolve()));
    session.on('error', (error) => {
      this.failure ??= error;
    });
  }

  /** Resolves once the other side has spoken HTTP/2; rejects with Node's error, or a ConnectFailure. */
  static open(target: GrpcTarget, timeoutMs: number, signal: AbortSignal): Promise<GrpcConnection> {
    const { host, port, tls, windowBytes } = target;
    const socket = dial(target);
    const name = host.includes(':') ? `[${host}]` : host;
    const session = connect(`${tls ? 'https' : 'http'}://${name}:${port}`, {
      createConnection: () => socket,
      settings: { initialWindowSize: windowBytes, enablePush: false },
    });
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        cleanUp();
        // Errors after the first one have no one to go to.
        session.on('error', () => undefined);
        socket.on('error', () => undefined);
        session.destroy();
        socket.destroy();
        reject(error);
      };
      const early = () => fail(new ConnectFailure('CLOSED_EARLY', 'closed before HTTP/2 began'));
      const aborted = () => fail(new ConnectFailure('ABORTED', 'connecting was given up'));
      const timer = setTimeout(
        () => fail(new ConnectFailure('CONNECT_TIMEOUT', `no HTTP/2 within ${timeoutMs} ms`)),
        timeoutMs,
      );
      const cleanUp = () => {
        clearTimeout(timer);
        session.off('error', fail);
        socket.off('error', fail);
        session.off('close', early);
        signal.removeEventListener('abort', aborted);
      };
      session.once('error', fail);
      // With TLS 1.3 a refused client certificate comes after the handshake, and only here.
      socket.once('error', fail);
      session.once('close', early);
      signal.addEventListener('abort', aborted, { once: true });
      if (signal.aborted) return aborted();
      session.once('remoteSettings', () => {
        cleanUp();
        // Twice the stream's window: status calls get through beside a stream that is paused with its window full.
        session.setLocalWindowSize(windowBytes * 2);
        resolve(new GrpcConnection(session, socket, target));
      });
    });
  }

  async unary(path: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    const call = this.call(path, request, timeoutMs, (chunk) => {
      size += chunk.length;
      if (size <= UNARY_LIMIT) chunks.push(chunk);
      else call.cancel();
    });
    const timer = setTimeout(() => call.cancel(), timeoutMs);
    const started = performance.now();
    try {
      await call.ended;
    } catch (error) {
      if (performance.now() - started < timeoutMs - 1) throw error;
      throw new GrpcStatus(GRPC_DEADLINE_EXCEEDED, `no answer within ${timeoutMs} ms`);
    } finally {
      clearTimeout(timer);
    }
    const body = Buffer.concat(chunks);
    if (body.length < 5 || body[0] !== 0 || body.readUInt32BE(1) !== body.length - 5) {
      throw new GrpcStatus(13, `the answer to ${path} is no single gRPC message`);
    }
    return body.subarray(5);
  }

  stream(path: string, request: Buffer, data: (chunk: Buffer) => void): GrpcStream {
    return this.call(path, request, undefined, data);
  }

  /** Lets running calls end. */
  close(): void {
    this.session.close();
  }

  destroy(): void {
    this.session.destroy();
  }

  private call(
    path: string,
    request: Buffer,
    timeoutMs: number | undefined,
    data: (chunk: Buffer) => void,
  ): GrpcStream {
    if (this.session.closed || this.session.destroyed) {
      const ended = Promise.reject(this.failure ?? new ConnectFailure('LOST', 'closed'));
      ended.catch(() => undefined);
      return { ended, pause: () => undefined, resume: () => undefined, cancel: () => undefined };
    }
    const stream = this.session.request({
      ':method': 'POST',
      ':path': path,
      te: 'trailers',
      'content-type': 'application/grpc',
      'user-agent': this.target.userAgent,
      ...this.target.headers,
      ...(timeoutMs === undefined ? {} : { 'grpc-timeout': `${Math.ceil(timeoutMs)}m` }),
    });
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    stream.end(Buffer.concat([head, request]));
    let cancelled = false;
    const ended = this.outcome(stream, data, () => cancelled);
    ended.catch(() => undefined);
    return {
      ended,
      pause: () => stream.pause(),
      resume: () => stream.resume(),
      cancel: () => {
        if (stream.destroyed) return;
        cancelled = true;
        stream.close(constants.NGHTTP2_CANCEL);
        stream.destroy();
      },
    };
  }

  private outcome(
    stream: ClientHttp2Stream,
    data: (chunk: Buffer) => void,
    isCancelled: () => boolean,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let http = 0;
      let status: number | undefined;
      let message = '';
      let error: Error | undefined;
      const trailers = (headers: Record<string, string | string[] | number | undefined>) => {
        if (headers['grpc-status'] === undefined) return;
        status = Number(headers['grpc-status']);
        message = percentDecoded(String(headers['grpc-message'] ?? ''));
      };
      stream.on('response', (headers) => {
        http = Number(headers[':status']);
        trailers(headers);
      });
      stream.on('trailers', trailers);
      stream.on('data', (chunk: Buffer) => {
        if (http !== 200) return;
        try {
          data(chunk);
        } catch (thrown) {
          error = thrown instanceof Error ? thrown : new Error(String(thrown));
          stream.destroy();
        }
      });
      stream.on('error', (thrown: Error) => {
        error ??= thrown;
      });
      stream.on('close', () => {
        if (error) return reject(this.failure ?? error);
        if (http !== 0 && http !== 200) {
          return reject(new GrpcStatus(httpStatus(http), `HTTP status ${http}`));
        }
        if (status === GRPC_OK) return resolve();
        if (status !== undefined) return reject(new GrpcStatus(status, message));
        if (this.failure) return reject(this.failure);
        if (isCancelled()) return reject(new GrpcStatus(GRPC_CANCELLED, 'cancelled'));
        // Node ends the streams of a connection that broke as if they had been cancelled.
        if (stream.rstCode === constants.NGHTTP2_CANCEL) {
          return reject(new ConnectFailure('LOST', 'closed by the other side'));
        }
        reject(new GrpcStatus(14, `ended without a status (HTTP/2 code ${stream.rstCode})`));
      });
    });
  }
}

function dial({ host, port, tls }: GrpcTarget): Socket {
  if (tls === undefined) return netConnect({ host, port, noDelay: true });
  return tlsConnect({
    ...(isIP(host) === 0 && { servername: host }),
    ...tls,
    host,
    port,
    ALPNProtocols: ['h2'],
  });
}

/** gRPC's own table of what HTTP errors of proxies mean (http-grpc-status-mapping). */
function httpStatus(http: number): number {
  switch (http) {
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return http === 400 ? 13 : 2;
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
