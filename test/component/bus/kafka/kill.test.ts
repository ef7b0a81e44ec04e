// What the rules learned by killing things promise: brokers killed and away while records are published and consumed,
// consumers sharing the group out again and again. PARALLAX_OUTAGE_SECONDS makes the outage longer.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bus, Publisher } from '../../../../src/bus/bus.ts';
import { recordToken } from '../../../../src/bus/identity.ts';
import { describeWithKafka } from '../../../engines/kafka/describe.ts';
import { type KafkaEngine, kafkaKillable, startKafka } from '../../../engines/kafka.ts';
import {
  kafkaSettings,
  makeBus,
  metric,
  never,
  startedPublisher,
  until,
  within,
} from '../../../support/bus/harness.ts';
import { dice, someSeed } from '../../../support/e2e/seeded.ts';

const OUTAGE_SECONDS = Number(process.env.PARALLAX_OUTAGE_SECONDS ?? 20);
const random = dice(someSeed());
console.log(`pauses from PARALLAX_SEED=${random.seed}`);
const KEYS = ['eks', 'gke', 'aks', 'onprem'];

interface Sent {
  readonly key: string;
  readonly n: number;
}

/** Publishes numbered records, at most `window` at once, until told to stop; what was acknowledged, in order. */
function numberedLoad(publisher: Publisher, window: number, payload = 2000) {
  const acknowledged: Sent[] = [];
  let going = true;
  let next = 0;
  const finished = (async () => {
    const open = new Set<Promise<void>>();
    while (going) {
      const sent: Sent = { key: KEYS[next % KEYS.length] ?? '', n: next++ };
      const value = Buffer.from(`${sent.n} ${'x'.repeat(payload)}`);
      const call = publisher.publish({ key: sent.key, value }).then(() => {
        acknowledged.push(sent);
        open.delete(call);
      });
      open.add(call);
      if (open.size >= window) await Promise.race(open);
      await sleep(1);
    }
    await Promise.all(open);
  })();
  return {
    acknowledged,
    stop: () => {
      going = false;
      return finished;
    },
  };
}

interface Stored extends Sent {
  readonly token: string;
}

async function readUntil(bus: Bus, group: string, enough: (stored: readonly Stored[]) => boolean) {
  const stored: Stored[] = [];
  const consumer = bus.consumer({ group, maxInFlight: 2 }, async (record) => {
    const n = Number.parseInt(record.value.toString(), 10);
    stored.push({ key: record.key, n, token: recordToken(record) });
  });
  await consumer.start(never);
  await until('all records are read', () => enough(stored), 60_000);
  await until('nothing is left', () => consumer.lag() === 0, 30_000);
  await consumer.stop(within(10_000));
  return stored;
}

/** Every acknowledged record is there, first seen in order; doubles have the token of their first. */
function expectKept(acknowledged: readonly Sent[], stored: readonly Stored[]): { doubles: number } {
  const first = new Map<string, Stored>();
  for (const record of stored) if (!first.has(record.token)) first.set(record.token, record);
  const numbers = new Set([...first.values()].map(({ n }) => n));
  expect(acknowledged.filter(({ n }) => !numbers.has(n))).toEqual([]);
  expect(numbers.size).toBe(first.size); // a double has the same token
  for (const key of KEYS) {
    const order = [...first.values()].filter((record) => record.key === key).map(({ n }) => n);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  }
  return { doubles: stored.length - first.size };
}

const describeKilling = kafkaKillable() ? describeWithKafka : describe.skip;

