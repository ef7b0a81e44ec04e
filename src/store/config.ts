// Settings of the store: which engine, where it is, how long flows are kept, and what one reader may cost.
import { z } from 'zod';
import { duration, size } from '../config/values.ts';

const chdbConfig = z.strictObject({
  path: z
    .string()
    .min(1)
    .default('parallax-data')
    .describe('Data directory of the embedded engine; one process at a time can open it.'),
  maxMemory: size
    .prefault('4GiB')
    .describe('Memory limit of the embedded engine; queries and inserts beyond it fail.'),
  cache: size
    .prefault('256MiB')
    .describe('Size of each cache of the engine (marks, primary keys, indexes).'),
  mergeThreads: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Threads that merge parts in the background.'),
});

const clickhouseConfig = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'expected a URL such as http://clickhouse:8123' })
    .default('http://127.0.0.1:8123')
    .describe('HTTP address of the ClickHouse server; https for TLS.'),
  database: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'expected a name of letters, digits and _')
    .default('parallax')
    .describe('Database; created by the migration when it does not exist.'),
  username: z.string().default('default').describe('User name.'),
  password: z.string().default('').describe('Password; prefer passwordFile or the environment.'),
  passwordFile: z
    .string()
    .optional()
    .describe('File with the password; takes precedence over `password`.'),
  compression: z
    .enum(['none', 'gzip'])
    .default('none')
    .describe(
      'Compression of inserts on the wire; gzip costs more CPU than the rest of an insert.',
    ),
  requestTimeout: duration
    .prefault('60s')
    .describe(
      'Time limit of an insert or statement; after it, the attempt counts as failed and may be retried.',
    ),
  startTimeout: duration
    .prefault('30s')
    .describe('How long a role waits at start for a server that does not answer.'),
  idleSocketTtl: duration
    .prefault('2500ms')
    .describe(
      'Idle connections are closed after this; keep it below the server’s keep_alive_timeout.',
    ),
  tls: z
    .strictObject({
      caFile: z.string().optional().describe('PEM file of the CA that signed the server.'),
      certFile: z.string().optional().describe('PEM file of the client certificate.'),
      keyFile: z.string().optional().describe('PEM file of its key.'),
    })
    .prefault({})
    .describe('TLS files, for an https address.'),
});

const readerConfig = z.strictObject({
  concurrency: z
    .int()
    .min(1)
    .max(256)
    .default(2)
    .describe('Maximum of queries that run at once in this process; others wait.'),
  queue: z
    .int()
    .min(0)
    .max(100_000)
    .default(64)
    .describe('Maximum of queries that wait; more are refused.'),
  maxExecutionTime: duration
    .prefault('30s')
    .describe('Time limit of one query, including waits for a slow reader.'),
  maxMemory: size.prefault('1GiB').describe('Memory limit of one query.'),
  maxRowsToRead: z
    .int()
    .min(0)
    .default(2_000_000_000)
    .describe('Maximum of rows one query may read; 0 for no limit.'),
  maxBytesToRead: size
    .prefault('200GiB')
    .describe('Maximum of uncompressed bytes one query may read; 0B for no limit.'),
  maxThreads: z
    .int()
    .min(0)
    .max(1024)
    .default(0)
    .describe('Maximum of threads of one query; 0 uses the engine’s default.'),
});

export const storeConfig = z.strictObject({
  kind: z
    .enum(['chdb', 'clickhouse'])
    .default('chdb')
    .describe('chdb: embedded, nothing to install; clickhouse: a server.'),
  retention: duration
    .prefault('30d')
    .describe(
      'Flows and events received longer ago are deleted, a whole day at a time; 0d keeps all.',
    ),
  denialRetention: duration
    .prefault('180d')
    .describe(
      'Denials, incidents, their events and deliveries received longer ago are deleted, a whole week at a time; 0d keeps all.',
    ),
  totalsRetention: duration
    .prefault('90d')
    .describe(
      'Counts of flows received longer ago are deleted, a whole day at a time; 0d keeps all.',
    ),
  fsync: z
    .boolean()
    .default(false)
    .describe(
      'Flush every insert to the disk. Without it a killed process loses nothing, but a power failure may lose the last 30 seconds.',
    ),
  deduplicationWindow: z
    .int()
    .min(100)
    .max(10_000_000)
    .default(10_000)
    .describe('Number of recent inserts among which a repeated one is recognised.'),
  statsInterval: duration
    .prefault('15s')
    .describe('How often parts and bytes on disk are read for the metrics.'),
  chdb: chdbConfig.prefault({}).describe('The embedded engine.'),
  clickhouse: clickhouseConfig.prefault({}).describe('The server.'),
  reader: readerConfig.prefault({}).describe('Limits of queries.'),
});

export type StoreConfig = z.infer<typeof storeConfig>;
export type ReaderConfig = StoreConfig['reader'];
