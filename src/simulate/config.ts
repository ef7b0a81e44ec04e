// Options of the simulator.
import { z } from 'zod';
import { duration } from '../config/values.ts';

export const simulateSchema = z.strictObject({
  scenario: z
    .enum(['story', 'load', 'mesh', 'jsonl'])
    .default('story')
    .describe(
      'story: two clusters and a denial between them; load: synthetic flows; mesh: two clusters whose relays give the flows of both, and one outside called default; jsonl: a file.',
    ),
  listen: z
    .array(z.string().regex(/^.+:\d{1,5}$/, 'expected HOST:PORT'))
    .min(1)
    .default(['127.0.0.1:0'])
    .describe(
      'Where the relays listen, one each; a single one is counted up for the others. Port 0: any.',
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
    .describe('mesh: one flow in fifty is up to so much older than its turn.'),
  speed: z
    .number()
    .positive()
    .max(1000)
    .default(1)
    .describe('How many times faster the story goes.'),
  count: z
    .int()
    .min(0)
    .default(0)
    .describe('Flows each relay (story: both) makes before it rests; 0: no end.'),
  ring: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(4095)
    .describe('Events that the ring of a node holds before the oldest are overwritten.'),
  seed: z.int().default(1).describe('Same seed, same uuids and the same choices.'),
  waitForClient: z
    .boolean()
    .default(false)
    .describe('Makes nothing before a client asked for flows, so that it can see all of them.'),
  file: z.string().optional().describe('JSON lines to play in the scenario jsonl.'),
  times: z
    .enum(['shifted', 'kept', 'rate'])
    .default('shifted')
    .describe(
      'Times of a file: moved to now with their gaps, kept (played at rate), or new ones at rate.',
    ),
  faults: z
    .array(z.string())
    .default([])
    .describe(
      'Faults and when: drop@10s, stall:5s@20s, error:UNAVAILABLE every:30s, load-1=restart:5s@1m.',
    ),
  ledger: z
    .string()
    .optional()
    .describe('File that gets the uuid of every flow sent and of every one overwritten unread.'),
  keepLedger: z.boolean().default(false).describe('Keeps that ledger in memory, for tests.'),
  ledgerLimit: z
    .int()
    .positive()
    .default(20_000_000)
    .describe('Most records of a ledger in memory, 17 bytes each.'),
  statusEvery: duration.prefault('10s').describe('How often the log says what was sent.'),
  tls: z
    .strictObject({
      cert: z.string().describe('File of the certificate chain, PEM.'),
      key: z.string().describe('File of its private key, PEM.'),
      clientCa: z
        .string()
        .optional()
        .describe('File of the authority that clients must have a certificate from.'),
    })
    .optional()
    .describe('Serves TLS; with clientCa mutual TLS.'),
  version: z.string().default('1.19.4').describe('Version of Hubble that the relays say they are.'),
});

export type SimulateConfig = z.infer<typeof simulateSchema>;
