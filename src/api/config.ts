import { z } from 'zod';
import { duration, size } from '../config/values.ts';
import { connectionsConfig } from '../query/connections/config.ts';
import { denialsConfig } from '../query/denials/config.ts';
import { feedConfig } from '../query/denials/feed/feed-config.ts';
import { liveConfig } from '../query/flows/config.ts';
import { totalsConfig } from '../query/totals/config.ts';
import { grpcConfig, isSafe } from './grpc/config.ts';
import { type AuthConfig, authConfig, httpLimits, httpTls } from './http/config.ts';

export const apiConfig = z
  .strictObject({
    listen: z
      .string()
      .regex(/^(\[[^\]]+\]|[^:[\]]*):\d{1,5}$/, 'expected HOST:PORT, such as 127.0.0.1:4280')
      .default('127.0.0.1:4280')
      .describe(
        'HOST:PORT of the HTTP API, and of health and metrics in every role. In `serve` and `up` an address that other hosts can reach requires a token (api.auth); /healthz, /readyz and, by default, /metrics do not (api.auth.metrics).',
      ),
    auth: authConfig.prefault({}).describe('Authentication of clients.'),
    tls: httpTls.optional(),
    ...httpLimits,
    maxStreams: z
      .int()
      .min(1)
      .max(100_000)
      .default(64)
      .describe(
        'Maximum of open streams of flows and events; further ones get 429. Streams that follow new flows may take three quarters of it.',
      ),
    maxRows: z
      .int()
      .min(1)
      .default(10_000_000)
      .describe(
        'Maximum of flows and events in one answer from the store; a longer answer ends with an error.',
      ),
    maxBody: size.prefault('256KiB').describe('Maximum size of a request body.'),
    maxUrl: size
      .prefault('16KiB')
      .describe('Maximum length of a URL; use POST for longer queries.'),
    maxFilters: z
      .int()
      .min(1)
      .max(10_000)
      .default(200)
      .describe('Maximum of FlowFilters in one query, both lists together.'),
    pageRows: z
      .int()
      .min(10)
      .max(10_000)
      .default(5000)
      .describe('Rows read from the store at a time for one answer; determines its memory.'),
    heldRows: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10_000)
      .describe(
        'Maximum of newest flows that are buffered to be sent oldest first; for a larger --last the store is read twice instead.',
      ),
    connections: connectionsConfig.prefault({}).describe('Connections, explanations and services.'),
    denials: denialsConfig.prefault({}).describe('Denials and incidents.'),
    totals: totalsConfig.prefault({}).describe('Aggregates, tops, series, maps and comparisons.'),
    live: liveConfig.prefault({}).describe('Live streams (`observe --follow`).'),
    feed: feedConfig
      .prefault({})
      .describe('Streams of incident events (`/api/v1/incidents/feed`).'),
    recent: duration
      .prefault('1h')
      .describe('How far back stored flows are searched for nodes and namespaces.'),
    statusCache: duration
      .prefault('10s')
      .describe('How long status, nodes and namespaces are cached.'),
    grpc: grpcConfig
      .prefault({})
      .describe('Hubble’s own gRPC API (Observer), for the hubble command, Hubble UI and others.'),
  })
  .refine(({ auth, grpc }) => isSafe(grpc, hasTokens(auth)), {
    path: ['grpc', 'listen'],
    error:
      'can be reached from other hosts, which could read every flow: set tls.clientCa to require client certificates, or a token (api.auth), or allowUnauthenticated: true',
  });

function hasTokens({ token, tokenFile, tokens }: AuthConfig): boolean {
  return token !== undefined || tokenFile !== undefined || tokens.length > 0;
}

export type ApiConfig = z.output<typeof apiConfig>;
