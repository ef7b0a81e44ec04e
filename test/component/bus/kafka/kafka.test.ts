// The bus on a real Kafka: the common contract, and what only Kafka has.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BusRecord } from '../../../../src/bus/bus.ts';
import { busConfig } from '../../../../src/bus/config.ts';
import { probeKafka } from '../../../../src/bus/kafka/probe.ts';
import { deadLetterTopic } from '../../../../src/bus/kafka/topic.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';
import { describeWithKafka } from '../../../engines/kafka/describe.ts';
import { type KafkaEngine, startKafka } from '../../../engines/kafka.ts';
import { busContract } from '../../../support/bus/contract.ts';
import {
  kafkaSettings,
  makeBus,
  metric,
  never,
  send,
  startedPublisher,
  text,
  uniqueTopic,
  until,
  within,
} from '../../../support/bus/harness.ts';

describeWithKafka('with Kafka', () => {
  let engine: KafkaEngine;
  let client: Kafka;
  let admin: Admin;
  const topicOf = new WeakMap<object, string>();

  beforeAll(async () => {
    engine = await startKafka();
    const { Kafka: Client, logLevel } = kafkajs;
    client = new Client({ brokers: engine.brokers, logLevel: logLevel.NOTHING });
    admin = client.admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin.disconnect();
    await engine.stop();
  });

  async function open(kafka: object = {}) {
    const settings = kafkaSettings(engine.brokers, kafka);
    const made = makeBus(settings);
    topicOf.set(made.bus, settings.kafka.topic);
    await made.bus.start(never);
    return { ...made, topic: settings.kafka.topic };
  }

  /** What a bus of another process reads from a topic until there are `count` records. */
  async function readAll(topic: string, count: number): Promise<BusRecord[]> {
    // Its dead letters would go to the topic itself: nothing is created, and the check passes for any size.
    const foreign = { topic, deadLetterTopic: topic, createTopics: false, maxRecordBytes: '50KiB' };
    const { bus } = await open(foreign);
    const seen: BusRecord[] = [];
    const group = randomBytes(6).toString('hex');
    const consumer = bus.consumer({ group, maxInFlight: 1 }, async (record) => {
      seen.push(record);
    });
    await consumer.start(never);
    await until(`${count} records are read`, () => seen.length >= count);
    await consumer.stop(within(5000));
    await bus.stop(within(1000));
    return seen;
  }

  busContract('Kafka', {
    limitName: 'bus.kafka.maxRecordBytes',
    open: () => open({ maxRecordBytes: '1MiB' }),
    deadLetters: async ({ bus }) => {
      const topic = deadLetterTopic({ topic: topicOf.get(bus) ?? '' });
      const letters = await readAll(topic, 1);
      return letters.map(({ headers, key, value }) => ({
        value,
        key,
        reason: headers['parallax-reason'] ?? '',
        detail: headers['parallax-detail'] ?? '',
        offset: headers['parallax-offset'] ?? '',
        topic: headers['parallax-topic'] ?? '',
      }));
    },
  });

  for (const compression of ['none', 'lz4', 'zstd'])
    test(`values packed with ${compression} arrive whole, and take the room they should`, async () => {
      const { bus, registry, topic } = await open({ compression });
      const publisher = await startedPublisher(bus);
      const plain = Buffer.from('the same flow again and again; '.repeat(50_000));
      const random = randomBytes(300_000);
      await publisher.publish({ key: 'a', value: plain });
      await publisher.publish({ key: 'a', value: random });
      const seen = await readAll(topic, 2);
      expect(seen[0]?.value.equals(plain)).toBe(true);
      expect(seen[1]?.value.equals(random)).toBe(true);
      const stored = await metric(registry, 'published_bytes_total', { form: 'stored' });
      const raw = await metric(registry, 'published_bytes_total', { form: 'raw' });
      expect(raw).toBe(plain.length + random.length);
      if (compression === 'none') expect(stored).toBe(raw);
      else expect(stored).toBeLessThan(random.length * 1.1);
      await bus.stop(within(1000));
      await publisher.stop(within(1000));
    });

  test('records larger than a fetch arrive, one at a time', async () => {
    const { bus, topic } = await open({ fetchBytes: '100KiB' });
    const publisher = await startedPublisher(bus);
    const values = Array.from({ length: 6 }, () => randomBytes(3_000_000));
    await Promise.all(
      values.map((value, n) => publisher.publish({ key: ['a', 'b', 'c'][n % 3] ?? '', value })),
    );
    const seen: Buffer[] = [];
    const consumer = bus.consumer({ group: topic, maxInFlight: 2 }, async ({ value }) => {
      seen.push(value);
    });
    await consumer.start(never);
    await until('all arrive', () => seen.length === 6);
    for (const value of values) expect(seen.some((other) => other.equals(value))).toBe(true);
    await consumer.stop(within(5000));
    await publisher.stop(within(1000));
    await bus.stop(within(1000));
  });

  test('what another producer compressed with any of Kafka’s codecs can be read', async () => {
    const { bus, topic } = await open();
    const { CompressionTypes } = kafkajs;
    const producer = client.producer();
    await producer.connect();
    for (const compression of [CompressionTypes.GZIP, CompressionTypes.LZ4, CompressionTypes.ZSTD])
      await producer.send({
        topic,
        compression,
        messages: [{ key: 'a', value: `${compression}` }],
      });
    await producer.disconnect();
    const seen = await readAll(topic, 3);
    expect(seen.map(text)).toEqual(['1', '3', '4']);
    await bus.stop(within(1000));
  });

  test('a value that claims to be packed and is not goes to the dead letters', async () => {
    const { bus, registry, topic } = await open();
    const producer = client.producer();
    await producer.connect();
    const bad = (encoding: string, value: Buffer) => ({
      key: 'a',
      value,
      headers: { 'parallax-encoding': encoding },
    });
    await producer.send({
      topic,
      messages: [
        bad('zstd', Buffer.from('no frame')),
        bad('lz4', Buffer.from([255, 255, 255, 127, 1, 2, 3])),
        bad('brotli', Buffer.from('x')),
        { key: 'a', value: null },
        { key: 'a', value: 'good' },
      ],
    });
    await producer.disconnect();
    const seen: string[] = [];
    const consumer = bus.consumer({ group: topic, maxInFlight: 2 }, async (record) => {
      seen.push(text(record));
    });
    await consumer.start(never);
    await until('the good one arrives', () => seen.length === 2);
    expect(seen).toEqual(['', 'good']);
    const reason = 'unreadable-value';
    expect(await metric(registry, 'dead_letters_total', { reason })).toBe(3);
    const letters = await readAll(deadLetterTopic({ topic }), 3);
    expect(letters.map(({ headers }) => headers['parallax-detail'])).toEqual([
      'no zstd frames',
      expect.stringContaining('2147483647 bytes unpacked exceed maxValueBytes'),
      "unknown parallax-encoding 'brotli'",
    ]);
    expect(letters[0]?.value.toString()).toBe('no frame');
    expect(letters[0]?.headers['parallax-original-encoding']).toBe('zstd');
    await consumer.stop(within(2000));
    await bus.stop(within(1000));
  });

  test('a dead letter too large for its topic is cut, not refused', async () => {
    const { bus, topic } = await open({ maxRecordBytes: '100KiB' });
    const value = randomBytes(300_000);
    const record = {
      topic,
      partition: 0,
      offset: 7n,
      key: 'a',
      headers: {},
      timestampMs: 0,
      value,
    };
    await bus.deadLetter({ record, value, reason: 'r', detail: 'd' });
    const [letter] = await readAll(deadLetterTopic({ topic }), 1);
    expect(letter?.value.equals(value.subarray(0, 51_200))).toBe(true);
    expect(letter?.headers['parallax-cut-from']).toBe('300000');
    await bus.stop(within(1000));
  });

  test('topics are created with the settings that records need', async () => {
    const { bus, topic } = await open({ partitions: 5, retention: '1h', maxRecordBytes: '2MiB' });
    const metadata = await admin.fetchTopicMetadata({
      topics: [topic, deadLetterTopic({ topic })],
    });
    const counts = metadata.topics.map(({ name, partitions }) => [name, partitions.length]);
    expect(Object.fromEntries(counts)).toEqual({ [topic]: 5, [deadLetterTopic({ topic })]: 1 });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
    });
    const settings = Object.fromEntries(
      (resources[0]?.configEntries ?? []).map((entry) => [entry.configName, entry.configValue]),
    );
    expect(settings).toMatchObject({
      'max.message.bytes': String(2 * 1024 * 1024 + 4096),
      'retention.ms': '3600000',
      'cleanup.policy': 'delete',
      'compression.type': 'producer',
    });
    await bus.stop(within(1000));
  });

  async function madeByHand(numPartitions: number, configs: Record<string, string>) {
    const topic = uniqueTopic();
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }));
    // Waited for by hand: kafkajs gives up when a busy broker does not know its new topic at once.
    const topics = [{ topic, numPartitions, configEntries }];
    await admin.createTopics({ waitForLeaders: false, topics });
    let led = false;
    const look = async () => {
      const known = await admin.fetchTopicMetadata({ topics: [topic] }).catch(() => undefined);
      const partitions = known?.topics[0]?.partitions ?? [];
      led = partitions.length === numPartitions && partitions.every(({ leader }) => leader >= 0);
    };
    for (const end = Date.now() + 60_000; !led && Date.now() < end; ) {
      await look();
      await sleep(50);
    }
    expect(led).toBe(true);
    return makeBus(kafkaSettings(engine.brokers, { topic }));
  }

  test('a topic that refuses records of the configured size is an error that names the cure', async () => {
    const { bus } = await madeByHand(3, { 'max.message.bytes': '1000000' });
    const started = bus.start(never);
    await expect(started).rejects.toMatchObject({ code: 'bus/topic' });
    await expect(started).rejects.toThrow(/max\.message\.bytes=1000000.*Raise .* 25169920/);
    expect(bus.health().state).toBe('failed');
    const publisher = await startedPublisher(bus);
    await expect(publisher.publish({ key: 'a', value: Buffer.from('x') })).rejects.toMatchObject({
      code: 'bus/topic',
    });
    const consumer = bus.consumer({ group: 'g', maxInFlight: 1 }, async () => {});
    await consumer.start(never).catch(() => {});
    await expect(consumer.ended).rejects.toMatchObject({ code: 'bus/topic' });
    await publisher.stop(within(1000));
    await bus.stop(within(1000));
  });

  test('a compacted topic is an error that names the cure', async () => {
    const { bus } = await madeByHand(3, {
      'cleanup.policy': 'compact',
      'max.message.bytes': '26000000',
    });
    await expect(bus.start(never)).rejects.toThrow(
      /cleanup\.policy=compact.*cleanup\.policy=delete/,
    );
    await bus.stop(within(1000));
  });

  test('a missing topic is an error where none may be created', async () => {
    const { bus } = makeBus(kafkaSettings(engine.brokers, { createTopics: false }));
    await expect(bus.start(never)).rejects.toThrow(/missing at .*bus\.kafka\.createTopics/);
    await bus.stop(within(1000));
  });

  test('a replication factor that the brokers cannot give is an error at start', async () => {
    const { bus } = makeBus(kafkaSettings(engine.brokers, { replicationFactor: 3 }));
    await expect(bus.start(never)).rejects.toMatchObject({ code: 'bus/topic' });
    await bus.stop(within(1000));
  });

  test('fewer partitions or less retention than configured is a warning', async () => {
    const { bus, logs } = await madeByHand(1, {
      'max.message.bytes': '26000000',
      'retention.ms': '60000',
    });
    await bus.start(never);
    const warnings = logs.filter(({ level }) => level === 40);
    expect(warnings).toMatchObject([{ partitions: 1, wanted: 3 }, { retentionMs: 60_000 }]);
    await bus.stop(within(1000));
  });

  test('a record that the topic refuses after all is rejected, those beside it are not', async () => {
    const { bus, topic } = await open();
    const publisher = await startedPublisher(bus);
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [{ name: 'max.message.bytes', value: '200000' }],
        },
      ],
    });
    const results = await Promise.allSettled(
      [1000, 300_000, 1000].map((size) =>
        publisher.publish({ key: 'a', value: randomBytes(size) }),
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'bus/too-large' } });
    await publisher.stop(within(1000));
    await bus.stop(within(1000));
  });

  test('records that retention took before they were stored are counted as lost', async () => {
    const { bus, registry, topic, logs } = await open({ partitions: 1 });
    const publisher = await startedPublisher(bus);
    await send(publisher, 'a', '0', '1');
    const first = bus.consumer({ group: topic, maxInFlight: 1 }, async () => {});
    await first.start(never);
    await until('two are stored', () => first.lag() === 0);
    await first.stop(within(5000));
    await send(publisher, 'a', '2', '3', '4', '5');
    await admin.fetchTopicMetadata({ topics: [topic] }); // or it does not know the leader
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
    const seen: string[] = [];
    const second = bus.consumer({ group: topic, maxInFlight: 1 }, async (record) => {
      seen.push(text(record));
    });
    await second.start(never);
    await until('the last arrives', () => seen.length === 1);
    expect(seen).toEqual(['5']);
    expect(await metric(registry, 'expired_records_total')).toBe(3);
    expect(logs.find(({ level }) => level === 50)).toMatchObject({ records: 3, partition: 0 });
    await second.stop(within(5000));
    await publisher.stop(within(1000));
    await bus.stop(within(1000));
  });

  test('a long handler keeps its partition: the heartbeat does not wait for it', async () => {
    const { bus, registry, topic } = await open({
      sessionTimeout: '2s',
      heartbeatInterval: '300ms',
      partitions: 1,
    });
    const publisher = await startedPublisher(bus);
    await send(publisher, 'a', '0');
    let handled = 0;
    const consumer = bus.consumer({ group: topic, maxInFlight: 1 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 5000));
      handled++;
    });
    await consumer.start(never);
    await until('it is stored', () => handled === 1);
    await until('it is committed', () => consumer.lag() === 0);
    expect(await metric(registry, 'commits_total', { outcome: 'ok' })).toBe(1);
    expect(await metric(registry, 'rebalances_total')).toBe(0);
    await consumer.stop(within(2000));
    await publisher.stop(within(1000));
    await bus.stop(within(1000));
  });

  test('a look from outside: lag, dead letters, and topics that are missing', async () => {
    const { bus, topic } = await open();
    const { kafka } = busConfig.parse(kafkaSettings(engine.brokers, { topic }));
    const deps = { logger: pino({ level: 'silent' }), clock: systemClock };
    const look = () => probeKafka(kafka, 'group', deps);
    // A broker that has just started makes its topic of offsets first.
    await expect.poll(look, { timeout: 20_000 }).toMatchObject({
      topic,
      partitions: 3,
      lag: 0,
      expired: 0,
      deadLetters: 0,
    });
    const publisher = await startedPublisher(bus);
    await send(publisher, 'key', 'a', 'b', 'c');
    const record = (await readAll(topic, 3))[0];
    if (record === undefined) throw new Error('no record');
    await bus.deadLetter({ record, value: record.value, reason: 'test', detail: '' });
    expect(await look()).toMatchObject({ lag: 3, deadLetters: 1 });
    const missing = probeKafka({ ...kafka, topic: uniqueTopic() }, 'group', deps);
    await expect(missing).rejects.toMatchObject({ code: 'bus/topic' });
  });
});
