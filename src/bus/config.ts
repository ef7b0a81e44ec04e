// Settings of the bus: which one carries the batches, and how each is bounded.
import { z } from 'zod';
import { duration, size } from '../config/values.ts';

const memoryConfig = z.strictObject({
  maxBytes: size
    .prefault('64MiB')
    .describe('Bytes of records held until they are stored; publishing waits when it is full.'),
  partitions: z
    .int()
    .min(1)
    .max(1024)
    .default(4)
    .describe('Partitions; records of one cluster share one and stay in order.'),
  deadLetters: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe('Dead letters kept in memory, newest last; older ones are only counted.'),
  deadLetterFile: z
    .string()
    .min(1)
    .optional()
    .describe('File that dead letters are appended to as JSON lines; none when absent.'),
});

const saslConfig = z
  .strictObject({
    mechanism: z
      .enum(['plain', 'scram-sha-256', 'scram-sha-512'])
      .default('scram-sha-512')
      .describe('How the password is presented; `plain` needs TLS to stay secret.'),
    username: z.string().min(1).describe('User name at the brokers.'),
    password: z.string().optional().describe('Password; prefer passwordFile.'),
    passwordFile: z
      .string()
      .optional()
      .describe('File with the password, read at start; a trailing line break is dropped.'),
  })
  .refine((sasl) => (sasl.password === undefined) !== (sasl.passwordFile === undefined), {
    error: 'set exactly one of password and passwordFile',
  });

const tlsConfig = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Use TLS to the brokers.'),
    caFile: z
      .string()
      .optional()
      .describe('PEM file of the authorities to trust in place of the system’s.'),
    certFile: z.string().optional().describe('PEM file of the client certificate (mutual TLS).'),
    keyFile: z.string().optional().describe('PEM file of the client certificate’s key.'),
    serverName: z
      .string()
      .optional()
      .describe('Name to expect in the brokers’ certificates when it is not their host name.'),
  })
  .refine((tls) => (tls.certFile === undefined) === (tls.keyFile === undefined), {
    error: 'certFile and keyFile go together',
  });

const kafkaConfig = z
  .strictObject({
    brokers: z
      .array(z.string().regex(/^.+:\d+$/, 'expected HOST:PORT'))
      .min(1)
      .default(['127.0.0.1:9092'])
      .describe('Brokers to learn the cluster from, as HOST:PORT.'),
    clientId: z.string().min(1).default('parallax').describe('Name shown in the brokers’ logs.'),
    topic: z
      .string()
      .regex(/^[a-zA-Z0-9._-]{1,200}$/, 'expected letters, digits, dot, dash or underscore')
      .default('parallax.flows.v1')
      .describe('Topic of the flow batches; the version of the format is part of the name.'),
    deadLetterTopic: z
      .string()
      .regex(/^[a-zA-Z0-9._-]{1,240}$/, 'expected letters, digits, dot, dash or underscore')
      .optional()
      .describe('Topic of dead letters; `.dlq` before the version of `topic` when absent.'),
    createTopics: z
      .boolean()
      .default(true)
      .describe('Create topics that are missing; false where only administrators may.'),
    partitions: z
      .int()
      .min(1)
      .max(10_000)
      .default(6)
      .describe('Partitions of a topic created here: the most writers that can share the work.'),
    replicationFactor: z
      .int()
      .min(-1)
      .max(32)
      .default(-1)
      .refine((factor) => factor !== 0, { error: 'expected -1 or at least 1' })
      .describe('Copies of every record of a topic created here; -1 takes the brokers’ default.'),
    retention: duration
      .prefault('3d')
      .describe('How long a topic created here keeps records: the longest outage of the store.'),
    maxRecordBytes: size
      .prefault('24MiB')
      .describe(
        'Largest record as stored (compressed); topics take records of this size. Larger than a batch of the collector, so that compression may be off.',
      ),
    maxValueBytes: size
      .prefault('64MiB')
      .describe('Largest record before compression; larger ones are refused at both ends.'),
    compression: z
      .enum(['none', 'lz4', 'zstd'])
      .default('zstd')
      .describe('How values are compressed; see docs/decisions/0004-values-compressed-by-us.md.'),
    compressionLevel: z
      .int()
      .min(-7)
      .max(19)
      .default(2)
      .describe('Level of zstd: higher is smaller and slower.'),
    fetchBytes: size
      .prefault('8MiB')
      .describe('Bytes a consumer fetches at once; a larger record is fetched alone.'),
    fetchWait: duration
      .prefault('500ms')
      .describe('How long a broker may hold a fetch while there is nothing to send.'),
    sessionTimeout: duration
      .prefault('15s')
      .describe(
        'Session timeout: a consumer without a heartbeat for this long loses its partitions.',
      ),
    rebalanceTimeout: duration
      .prefault('60s')
      .describe(
        'Rebalance timeout: how long a rebalance waits until records in progress are stored.',
      ),
    heartbeatInterval: duration.prefault('3s').describe('Interval of a consumer’s heartbeats.'),
    connectionTimeout: duration.prefault('3s').describe('Longest wait for a connection.'),
    requestTimeout: duration.prefault('30s').describe('Longest wait for a broker’s response.'),
    retryInitial: duration
      .prefault('100ms')
      .describe('First wait before a failed call is retried.'),
    retryMax: duration.prefault('2s').describe('Longest wait between two tries.'),
    retries: z
      .int()
      .min(1)
      .max(1000)
      .default(15)
      .describe(
        'Tries on one producer before another is made; with the waits above it should outlast the restart of a broker, since the record may then be stored twice.',
      ),
    lagInterval: duration.prefault('5s').describe('How often the consumer lag of a group is read.'),
    sasl: saslConfig.optional().describe('Authentication; none when absent.'),
    tls: tlsConfig.prefault({}).describe('Encryption.'),
  })
  .refine((kafka) => kafka.heartbeatInterval * 2 <= kafka.sessionTimeout, {
    error: 'heartbeatInterval must be at most half of sessionTimeout',
    path: ['heartbeatInterval'],
  });

export const busConfig = z.strictObject({
  kind: z
    .enum(['memory', 'kafka'])
    .default('memory')
    .describe('`memory` inside one process, `kafka` between processes.'),
  memory: memoryConfig.prefault({}).describe('The in-process bus.'),
  kafka: kafkaConfig.prefault({}).describe('Apache Kafka.'),
});

export type BusConfig = z.infer<typeof busConfig>;
export type MemoryBusConfig = BusConfig['memory'];
export type KafkaBusConfig = BusConfig['kafka'];
