import { z } from 'zod';
import { duration, size } from '../../config/values.ts';
import { hostOf, isLoopback } from '../loopback.ts';

const tls = z
  .strictObject({
    cert: z.string().min(1).describe('PEM file of the server certificate and its chain.'),
    key: z.string().min(1).describe('PEM file of its key.'),
    clientCa: z
      .string()
      .min(1)
      .optional()
      .describe(
        'PEM file of the CAs of clients; when set, clients must present a certificate (mTLS).',
      ),
  })
  .describe(
    'TLS. The files are read again every minute, so that renewed certificates take effect.',
  );

export type GrpcTlsConfig = z.output<typeof tls>;

export const grpcConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Serve the gRPC API.'),
  listen: z
    .string()
    .regex(/^(\[[^\]]+\]|[^:[\]]*):\d{1,5}$/, 'expected HOST:PORT, such as 127.0.0.1:4281')
    .optional()
    .describe(
      'HOST:PORT of the gRPC API. Default: loopback and the port after that of api.listen, 127.0.0.1:4281 (a free port when that is 0). Port 4245 is left to a port-forwarded Hubble Relay.',
    ),
  tls: tls.optional(),
  allowUnauthenticated: z
    .boolean()
    .default(false)
    .describe(
      'Listen beyond loopback without client certificates or tokens. Everyone who reaches the port can read every flow.',
    ),
  maxStreams: z
    .int()
    .min(1)
    .max(100_000)
    .default(128)
    .describe('Maximum of open streams; further ones get RESOURCE_EXHAUSTED.'),
  reflection: z
    .boolean()
    .default(true)
    .describe(
      'Serve reflection (grpc.reflection.v1 and v1alpha), for grpcurl and `hubble reflect`.',
    ),
  maxRequest: size.prefault('1MiB').describe('Maximum size of a request message.'),
  keepalive: duration
    .prefault('30s')
    .describe('Interval of keepalive pings, which free the streams of clients that vanished.'),
  keepaliveTimeout: duration
    .prefault('20s')
    .describe('A connection is closed when a ping is not answered within this time.'),
});

export type GrpcConfig = z.output<typeof grpcConfig>;

/** `httpListen` is the address of the HTTP API. */
export function grpcAddress({ listen }: Pick<GrpcConfig, 'listen'>, httpListen: string): string {
  if (listen !== undefined) return listen;
  const port = Number(httpListen.slice(httpListen.lastIndexOf(':') + 1));
  return `127.0.0.1:${port === 0 ? 0 : port + 1}`;
}

/** Whether clients are authenticated, or the address is reachable from this host only. */
export function isSafe(
  { enabled, listen, tls, allowUnauthenticated }: GrpcConfig,
  tokens: boolean,
): boolean {
  if (!enabled || listen === undefined || allowUnauthenticated || tokens) return true;
  return isLoopback(hostOf(listen)) || tls?.clientCa !== undefined;
}
