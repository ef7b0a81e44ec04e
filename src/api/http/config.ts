// Settings of the HTTP API that keep it safe: who may ask, and what connections, requests and answers may cost.
import { z } from 'zod';
import { duration, size } from '../../config/values.ts';

/** Guessing one is hopeless at this length, whatever it is made of. */
const MIN_TOKEN = 16;

const secretToken = z.string().min(MIN_TOKEN, `expected at least ${MIN_TOKEN} characters`);

const token = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w.@-]{1,64}$/, 'expected up to 64 letters, digits, _ . @ -')
      .describe('Who asks with it; told in the log.'),
    token: secretToken.optional().meta({ secret: true }).describe('The token itself.'),
    tokenFile: z.string().min(1).optional().describe('File that holds the token.'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'expected 64 hex digits')
      .optional()
      .describe('SHA-256 of the token in hex, so that the token itself stands nowhere here.'),
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
      .describe('One bearer token, called `default` in the log; for the environment.'),
    tokenFile: z.string().min(1).optional().describe('The same, from a file.'),
    tokens: z
      .array(token)
      .max(1000)
      .default([])
      .describe(
        'Bearer tokens: `- {name: grafana, tokenFile: /run/secrets/grafana}`. With any token, of either kind, every request for flows needs one, on loopback too, over HTTP and gRPC.',
      ),
    metrics: z
      .enum(['open', 'token'])
      .default('open')
      .describe('Whether /metrics needs a token too; /healthz and /readyz never do.'),
    hosts: z
      .array(z.string().min(1).max(255))
      .max(100)
      .default([])
      .describe(
        'Names by which the API may be asked for without tokens, beside those of loopback: for a proxy before it. Others are refused, since a page of any site could be made to ask under its own name.',
      ),
  })
  .refine(({ tokens }) => new Set(tokens.map(({ name }) => name)).size === tokens.length, {
    path: ['tokens'],
    error: 'names must differ',
  });

export type AuthConfig = z.output<typeof authConfig>;

export const httpTls = z
  .strictObject({
    cert: z.string().min(1).describe('PEM file of the server’s certificate, with its chain.'),
    key: z.string().min(1).describe('PEM file of the certificate’s key.'),
  })
  .describe(
    'HTTPS; the files are read again every minute, so that renewed certificates are taken up.',
  );

export const httpLimits = {
  timeout: duration
    .prefault('60s')
    .describe('Longest time for one document; streams of flows are not limited by it.'),
  maxDocuments: z
    .int()
    .min(1)
    .max(100_000)
    .default(64)
    .describe('Documents being made at once, streams apart; more are refused with 429.'),
  maxConnections: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1024)
    .describe('Connections open at once; further ones are closed at once.'),
  maxDepth: z
    .int()
    .min(2)
    .max(1000)
    .default(32)
    .describe('How deep the JSON of a request may be nested.'),
  requestTimeout: duration
    .prefault('30s')
    .describe('Time for a request to arrive, its header in a third of it; slower clients are cut.'),
  keepAlive: duration.prefault('30s').describe('How long an idle connection is kept open.'),
  slowReader: duration
    .prefault('60s')
    .describe(
      'A stream whose client takes nothing for so long, while there is something, is cut; a client of events can resume where it was.',
    ),
  heartbeat: duration
    .prefault('15s')
    .describe('How often a quiet event stream says that it is alive.'),
  maxFollow: duration
    .prefault('0s')
    .describe(
      'How long a stream of what is new may go on; then it ends, and its client comes back where it was, showing its token again. 0s is no limit.',
    ),
  rateLimit: z
    .strictObject({
      requests: z
        .int()
        .min(0)
        .default(6000)
        .describe('Requests of one client (token, else address) in each window; 0 is no limit.'),
      window: duration.prefault('1m').describe('The window.'),
    })
    .prefault({})
    .describe('How often one client may ask; beyond, it is refused with 429 and `retry-after`.'),
  cache: z
    .strictObject({
      size: size.prefault('32MiB').describe('Bytes of answers kept in memory; 0B keeps none.'),
      maxAge: duration
        .prefault('1m')
        .describe('How long an answer about a closed window is served from the cache.'),
      closedAfter: duration
        .prefault('10m')
        .meta({ renamedFrom: 'settle' })
        .describe(
          'A window that ended this long ago is closed; flows may arrive late after an outage.',
        ),
    })
    .prefault({})
    .describe('Answers about windows in the past, which hardly change any more.'),
  compress: z
    .boolean()
    .default(true)
    .describe('Compress answers above 1 KiB for clients that take it; live streams never.'),
};
