// Anything that speaks Hubble's gRPC, Hubble Relay and Parallax alike.
import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { decode, encode } from '../../hubble/proto/codec.ts';
import {
  type ChangeNotification,
  HealthCheckResponseServingStatus,
  NotifyRequest,
} from '../../hubble/proto/schema.gen.ts';
import {
  Health,
  type Method,
  OBSERVER_HEALTH_SERVICE,
  Observer,
  Peer,
} from '../../hubble/proto/services.ts';
import { parseRelayAddress } from '../../ingest/relay/address.ts';
import { MessageSplitter } from '../../ingest/relay/framing.ts';
import { GrpcConnection, GrpcStatus } from '../../ingest/relay/grpc-connection.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { tokenOf } from '../token.ts';
import { HEALTHY, type ServerFlags, type ServerView } from './view.ts';

const WINDOW_BYTES = 1024 * 1024;
const MAX_MESSAGE = 4 * 1024 * 1024;

/** `grpc://HOST:PORT` and `tcp://…` in plaintext, `tls://HOST:PORT` over TLS. */
export async function openGrpcView(
  server: string,
  flags: ServerFlags,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ServerView> {
  const address = parseRelayAddress(server.replace(/^grpc:/, 'tcp:'));
  if (typeof address === 'string') throw inputError(address);
  const { host, port } = address;
  const tls = address.tls ? await tlsOptions(flags) : undefined;
  // That of the environment is for Parallax; this may be somebody else's relay.
  const token = flags.tokenFile && tokenOf(flags.tokenFile, {});
  const target = {
    ...{ host, port, tls, windowBytes: WINDOW_BYTES, userAgent: 'parallax' },
    ...(token && { headers: { authorization: `Bearer ${token}` } }),
  };
  const connection = await told(GrpcConnection.open(target, timeoutMs, signal));
  const call = async <Q extends object, A extends object>(method: Method<Q, A>, request: Q) => {
    const bytes = method.requestSerialize(request);
    return method.responseDeserialize(await told(connection.unary(method.path, bytes, timeoutMs)));
  };
  return {
    target: server.replace(/^(grpc|tcp|tls):\/\//, ''),
    async health() {
      const { status = 0 } = await call(Health.Check, { service: OBSERVER_HEALTH_SERVICE });
      const { names, numbers } = HealthCheckResponseServingStatus;
      return status === numbers.SERVING ? HEALTHY : `Unavailable: ${names.get(status) ?? status}`;
    },
    status: () => call(Observer.ServerStatus, {}),
    nodes: async () => (await call(Observer.GetNodes, {})).nodes ?? [],
    namespaces: async () => (await call(Observer.GetNamespaces, {})).namespaces ?? [],
    peers: (until) => notifications(connection, until),
    close: () => connection.destroy(),
  };
}

async function* notifications(
  connection: GrpcConnection,
  signal: AbortSignal,
): AsyncGenerator<ChangeNotification> {
  const waiting: ChangeNotification[] = [];
  let wake = () => {};
  const splitter = new MessageSplitter(
    {
      arrived: () => {},
      message: (bytes, start, end) => {
        waiting.push(decode(Peer.Notify.responseType, Buffer.from(bytes.subarray(start, end))));
      },
      settle: () => {},
      oversize: () => {},
    },
    MAX_MESSAGE,
  );
  const stream = connection.stream(Peer.Notify.path, encode(NotifyRequest, {}), (chunk) => {
    splitter.push(chunk);
    wake();
  });
  let over = false;
  const ended = told(stream.ended).finally(() => {
    over = true;
    wake();
  });
  ended.catch(() => {});
  signal.addEventListener('abort', () => stream.cancel(), { once: true });
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield next;
    else if (over) break;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
  if (!signal.aborted) await ended;
}

async function tlsOptions(flags: ServerFlags): Promise<ConnectionOptions> {
  const { tlsCaCertFiles, tlsClientCertFile, tlsClientKeyFile, tlsServerName } = flags;
  if ((tlsClientCertFile === undefined) !== (tlsClientKeyFile === undefined))
    throw inputError('certificate and private key are both required, but only one was provided');
  return {
    ...(tlsCaCertFiles && { ca: await Promise.all(tlsCaCertFiles.split(',').map(file)) }),
    ...(tlsClientCertFile && { cert: await file(tlsClientCertFile) }),
    ...(tlsClientKeyFile && { key: await file(tlsClientKeyFile) }),
    ...(tlsServerName && { servername: tlsServerName }),
    ...(flags.tlsAllowInsecure && { rejectUnauthorized: false }),
  };
}

async function file(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw inputError(`TLS file: ${why}`, { cause: error });
  }
}

const CODES = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound'],
  ...['AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted'],
  ...['OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];

/** Failures in the words of Hubble's own command. */
async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const status = error instanceof GrpcStatus ? error.status : CODES.indexOf('Unavailable');
    const why = error instanceof Error ? error.message : String(error);
    throw new ParallaxError(
      'server/unavailable',
      `rpc error: code = ${CODES[status] ?? `Code(${status})`} desc = ${why}`,
      { cause: error },
    );
  }
}
