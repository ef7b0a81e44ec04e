// Settings of authentication and of limits of the HTTP API.
import { z } from 'zod';
import { duration, size } from '../../config/values.ts';

/** Too long to guess, whatever the characters. */
const MIN_TOKEN = 16;

const secretToken = z.string().min(MIN_TOKEN, `expected at least ${MIN_TOKEN} characters`);

const token = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.@-]{1,64}$/, 'expected up to 64 letters, digits, _ . @ -')
      .describe('Name of the client in the log.'),
    token: secretToken.optional().meta({ secret: true }).describe('The token.'),
    tokenFile: z.string().min(1).optional().describe('File with the token.'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'expected 64 hex digits')
      .optional()
      .describe('SHA-256 of the token in hex, to keep the token out of the configuration.'),
  })
  .refine(
    (each) =>
      [each.token, each.tokenFile, each.sha256].filter((way) => way !== undefined).length === 1,
    { error: 'needs exactly one of token, tokenFile and sha256' },
  );

export const authConfig = z
  .strictObject({
    token: secretToken
      .optional()
      .meta({ secret: true })
      .describe('One bearer token, named `default` in the log; meant for the environment.'),
    tokenFile: z.string().min(1).optional().describe('File with this token.'),
    tokens: z
      .array(token)
      .max(1000)
      .default([])
      .describe(
        'Bearer tokens: `- {name: grafana, tokenFile: /run/secrets/grafana}`. As soon as one token is configured, every HTTP and gRPC request needs one, on loopback too.',
      ),
    metrics: z
      .enum(['open', 'token'])
      .default('open')
      .describe('Whether /metrics needs a token; /healthz and /readyz never do.'),
    hosts: z
      .array(z.string().min(1).max(255))
      .max(100)
      .default([])
      .describe(
        'Host names accepted without tokens besides those of loopback, for example of a reverse proxy. Other names are rejected to prevent DNS rebinding.',
      ),
  })
  .refine(({ tokens }) => new Set(tokens.map(({ name }) => name)).size === tokens.length, {
    path: ['tokens'],
    error: 'names must differ',
  });

export type AuthConfig = z.output<typeof authConfig>;

export const httpTls = z
  .strictObject({
    cert: z.string().min(1).describe('PEM file of the server certificate and its chain.'),
    key: z.string().min(1).describe('PEM file of its key.'),
  })
  .describe(
    'HTTPS. The files are read again every minute, so that renewed certificates take effect.',
  );

export const httpLimits = {
  timeout: duration
    .prefault('60s')
    .describe('Maximum time for one document; streams of flows have no time limit.'),
  maxDocuments: z
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe('Maximum of documents computed at once, not counting streams; further ones get 429.'),
  maxConnections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1024)
    .describe('Maximum of open connections; further ones are closed.'),
  maxDepth: z
    .int()
    .min(2)
    .max(1000)
    .default(32)
    .describe('Maximum nesting of the JSON of a request.'),
  requestTimeout: duration
    .prefault('30s')
    .describe(
      'Maximum time to receive a request, a third of it for the header; slower clients are disconnected.',
    ),
  keepAlive: duration.prefault('30s').describe('Idle connections are closed after this.'),
  slowReader: duration
    .prefault('60s')
    .describe(
      'A stream is closed when its client reads nothing for this long while data is waiting; clients of events can resume.',
    ),
  heartbeat: duration
    .prefault('15s')
    .describe('Interval of comments in an event stream without events.'),
  maxFollow: duration
    .prefault('0s')
    .describe(
      'Maximum duration of a stream that follows new flows or incidents; its client reconnects where it was and authenticates again. 0s is no limit.',
    ),
  rateLimit: z
    .strictObject({
      requests: z
        .int()
        .min(0)
        .default(6000)
        .describe('Requests per window of one client (token, else address); 0 is no limit.'),
      window: duration.prefault('1m').describe('Length of the window.'),
    })
    .prefault({})
    .describe('Rate limit of one client; further requests get 429 with `retry-after`.'),
  cache: z
    .strictObject({
      size: size.prefault('32MiB').describe('Size of the cache in memory; 0B turns it off.'),
      maxAge: duration.prefault('1m').describe('How long a document is cached.'),
      closedAfter: duration
        .prefault('10m')
        .meta({ renamedFrom: 'settle' })
        .describe(
          'A window is closed when it ended this long ago: after an outage flows arrive late.',
        ),
    })
    .prefault({})
    .describe('Cache of documents about closed windows, which hardly change.'),
  compress: z
    .boolean()
    .default(true)
    .describe(
      'Compress responses above 1 KiB for clients that accept it; live streams are never compressed.',
    ),
};
