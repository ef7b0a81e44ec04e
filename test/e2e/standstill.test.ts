// Parts that stand still, or are killed again and again, with calls on their way: what arrives late is not stored twice.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import { PATIENCE_MS } from '../support/e2e/pipeline.ts';
import { scene } from '../support/e2e/scene.ts';

const RATE = 1500;

describeWithKafka('standing still', () => {
  const split = scene({ kafka: true });
  /** So many seconds of it. */
  const load = (seconds: number) => ({
    seed: Math.floor(split.dice.between(1, 1e9)),
    rate: RATE,
    count: RATE * seconds,
  });

  test('the broker stands still until every request has timed out, with sends on their way', async () => {
    // Every send that times out is sent again by another producer: the first one still arrives afterwards.
    const kafka = { requestTimeout: '1s', retries: 1, sessionTimeout: '6s' };
    const pipeline = await split.pipeline({ config: { bus: { kafka } } });
    await pipeline.start();
    const relays = await pipeline.load(load(14));
    await relays.made(0.15, PATIENCE_MS);
    for (let i = 0; i < 3; i++) {
      await split.kafka.pause();
      await sleep(2500);
      await split.kafka.resume();
      await sleep(1000);
    }
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test('the collector is killed and started again while the broker stands still', async () => {
    const pipeline = await split.pipeline();
    await pipeline.start();
    const relays = await pipeline.load(load(10));
    await relays.made(0.2, PATIENCE_MS);
    await split.kafka.pause();
    // Its last sends wait in the broker's sockets, and arrive there when its successor is at work.
    await sleep(700);
    await pipeline.collector.kill();
    pipeline.collector.launch();
    await sleep(1500);
    await split.kafka.resume();
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test('ClickHouse stands still until inserts time out, and then does them all', async () => {
    // Each try of an insert is a request that arrives later on: several of one token at the same moment.
    const pipeline = await split.pipeline({
      server: true,
      config: { store: { clickhouse: { requestTimeout: '700ms' } }, writer: { retryMax: '400ms' } },
    });
    await pipeline.start();
    const relays = await pipeline.load(load(16));
    for (let i = 0; i < 4; i++) {
      await sleep(split.dice.between(500, 1500));
      pipeline.front?.pause();
      await sleep(split.dice.between(1500, 3500));
      pipeline.front?.resume();
    }
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
    expect(pipeline.writers[0]?.lives).toBe(1);
  });

  test('ClickHouse is killed again and again', async () => {
    const pipeline = await split.pipeline({ server: true });
    await pipeline.start();
    const relays = await pipeline.load(load(10));
    for (let i = 0; i < 4; i++) {
      await sleep(split.dice.between(600, 2500));
      await pipeline.front?.kill();
      await sleep(split.dice.between(0, 800));
      await pipeline.front?.start();
    }
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });
});
