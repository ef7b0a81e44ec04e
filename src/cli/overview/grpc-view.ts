// Anything that speaks Hubble's gRPC, Hubble Relay and Parallax alike.
import {
  HealthCheckResponseServingStatus,
  type Namespace,
  type Node,
} from '../../hubble/proto/schema.gen.ts';
import {
  Health,
  type Method,
  OBSERVER_HEALTH_SERVICE,
  Observer,
  Peer,
} from '../../hubble/proto/services.ts';
import { GrpcStatus } from '../../ingest/relay/grpc-connection.ts';
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { openGrpc, STATUS_NAMES, serverStream } from '../client/grpc.ts';
import type { Place } from '../client/server-flags.ts';
import { addressOf, wrongProtocol } from '../client/target.ts';
import { HEALTHY, type ServerView } from './view.ts';

export async function openGrpcView(
  address: string,
  place: Place,
  signal: AbortSignal,
): Promise<ServerView> {
  const connection = await openGrpc(address, place, 'parallax', signal).catch(async (error) => {
    const parsed = { ...addressOf(address), tls: place.server.tls };
    const cure = signal.aborted ? undefined : await wrongProtocol(parsed, 'grpc');
    throw cure === undefined ? rpcError(error) : inputError(cure, { cause: error });
  });
  const timeoutMs = place.server.requestTimeoutMs;
  const call = async <Q extends object, A extends object>(method: Method<Q, A>, request: Q) => {
    const bytes = method.requestSerialize(request);
    const answer = connection.unary(method.path, bytes, timeoutMs).catch((error) => {
      throw rpcError(error);
    });
    return method.responseDeserialize(await answer);
  };
  return {
    target: address.replace(/^tls:\/\//, ''),
    async health() {
      const { status = 0 } = await call(Health.Check, { service: OBSERVER_HEALTH_SERVICE });
      const { names, numbers } = HealthCheckResponseServingStatus;
      return status === numbers.SERVING ? HEALTHY : `Unavailable: ${names.get(status) ?? status}`;
    },
    status: () => call(Observer.ServerStatus, {}),
    nodes: async (): Promise<readonly Node[]> => (await call(Observer.GetNodes, {})).nodes ?? [],
    namespaces: async (): Promise<readonly Namespace[]> =>
      (await call(Observer.GetNamespaces, {})).namespaces ?? [],
    async *peers(until) {
      try {
        yield* serverStream(connection, Peer.Notify, {}, { signal: until });
      } catch (error) {
        throw rpcError(error);
      }
    },
    close: async () => connection.destroy(),
  };
}

/** In the words of Hubble's own command. */
function rpcError(error: unknown): ParallaxError {
  if (error instanceof ParallaxError) return error;
  const status = error instanceof GrpcStatus ? error.status : STATUS_NAMES.indexOf('Unavailable');
  const why = error instanceof Error ? error.message : String(error);
  return new ParallaxError(
    'server/unavailable',
    `rpc error: code = ${STATUS_NAMES[status] ?? `Code(${status})`} desc = ${why}`,
    { cause: error },
  );
}
