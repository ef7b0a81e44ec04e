import { z } from 'zod';
import { duration } from '../config/values.ts';

export const simulateSchema = z.strictObject({
  scenario: z
    .enum(['story', 'load', 'mesh', 'jsonl'])
    .default('story')
    .describe(
      'story: two clusters and a denial between them; load: synthetic flows; mesh: two clusters whose relays serve the flows of both, and one outside called default; jsonl: a file.',
    ),
  listen: z
    .array(z.string().regex(/^.+:\d{1,5}$/, 'expected HOST:PORT'))
    .min(1)
    .default(['127.0.0.1:0'])
    .describe(
      'Addresses of the relays; further relays use the last one with the port incremented. Port 0: any free port.',
    ),
  clusters: z.int().min(1).max(64).default(1).describe('Relays of a load, one a cluster.'),
  nodes: z.int().min(1).max(200).default(3).describe('Nodes of each cluster of a load.'),
  rate: z
    .number()
    .positive()
    .max(500_000)
    .default(1000)
    .describe('Flows a second of each relay of a load; of a file when its times are not kept.'),
  late: duration
    .prefault('30s')
    .describe('mesh: one flow in fifty carries a time up to so much in the past.'),
  speed: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe('Speed of the scenario story, as a factor.'),
  count: z
    .int()
    .min(0)
    .default(0)
    .describe('Flows after which a relay (story: both together) stops; 0: no limit.'),
  ring: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(4095)
    .describe('Events in the ring of a node; the oldest are overwritten.'),
  seed: z
    .int()
    .default(1)
    .describe('Seed of uuids and random choices; the same seed makes the same flows.'),
  waitForClient: z
    .boolean()
    .default(false)
    .describe('Starts when the first client follows, so that it receives all flows.'),
  file: z.string().optional().describe('File of JSON lines for the scenario jsonl.'),
  times: z
    .enum(['shifted', 'kept', 'rate'])
    .default('shifted')
    .describe(
      'Times of the flows of a file: shifted to now with their gaps, kept (and sent at the rate), or new ones at the rate.',
    ),
  faults: z
    .array(z.string())
    .default([])
    .describe(
      'Scheduled faults, such as drop@10s, stall:5s@20s, error:UNAVAILABLE every:30s, load-1=restart:5s@1m.',
    ),
  ledger: z
    .string()
    .optional()
    .describe(
      'File for the uuids of flows sent and of flows overwritten before a client read them.',
    ),
  keepLedger: z.boolean().default(false).describe('Keeps the ledger in memory, for tests.'),
  ledgerLimit: z
    .int()
    .positive()
    .default(20_000_000)
    .describe('Maximum number of records of a ledger in memory, 17 bytes each.'),
  statusEvery: duration
    .prefault('10s')
    .describe('Interval of the log line with counters of each relay.'),
  tls: z
    .strictObject({
      cert: z.string().describe('File of the certificate chain, PEM.'),
      key: z.string().describe('File of its private key, PEM.'),
      clientCa: z
        .string()
        .optional()
        .describe('File of the CA that client certificates must be signed by, PEM.'),
    })
    .optional()
    .describe('Serves TLS; with clientCa, mutual TLS.'),
  version: z.string().default('1.19.4').describe('Hubble version that the relays report.'),
});

export type SimulateConfig = z.infer<typeof simulateSchema>;
