// What a flow costs on the bus: CPU of publishing and of consuming through a real Kafka, for each compression, done by
// us or by Kafka's client. `npx tsx test/bench/bus.ts [--records 40] [--only zstd] [--json]`; each case runs in a process of its own.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import kafkajs from 'kafkajs';
import pino from 'pino';
import { Registry } from 'prom-client';
import { busConfig } from '../../src/bus/config.ts';
import { registerCodecs } from '../../src/bus/kafka/codecs.ts';
import { createBus } from '../../src/bus/open.ts';
import { FlowBatchBuilder } from '../../src/hubble/proto/batch.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { startKafka } from '../engines/kafka.ts';
import { makeFlows } from './flow-bytes.ts';

const FLOWS_A_RECORD = 10_000;
const CASES = [
  'bus none',
  'bus lz4',
  'bus zstd',
  'kafkajs none',
  'kafkajs lz4',
  'kafkajs zstd',
] as const;

interface Result {
  readonly case: string;
  /** Not known when kafkajs packs. */
  readonly bytesAFlow: number | null;
  readonly publishCpu: number;
  readonly publishRate: number;
  readonly consumeCpu: number;
  readonly consumeRate: number;
  readonly peakMiB: number;
}

interface Measured {
  readonly cpu: number;
  readonly rate: number;
}

async function measure(flows: number, work: () => Promise<void>): Promise<Measured> {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpu: (user + system) / flows, rate: flows / ((performance.now() - begun) / 1000) };
}

function values(): Buffer[] {
  return [1, 2, 3, 4].map((seed) => {
    const builder = new FlowBatchBuilder(16 << 20);
    for (const flow of makeFlows(FLOWS_A_RECORD, seed)) builder.add(flow);
    return builder.seal({
      cluster: 'eks',
      relay: 'eks',
      collector: 'bench',
      sequence: seed,
      receivedAt: 1n,
      replay: false,
    });
  });
}

