// Settings of the API: where it listens and what one answer, and all of them together, may cost.
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
        'HOST:PORT of the HTTP API, and of health and metrics in every role. Where queries are answered (`serve`, `up`), an address that other hosts reach needs a token (api.auth), or the start is refused; /healthz, /readyz and, unless api.auth.metrics says otherwise, /metrics need none.',
      ),
    auth: authConfig.prefault({}).describe('Who may ask.'),
    tls: httpTls.optional(),
    ...httpLimits,
    maxStreams: z
      .int()
      .min(1)
      .max(100_000)
      .default(64)
      .describe(
        'Streams of flows and events being written at once; more are refused with 429. Those that follow what is new may be three quarters of them.',
      ),
    maxRows: z
      .int()
      .min(1)
      .default(10_000_000)
      .describe(
        'Responses in one answer from the store; a longer one ends with an error that says so.',
      ),
    maxBody: size.prefault('256KiB').describe('Largest body of a query.'),
    maxUrl: size.prefault('16KiB').describe('Longest URL; longer queries go by POST.'),
    maxFilters: z
      .int()
      .min(1)
      .max(10_000)
      .default(200)
      .describe('FlowFilters in one query, both lists together.'),
    pageRows: z
      .int()
      .min(10)
      .max(10_000)
      .default(5000)
      .describe('Rows read from the store at a time for one answer; decides its memory.'),
    heldRows: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10_000)
      .describe(
        'Newest flows that are held to be turned round; a larger --last is read twice instead.',
      ),
    connections: connectionsConfig.prefault({}).describe('Connections, explanations and services.'),
    denials: denialsConfig.prefault({}).describe('Denials and incidents.'),
    totals: totalsConfig.prefault({}).describe('Aggregates, tops, series, maps and comparisons.'),
    live: liveConfig.prefault({}).describe('Live streams (`observe --follow`).'),
    feed: feedConfig.prefault({}).describe('Who follows incidents (`/api/v1/incidents/feed`).'),
    recent: duration
      .prefault('1h')
      .describe('How far back nodes and namespaces are looked for in the stored flows.'),
    statusCache: duration
      .prefault('10s')
      .describe('How long an answer about status, nodes and namespaces is given again.'),
    grpc: grpcConfig
      .prefault({})
      .describe('Hubble’s own gRPC API (Observer), for the hubble command, Hubble UI and others.'),
  })
  .refine(({ auth, grpc }) => isSafe(grpc, hasTokens(auth)), {
    path: ['grpc', 'listen'],
    error:
      'can be reached from other hosts, and whoever reaches it reads every flow: set tls.clientCa, so that clients must show a certificate, or a token (api.auth), or allowUnauthenticated: true',
  });

function hasTokens({ token, tokenFile, tokens }: AuthConfig): boolean {
  return token !== undefined || tokenFile !== undefined || tokens.length > 0;
}

export type ApiConfig = z.output<typeof apiConfig>;
