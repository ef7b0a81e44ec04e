// Hubble's gRPC services in the form that grpc-js takes, without importing it. `keepBytes` in place of a deserializer
// leaves response bytes untouched.
import { decode, encode } from './codec.ts';
import * as hubble from './schema.gen.ts';
import type { MessageType } from './schema.ts';

export interface Method<Request extends object, Response extends object> {
  readonly path: string;
  /** Hubble has no client streams. */
  readonly requestStream: false;
  readonly responseStream: boolean;
  readonly requestType: MessageType<Request>;
  readonly responseType: MessageType<Response>;
  readonly requestSerialize: (message: Request) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Request;
  readonly responseSerialize: (message: Response) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** Hands bytes through, as serializer or deserializer. */
export const keepBytes = (bytes: Buffer): Buffer => bytes;

/** A method whose responses stay bytes on both sides. */
export function withRawResponses<Request extends object, Response extends object>(
  method: Method<Request, Response>,
) {
  return { ...method, responseSerialize: keepBytes, responseDeserialize: keepBytes };
}

function method<Request extends object, Response extends object>(
  path: string,
  requestType: MessageType<Request>,
  responseType: MessageType<Response>,
  responseStream: boolean,
): Method<Request, Response> {
  return {
    path,
    requestStream: false,
    responseStream,
    requestType,
    responseType,
    requestSerialize: (message) => encode(requestType, message),
    requestDeserialize: (bytes) => decode(requestType, bytes),
    responseSerialize: (message) => encode(responseType, message),
    responseDeserialize: (bytes) => decode(responseType, bytes),
  };
}

export const Observer = {
  GetFlows: method(
    '/observer.Observer/GetFlows',
    hubble.GetFlowsRequest,
    hubble.GetFlowsResponse,
    true,
  ),
  GetAgentEvents: method(
    '/observer.Observer/GetAgentEvents',
    hubble.GetAgentEventsRequest,
    hubble.GetAgentEventsResponse,
    true,
  ),
  GetDebugEvents: method(
    '/observer.Observer/GetDebugEvents',
    hubble.GetDebugEventsRequest,
    hubble.GetDebugEventsResponse,
    true,
  ),
  GetNodes: method(
    '/observer.Observer/GetNodes',
    hubble.GetNodesRequest,
    hubble.GetNodesResponse,
    false,
  ),
  GetNamespaces: method(
    '/observer.Observer/GetNamespaces',
    hubble.GetNamespacesRequest,
    hubble.GetNamespacesResponse,
    false,
  ),
  ServerStatus: method(
    '/observer.Observer/ServerStatus',
    hubble.ServerStatusRequest,
    hubble.ServerStatusResponse,
    false,
  ),
} as const;

export const Peer = {
  Notify: method('/peer.Peer/Notify', hubble.NotifyRequest, hubble.ChangeNotification, true),
} as const;

export const Health = {
  Check: method(
    '/grpc.health.v1.Health/Check',
    hubble.HealthCheckRequest,
    hubble.HealthCheckResponse,
    false,
  ),
  Watch: method(
    '/grpc.health.v1.Health/Watch',
    hubble.HealthCheckRequest,
    hubble.HealthCheckResponse,
    true,
  ),
} as const;

/** The name Hubble's servers report their health under. */
export const OBSERVER_HEALTH_SERVICE = 'hubble.server.Observer';
