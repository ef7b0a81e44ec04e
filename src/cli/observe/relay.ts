// Flows of a Hubble Relay, or of an agent: Hubble's own call, with the errors of Hubble's client.
import type { GetFlowsResponse } from '../../hubble/proto/schema.gen.ts';
import { Observer } from '../../hubble/proto/services.ts';
import { parseRelayAddress } from '../../ingest/relay/address.ts';
import { type GrpcConnection, GrpcStatus } from '../../ingest/relay/grpc-connection.ts';
import { relayError } from '../../ingest/relay/relay-errors.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { openGrpc, STATUS_NAMES, serverStream } from '../client/grpc.ts';
import { wrongProtocol } from '../client/target.ts';
import type { ObserveOptions } from './options.ts';
import { flowsRequest } from './request.ts';

const CANCELED = 1;
const UNKNOWN = 2;

export async function* relayFlows(
  address: string,
  options: ObserveOptions,
  say: (message: string) => void,
  signal: AbortSignal,
): AsyncGenerator<GetFlowsResponse> {
  const parsed = parseRelayAddress(address);
  if (typeof parsed === 'string')
    throw inputError(`${parsed}; Parallax's own API is http://HOST:PORT`);
  const { tls, tlsServerName } = options.server;
  const serverName = tlsServerName || parsed.host;
  const place = { cluster: 'named by --server', address, tls, serverName };
  let connection: GrpcConnection | undefined;
  try {
    connection = await openGrpc(address, options, 'hubble-parallax', signal);
    yield* serverStream(connection, Observer.GetFlows, flowsRequest(options), {
      signal,
      oversize: (size) => say(`a flow of ${size} bytes was left out: it is larger than gRPC takes`),
    });
  } catch (error) {
    if (error instanceof ParallaxError) throw error;
    if (error instanceof GrpcStatus) throwStatus(error);
    else {
      const cure =
        connection || tls || signal.aborted ? undefined : await wrongProtocol(parsed, 'grpc');
      if (cure !== undefined) throw inputError(cure, { cause: error });
      throw relayError(place, error);
    }
  } finally {
    connection?.destroy();
  }
}

/** In the words of Go's gRPC; a cancelled call ends well. */
function throwStatus({ status, message }: GrpcStatus): void {
  if (status === CANCELED) return;
  const name = STATUS_NAMES[status] ?? `Code(${status})`;
  throw new ParallaxError(
    'relay/refused',
    status === UNKNOWN ? message : `rpc error: code = ${name} desc = ${message}`,
  );
}
