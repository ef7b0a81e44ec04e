// Settings of the gRPC API: where it listens, who may ask, and what it may cost.
import { z } from 'zod';
import { duration, size } from '../../config/values.ts';
import { hostOf, isLoopback } from '../loopback.ts';

const tls = z
  .strictObject({
    cert: z.string().min(1).describe('PEM file of the server’s certificate, with its chain.'),
    key: z.string().min(1).describe('PEM file of the certificate’s key.'),
    clientCa: z
      .string()
      .min(1)
      .optional()
      .describe(
        'PEM file of the authorities that sign clients; with it, clients must show one (mTLS).',
      ),
  })
  .describe(
    'TLS; the files are read again every minute, so that renewed certificates are taken up.',
  );

export type GrpcTlsConfig = z.output<typeof tls>;

export const grpcConfig = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether the gRPC API is served.'),
  listen: z
    .string()
    .regex(/^(\[[^\]]+\]|[^:[\]]*):\d{1,5}$/, 'expected HOST:PORT, such as 127.0.0.1:4281')
    .optional()
    .describe(
      'HOST:PORT of the gRPC API. Left out: loopback and the port after that of api.listen, which is 127.0.0.1:4281 (any free port beside port 0). Not 4245, where a port-forwarded Hubble Relay listens.',
    ),
  tls: tls.optional(),
  allowUnauthenticated: z
    .boolean()
    .default(false)
    .describe(
      'Listen beyond loopback without asking clients for a certificate or a token: whoever reaches the port reads every flow.',
    ),
  maxStreams: z
    .int()
    .min(1)
    .max(100_000)
    .default(128)
    .describe('Streams open at once; more are refused with RESOURCE_EXHAUSTED.'),
  reflection: z
    .boolean()
    .default(true)
    .describe(
      'Whether clients may ask which services and messages there are (grpc.reflection.v1 and v1alpha), as grpcurl and `hubble reflect` do.',
    ),
  maxRequest: size.prefault('1MiB').describe('Largest request message.'),
  keepalive: duration
    .prefault('30s')
    .describe(
      'How often a connection is asked for a sign of life, so that vanished clients free their streams.',
    ),
  keepaliveTimeout: duration
    .prefault('20s')
    .describe('How long that sign may take before the connection is closed.'),
});

export type GrpcConfig = z.output<typeof grpcConfig>;

/** Where it listens; `httpListen` is the address of the HTTP API. */
export function grpcAddress({ listen }: Pick<GrpcConfig, 'listen'>, httpListen: string): string {
  if (listen !== undefined) return listen;
  const port = Number(httpListen.slice(httpListen.lastIndexOf(':') + 1));
  return `127.0.0.1:${port === 0 ? 0 : port + 1}`;
}

/** Whether only those may ask who are known, or whoever reaches the port is of this host. */
export function isSafe(
  { enabled, listen, tls, allowUnauthenticated }: GrpcConfig,
  tokens: boolean,
): boolean {
  if (!enabled || listen === undefined || allowUnauthenticated || tokens) return true;
  return isLoopback(hostOf(listen)) || tls?.clientCa !== undefined;
}
