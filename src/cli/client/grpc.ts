// Calls of Hubble's gRPC, for the commands that a relay answers.
import { decode } from '../../hubble/proto/codec.ts';
import type { Method } from '../../hubble/proto/services.ts';
import { MessageSplitter } from '../../ingest/relay/framing.ts';
import { GrpcConnection } from '../../ingest/relay/grpc-connection.ts';
import { credentials } from './access.ts';
import type { Place } from './server-flags.ts';
import { addressOf } from './target.ts';

const WINDOW_BYTES = 1024 * 1024;
/** The limit of gRPC itself. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Messages that wait to be read before the server has to wait. */
const HIGH_WATER = 2000;

export const STATUS_NAMES: readonly string[] = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound'],
  ...['AlreadyExists', 'PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted'],
  ...['OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];

/** Rejects with Node's error, a ConnectFailure, or `input/invalid` for what is no address. */
export async function openGrpc(
  address: string,
  access: Place,
  userAgent: string,
  signal: AbortSignal,
): Promise<GrpcConnection> {
  const { host, port } = addressOf(address);
  const { tls, server } = access;
  const headers = credentials(access);
  const target = { host, port, tls, windowBytes: WINDOW_BYTES, userAgent, headers };
  return GrpcConnection.open(target, server.timeoutMs, signal);
}

export interface StreamListeners {
  readonly signal: AbortSignal;
  /** A message that is larger than gRPC accepts was left out. */
  readonly oversize?: (bytes: number) => void;
}

/** The messages of a server stream. Throws how the stream ended when not well; returns early once the signal aborts. */
export async function* serverStream<Q extends object, A extends object>(
  connection: GrpcConnection,
  method: Method<Q, A>,
  request: Q,
  { signal, oversize = () => undefined }: StreamListeners,
): AsyncGenerator<A> {
  const queue: A[] = [];
  let wake = () => {};
  let over = false;
  const splitter = new MessageSplitter(
    {
      arrived: () => {},
      message: (bytes, start, end) => {
        // Decoded texts are slices of the copy: the chunk itself is only lent.
        queue.push(decode(method.responseType, Buffer.from(bytes.subarray(start, end))));
      },
      flush: () => {},
      oversize,
    },
    MAX_MESSAGE_BYTES,
  );
  const stream = connection.stream(method.path, method.requestSerialize(request), (chunk) => {
    splitter.push(chunk);
    if (queue.length > HIGH_WATER) stream.pause();
    wake();
  });
  const cancel = () => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  const ended = stream.ended
    .catch((error: unknown) => error)
    .then((error) => {
      over = true;
      wake();
      return error;
    });
  try {
    for (;;) {
      for (const message of queue.splice(0)) {
        if (signal.aborted) return;
        yield message;
      }
      if (queue.length > 0) continue;
      if (over) break;
      stream.resume();
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (over || queue.length > 0) resolve();
      });
    }
    const error = await ended;
    if (error !== undefined && !signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
  }
}