describeKilling('with a Kafka that dies', () => {
  let engine: KafkaEngine;
  beforeAll(async () => {
    engine = await startKafka();
  });
  afterAll(() => engine.stop());

  test('SIGKILL of the broker while publishing: every acknowledged record is there, in order', async () => {
    const settings = kafkaSettings(engine.brokers, { requestTimeout: '3s' });
    const { bus, registry, logs } = makeBus(settings);
    await bus.start(never);
    const publisher = await startedPublisher(bus);
    const load = numberedLoad(publisher, 50);
    for (let round = 0; round < 3; round++) {
      await sleep(random.between(500, 1500));
      await engine.kill();
      await sleep(200);
      await engine.restart();
    }
    const before = load.acknowledged.length;
    await until('it publishes again', () => load.acknowledged.length > before + 100, 60_000);
    await load.stop();
    expect(publisher.pending()).toEqual({ records: 0, bytes: 0 });
    expect(publisher.health()).toEqual({ state: 'ok' });
    const stored = await readUntil(
      bus,
      settings.kafka.topic,
      (seen) => seen.length >= load.acknowledged.length,
    );
    const { doubles } = expectKept(load.acknowledged, stored);
    console.log(
      `${load.acknowledged.length} acknowledged over 3 kills, 0 lost, ${doubles} doubles, ` +
        `${await metric(registry, 'send_failures_total')} producers replaced, ${logs.length} log lines`,
    );
    await publisher.stop(within(5000));
    await bus.stop(within(5000));
  });

  test(
    `a broker away for ${OUTAGE_SECONDS} s: publishing waits, goes on, and logs little`,
    async () => {
      // Few tries, so that producers are given up and replaced while it is away.
      const settings = kafkaSettings(engine.brokers, { retries: 4, connectionTimeout: '1s' });
      const { bus, registry, logs } = makeBus(settings);
      await bus.start(never);
      const publisher = await startedPublisher(bus);
      const stored: Stored[] = [];
      const consumer = bus.consumer(
        { group: settings.kafka.topic, maxInFlight: 2 },
        async (record) => {
          const n = Number.parseInt(record.value.toString(), 10);
          stored.push({ key: record.key, n, token: recordToken(record) });
        },
      );
      await consumer.start(never);
      const load = numberedLoad(publisher, 100);
      await until('records flow', () => stored.length > 50);
      await engine.kill();
      await sleep(OUTAGE_SECONDS * 1000);
      expect(publisher.health().state).toBe('degraded');
      expect(consumer.health().state).toBe('degraded');
      expect(publisher.pending().records).toBeGreaterThan(90);
      const during = load.acknowledged.length;
      await engine.restart();
      await until('it publishes again', () => load.acknowledged.length > during + 200, 60_000);
      await load.stop();
      await until(
        'all are consumed',
        () => {
          const seen = new Set(stored.map(({ n }) => n));
          return load.acknowledged.every(({ n }) => seen.has(n));
        },
        60_000,
      );
      const { doubles } = expectKept(load.acknowledged, stored);
      expect(consumer.health()).toEqual({ state: 'ok' });
      const replaced = await metric(registry, 'send_failures_total');
      expect(replaced).toBeGreaterThan(0);
      // One line a change of state and part, however long it was away.
      const told = logs.filter(({ msg }) => msg.startsWith('bus '));
      console.log(
        `${load.acknowledged.length} acknowledged, 0 lost, ${doubles} doubles, ${replaced} producers ` +
          `replaced, ${told.length} lines about it of ${logs.length}`,
      );
      expect(told.length).toBeLessThanOrEqual(8);
      await consumer.stop(within(10_000));
      await publisher.stop(within(5000));
      await bus.stop(within(5000));
    },
    180_000 + OUTAGE_SECONDS * 1000,
  );

  test('a bus started without a broker serves as soon as there is one', async () => {
    await engine.kill();
    const settings = kafkaSettings(engine.brokers, { retries: 2, connectionTimeout: '1s' });
    const { bus } = makeBus(settings);
    await bus.start(never);
    expect(bus.health().state).toBe('degraded');
    const publisher = await startedPublisher(bus);
    const published = publisher.publish({ key: 'a', value: Buffer.from('0') });
    const seen: string[] = [];
    const consumer = bus.consumer(
      { group: settings.kafka.topic, maxInFlight: 1 },
      async (record) => {
        seen.push(record.value.toString());
      },
    );
    void consumer.start(never);
    await engine.restart();
    await published;
    await until('it arrives', () => seen.length === 1, 30_000);
    expect(bus.health()).toEqual({ state: 'ok' });
    await consumer.stop(within(10_000));
    await publisher.stop(within(5000));
    await bus.stop(within(5000));
  });

  test('stopping while the broker is away ends within the limit and rejects what waits', async () => {
    const { bus, logs } = makeBus(kafkaSettings(engine.brokers));
    await bus.start(never);
    const publisher = await startedPublisher(bus);
    const consumer = bus.consumer({ group: 'gone', maxInFlight: 1 }, async () => {});
    const tail = bus.tail(() => {});
    await consumer.start(never);
    await tail.start(never);
    await engine.kill();
    const waiting = publisher.publish({ key: 'a', value: Buffer.from('0') });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'bus/stopped' });
    await sleep(500);
    const limit = within(1000);
    await Promise.all([publisher, consumer, tail, bus].map((part) => part.stop(limit)));
    expect(limit.aborted).toBe(true);
    await refused;
    expect(logs.some(({ records, level }) => level === 40 && records === 1)).toBe(true);
    await engine.restart();
  });

  test('two consumers joining and leaving all the time lose nothing', async () => {
    const settings = kafkaSettings(engine.brokers, { partitions: 4 });
    const { bus, registry } = makeBus(settings);
    await bus.start(never);
    const publisher = await startedPublisher(bus);
    const group = settings.kafka.topic;
    const begun: Stored[] = [];
    const stored = new Set<number>();
    let most = 0;
    const start = async () => {
      let atWork = 0;
      const consumer = bus.consumer({ group, maxInFlight: 2 }, async (record) => {
        const n = Number.parseInt(record.value.toString(), 10);
        begun.push({ key: record.key, n, token: recordToken(record) });
        most = Math.max(most, ++atWork);
        await sleep(random.between(0, 20));
        atWork--;
        stored.add(n);
      });
      await consumer.start(never);
      return consumer;
    };
    const load = numberedLoad(publisher, 30, 200);
    let one = await start();
    for (let round = 0; round < 4; round++) {
      const other = await start();
      await sleep(random.between(700, 1200));
      await one.stop(within(10_000));
      one = other;
    }
    await load.stop();
    const all = () => load.acknowledged.every(({ n }) => stored.has(n));
    await until('all are consumed', all, 60_000);
    const { doubles } = expectKept(load.acknowledged, begun);
    expect(most).toBeLessThanOrEqual(2);
    console.log(
      `${load.acknowledged.length} records over ${await metric(registry, 'rebalances_total')} ` +
        `rebalances, 0 lost, ${doubles} handled twice`,
    );
    await one.stop(within(10_000));
    await publisher.stop(within(5000));
    await bus.stop(within(5000));
  });
});
