// Asks a Hubble Relay, or an agent, for what it still has: Hubble's own call, answered as Hubble's client would.
import { decode } from '../../hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { Observer } from '../../hubble/proto/services.ts';
import { parseRelayAddress } from '../../ingest/relay/address.ts';
import { MessageSplitter } from '../../ingest/relay/framing.ts';
import { GrpcConnection, GrpcStatus } from '../../ingest/relay/grpc-connection.ts';
import { relayError } from '../../ingest/relay/relay-errors.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import type { ObserveOptions } from './options.ts';
import { flowsRequest } from './request.ts';
import { credentials } from './tls.ts';

const WINDOW_BYTES = 1024 * 1024;
/** What gRPC itself takes at most. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Responses that wait to be printed before the relay is made to wait. */
const HIGH_WATER = 2000;

const CANCELED = 1;
const UNKNOWN = 2;
const STATUS_NAMES = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
];

export async function* askRelay(
  address: string,
  options: ObserveOptions,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const connection = await connect(address, options, signal);
  const queue: GetFlowsResponse[] = [];
  let wake = () => {};
  let over = false;
  const splitter = new MessageSplitter(
    {
      arrived: () => {},
      message: (bytes, start, end) => {
        // Decoded texts are slices of the copy: the chunk itself is only lent.
        queue.push(decode(GetFlowsResponse, Buffer.from(bytes.subarray(start, end))));
      },
      settle: () => {},
      oversize: (size) => say(`a flow of ${size} bytes was left out: it is larger than gRPC takes`),
    },
    MAX_MESSAGE_BYTES,
  );
  const stream = connection.stream(
    Observer.GetFlows.path,
    Observer.GetFlows.requestSerialize(flowsRequest(options)),
    (chunk) => {
      splitter.push(chunk);
      if (queue.length > HIGH_WATER) stream.pause();
      wake();
    },
  );
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
      for (const response of queue.splice(0)) {
        if (signal.aborted) return;
        yield response;
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
    if (error !== undefined) refuse(address, options, error);
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
    connection.destroy();
  }
}

async function connect(
  address: string,
  options: ObserveOptions,
  signal: AbortSignal,
): Promise<GrpcConnection> {
  const parsed = parseRelayAddress(address);
  if (typeof parsed === 'string')
    throw inputError(`${parsed}; Parallax's own API is http://HOST:PORT`);
  const { server } = options;
  const target = {
    host: parsed.host,
    port: parsed.port,
    tls: options.tls,
    windowBytes: WINDOW_BYTES,
    userAgent: 'hubble-parallax',
    headers: credentials(options),
  };
  try {
    return await GrpcConnection.open(target, server.timeoutMs, signal);
  } catch (error) {
    throw relayError(placeOf(address, options), error);
  }
}

/** Refusals in the words of Go's gRPC; a call that was called off ends well. */
function refuse(address: string, options: ObserveOptions, error: unknown): void {
  if (!(error instanceof GrpcStatus)) throw relayError(placeOf(address, options), error);
  if (error.status === CANCELED) return;
  const name = STATUS_NAMES[error.status] ?? `Code(${error.status})`;
  throw new ParallaxError(
    'relay/refused',
    error.status === UNKNOWN ? error.message : `rpc error: code = ${name} desc = ${error.message}`,
  );
}

function placeOf(address: string, { server }: ObserveOptions) {
  const host = parseRelayAddress(address);
  const serverName = server.tlsServerName || (typeof host === 'string' ? address : host.host);
  return { cluster: 'named by --server', address, tls: server.tls, serverName };
}
