// A relay for tests over raw HTTP/2: what each GetFlows gets is up to the test, and so is every fault.

import {
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { decode, encode } from '../../../src/hubble/proto/codec.ts';
import {
  GetFlowsRequest,
  GetNodesResponse,
  HealthCheckResponse,
  type Node,
  ServerStatusResponse,
} from '../../../src/hubble/proto/schema.gen.ts';
import { SECOND_NS } from '../../../src/runtime/time.ts';
import { framed } from './responses.ts';

export interface FlowsCall {
  readonly request: GetFlowsRequest;
  /** Of `since`, nanoseconds since 1970; 0 without one. */
  readonly sinceNs: bigint;
  /** True when the window took it all. */
  send(...responses: Buffer[]): boolean;
  drain(): Promise<void>;
  readonly closed: boolean;
  /** Ends the stream with a gRPC status. */
  end(status?: number, message?: string): void;
}

export interface FakeRelayOptions {
  readonly flows: (call: FlowsCall, index: number) => void;
  readonly tls?: { cert: string; key: string; ca?: string };
  readonly port?: number;
}

export interface FakeRelay {
  readonly port: number;
  readonly address: string;
  readonly calls: FlowsCall[];
  /** Breaks every connection. */
  cut(): void;
  connections: number;
  /** Answers of the other calls; `mute` answers nothing at all. */
  health: number | 'unimplemented' | 'mute';
  nodes: Node[];
  status: ServerStatusResponse;
  goaway(): void;
  close(): Promise<void>;
}

export async function fakeRelay(options: FakeRelayOptions): Promise<FakeRelay> {
  const { tls } = options;
  const sessions = new Set<ServerHttp2Session>();
  const server: Http2Server = tls
    ? createSecureServer({
        cert: tls.cert,
        key: tls.key,
        ...(tls.ca !== undefined && { ca: tls.ca, requestCert: true, rejectUnauthorized: true }),
      })
    : createServer();
  const sockets = new Set<Socket>();
  const relay: FakeRelay = {
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    port: 0,
    address: '',
    calls: [],
    connections: 0,
    health: 1,
    nodes: [],
    status: { num_connected_nodes: 1, seen_flows: 7n, num_flows: 5n, max_flows: 4095n },
    goaway: () => {
      for (const session of sessions) session.goaway(0);
    },
    close: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy();
        server.close(() => resolve());
      }),
  };

  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    relay.connections++;
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => answer(stream, headers[':path'] ?? '', Buffer.concat(chunks)));
  });

  function answer(stream: ServerHttp2Stream, path: string, body: Buffer): void {
    switch (path) {
      case '/observer.Observer/GetFlows': {
        const call = flowsCall(stream, decode(GetFlowsRequest, body.subarray(5)));
        relay.calls.push(call);
        options.flows(call, relay.calls.length - 1);
        return;
      }
      case '/grpc.health.v1.Health/Check':
        if (relay.health === 'unimplemented') unary(stream, undefined, 12);
        else if (relay.health !== 'mute') {
          unary(stream, encode(HealthCheckResponse, { status: relay.health }));
        }
        return;
      case '/observer.Observer/ServerStatus':
        if (relay.health !== 'mute') unary(stream, encode(ServerStatusResponse, relay.status));
        return;
      case '/observer.Observer/GetNodes':
        if (relay.health !== 'mute') {
          unary(stream, encode(GetNodesResponse, { nodes: relay.nodes }));
        }
        return;
      default:
        unary(stream, undefined, 12);
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  // Of a listening TCP server, always.
  const { port } = server.address() as AddressInfo;
  return Object.assign(relay, { port, address: `127.0.0.1:${port}` });
}

function flowsCall(stream: ServerHttp2Stream, request: GetFlowsRequest): FlowsCall {
  stream.setMaxListeners(0);
  let status = { 'grpc-status': '0' as string, 'grpc-message': '' };
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(status));
  const { seconds = 0n, nanos = 0 } = request.since ?? {};
  return {
    request,
    sinceNs: seconds * SECOND_NS + BigInt(nanos),
    get closed() {
      return stream.destroyed || stream.closed;
    },
    send: (...responses) =>
      !stream.destroyed && stream.write(Buffer.concat(responses.map((each) => framed(each)))),
    drain: () =>
      new Promise((resolve) => {
        stream.once('drain', resolve);
        stream.once('close', resolve);
      }),
    end: (code = 0, message = '') => {
      status = { 'grpc-status': String(code), 'grpc-message': encodeURIComponent(message) };
      stream.end();
    },
  };
}

function unary(stream: ServerHttp2Stream, message: Buffer | undefined, status = 0): void {
  if (stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
  stream.end(message === undefined ? undefined : framed(message));
}
