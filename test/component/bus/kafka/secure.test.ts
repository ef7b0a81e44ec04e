// Authentication and encryption against a broker that demands both.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { javaAvailable } from '../../../engines/kafka/java.ts';
import { type KafkaEngine, startKafka } from '../../../engines/kafka.ts';
import {
  kafkaSettings,
  makeBus,
  never,
  startedPublisher,
  until,
  within,
} from '../../../support/bus/harness.ts';

const USER = { username: 'parallax', password: 'not-to-be-seen' };
const java = await javaAvailable();
if (!java.ok)
  console.warn(`\n*** NO KAFKA WITH TLS AND SASL, TESTS DO NOT RUN: ${java.reason} ***\n`);

describe.skipIf(!java.ok)('with a Kafka that demands TLS and a password', () => {
  let engine: KafkaEngine;
  let directory: string;
  let passwordFile: string;
  beforeAll(async () => {
    engine = await startKafka({ secure: USER });
    directory = await mkdtemp(join(tmpdir(), 'parallax-secret-'));
    passwordFile = join(directory, 'password');
    await writeFile(passwordFile, `${USER.password}\n`);
  });
  afterAll(async () => {
    await engine.stop();
    await rm(directory, { recursive: true });
  });

  function secure(kafka: object) {
    const { brokers = [], caFile = '' } = engine.secure ?? {};
    const tls = { enabled: true, caFile };
    return makeBus(kafkaSettings(brokers, { tls, retries: 1, ...kafka }), 'debug');
  }

  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'])
    test(`${mechanism} over TLS publishes and consumes, and the password is nowhere in the logs`, async () => {
      const { username } = USER;
      const { bus, logs } = secure({ sasl: { mechanism, username, passwordFile } });
      await bus.start(never);
      const publisher = await startedPublisher(bus);
      await publisher.publish({ key: 'a', value: Buffer.from('secret flow') });
      const seen: string[] = [];
      const consumer = bus.consumer({ group: mechanism, maxInFlight: 1 }, async (record) => {
        seen.push(record.value.toString());
      });
      await consumer.start(never);
      await until('it arrives', () => seen.length === 1);
      await consumer.stop(within(5000));
      await publisher.stop(within(2000));
      await bus.stop(within(2000));
      expect(seen).toEqual(['secret flow']);
      expect(JSON.stringify(logs)).not.toContain(USER.password);
    });

  test('a wrong password is said, and tried again: it may be set right at the brokers', async () => {
    const { bus, logs } = secure({
      sasl: { mechanism: 'plain', username: 'x', password: 'wrong' },
    });
    await bus.start(AbortSignal.timeout(3000));
    expect(bus.health()).toMatchObject({
      state: 'degraded',
      reason: expect.stringContaining('Authentication failed'),
    });
    expect(JSON.stringify(logs)).not.toContain('"wrong"');
    await bus.stop(within(1000));
  });

  test('a certificate of an unknown authority is refused', async () => {
    const tls = { enabled: true };
    const { bus } = secure({ tls, sasl: { mechanism: 'plain', ...USER } });
    await bus.start(AbortSignal.timeout(3000));
    expect(bus.health()).toMatchObject({
      state: 'degraded',
      reason: expect.stringMatching(/certificate/),
    });
    await bus.stop(within(1000));
  });
});