/** Publishes and consumes `records` through the bus itself. */
async function throughBus(kind: string, brokers: string[], records: number): Promise<Result> {
  const never = new AbortController().signal;
  const compression = kind.split(' ')[1];
  const registry = new Registry();
  const kafka = {
    brokers,
    topic: `bench.${randomBytes(6).toString('hex')}.v1`,
    compression,
    replicationFactor: 1,
  };
  const logger = pino({ level: 'warn' });
  const bus = createBus(busConfig.parse({ kind: 'kafka', kafka }), {
    logger,
    registry,
    clock: systemClock,
  });
  await bus.start(never);
  const publisher = bus.publisher();
  await publisher.start(never);
  const all = values();
  const publishAll = async (count: number) => {
    const open = new Set<Promise<void>>();
    for (let n = 0; n < count; n++) {
      const value = all[n % all.length] as Buffer;
      const call = publisher.publish({ key: 'eks', value }).then(() => void open.delete(call));
      open.add(call);
      if (open.size >= 4) await Promise.race(open);
    }
    await Promise.all(open);
  };
  const warm = 6;
  await publishAll(warm);
  const publish = await measure(records * FLOWS_A_RECORD, () => publishAll(records));
  const stored = await sum(registry, 'published_bytes_total', 'stored');
  let seen = 0;
  let begin = () => {};
  let end = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<void>((resolve) => (end = resolve));
  const consumer = bus.consumer({ group: kafka.topic, maxInFlight: 2 }, async (record) => {
    if (record.value.length < 1_000_000) throw new Error('not what was published');
    if (++seen === warm) begin();
    if (seen === warm + records) end();
  });
  await consumer.start(never);
  await begun;
  const consume = await measure(records * FLOWS_A_RECORD, () => ended);
  await consumer.stop(AbortSignal.timeout(5000));
  return {
    case: kind,
    bytesAFlow: stored / ((records + warm) * FLOWS_A_RECORD),
    publishCpu: publish.cpu,
    publishRate: publish.rate,
    consumeCpu: consume.cpu,
    consumeRate: consume.rate,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
}

async function sum(registry: Registry, name: string, form: string): Promise<number> {
  const metric = await registry.getSingleMetric(`parallax_bus_${name}`)?.get();
  const mine = metric?.values.filter(({ labels }) => labels.form === form) ?? [];
  return mine.reduce((total, { value }) => total + value, 0);
}

/** The same with kafkajs alone and its own compression of whole batches. */
async function throughKafkajs(kind: string, brokers: string[], records: number): Promise<Result> {
  registerCodecs();
  const { CompressionTypes, Kafka, Partitioners, logLevel } = kafkajs;
  const compression =
    { none: CompressionTypes.None, lz4: CompressionTypes.LZ4, zstd: CompressionTypes.ZSTD }[
      kind.split(' ')[1] ?? ''
    ] ?? CompressionTypes.None;
  const client = new Kafka({ brokers, logLevel: logLevel.ERROR });
  const topic = `bench.${randomBytes(6).toString('hex')}.v1`;
  const admin = client.admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: String(17 << 20) }];
  await admin.createTopics({ topics: [{ topic, numPartitions: 6, configEntries }] });
  const producer = client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const all = values();
  const publishAll = async (count: number) => {
    for (let n = 0; n < count; n++) {
      const value = all[n % all.length] as Buffer;
      await producer.send({ topic, compression, messages: [{ key: 'eks', value }] });
    }
  };
  const warm = 6;
  await publishAll(warm);
  const publish = await measure(records * FLOWS_A_RECORD, () => publishAll(records));
  let seen = 0;
  let begin = () => {};
  let end = () => {};
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<void>((resolve) => (end = resolve));
  const size = 8 << 20;
  const consumer = client.consumer({
    groupId: topic,
    maxBytes: size,
    maxBytesPerPartition: 17 << 20,
    maxWaitTimeInMs: 500,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch, resolveOffset }) => {
      for (const { offset } of batch.messages) {
        if (++seen === warm) begin();
        if (seen === warm + records) end();
        resolveOffset(offset);
      }
    },
  });
  await begun;
  const consume = await measure(records * FLOWS_A_RECORD, () => ended);
  await consumer.disconnect();
  await producer.disconnect();
  await admin.disconnect();
  return {
    case: kind,
    bytesAFlow: null,
    publishCpu: publish.cpu,
    publishRate: publish.rate,
    consumeCpu: consume.cpu,
    consumeRate: consume.rate,
    peakMiB: process.resourceUsage().maxRSS / 1024,
  };
}

const { values: flags } = parseArgs({
  options: {
    records: { type: 'string', default: '40' },
    json: { type: 'boolean', default: false },
    case: { type: 'string' },
    only: { type: 'string', default: '' },
    brokers: { type: 'string' },
  },
});
const records = Number(flags.records);

if (flags.case !== undefined) {
  const brokers = (flags.brokers ?? '').split(',');
  const run = flags.case.startsWith('bus') ? throughBus : throughKafkajs;
  const result = await run(flags.case, brokers, records);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}

const engine = await startKafka();
const results: Result[] = [];
try {
  for (const name of CASES.filter((one) => one.includes(flags.only))) {
    const self = fileURLToPath(import.meta.url);
    const args = [...process.execArgv, self, '--case', name, '--records', String(records)];
    args.push('--brokers', engine.brokers.join());
    const { stdout } = await promisify(execFile)(process.execPath, args);
    results.push(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''));
  }
} finally {
  await engine.stop();
}
if (flags.json) console.log(JSON.stringify(results, null, 2));
else
  console.table(
    results.map((result) => ({
      case: result.case,
      'bytes a flow': result.bytesAFlow === null ? '' : Math.round(result.bytesAFlow),
      'publish, CPU µs a flow': Number(result.publishCpu.toFixed(2)),
      'consume, CPU µs a flow': Number(result.consumeCpu.toFixed(2)),
      'publish, flows/s': Math.round(result.publishRate),
      'consume, flows/s': Math.round(result.consumeRate),
      'peak memory, MiB': Math.round(result.peakMiB),
    })),
  );
