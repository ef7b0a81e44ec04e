// A part that is away, or refuses, for a minute: nothing is lost meanwhile, nothing stored twice after, and whoever
// lived through it goes on by himself. PARALLAX_OUTAGE_SECONDS makes the outages shorter or longer.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import { metric } from '../support/e2e/metrics.ts';
import { PATIENCE_MS } from '../support/e2e/pipeline.ts';
import { scene } from '../support/e2e/scene.ts';

const OUTAGE_SECONDS = Number(process.env.PARALLAX_OUTAGE_SECONDS ?? 60);
const RATE = 1000;

describeWithKafka('a minute without', () => {
  const split = scene({ kafka: true });
  /** A load that begins before the outage and goes on after it. */
  const load = () => ({
    seed: Math.floor(split.dice.between(1, 1e9)),
    rate: RATE,
    count: RATE * (OUTAGE_SECONDS + 10),
  });

  test('the broker is killed and away', async () => {
    const pipeline = await split.pipeline();
    await pipeline.start();
    const relays = await pipeline.load(load());
    await relays.made(0.03, PATIENCE_MS);
    await split.kafka.kill();
    await sleep(OUTAGE_SECONDS * 1000);
    await split.kafka.restart();
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
    // Both lived through it: nobody had to start them again.
    expect([pipeline.collector.lives, pipeline.writers[0]?.lives]).toEqual([1, 1]);
  });

  test('ClickHouse refuses every insert', async () => {
    const pipeline = await split.pipeline({ server: true });
    await pipeline.start();
    const relays = await pipeline.load(load());
    await relays.made(0.03, PATIENCE_MS);
    pipeline.front?.refuse(true);
    await sleep(OUTAGE_SECONDS * 1000);
    const [writer] = pipeline.writers;
    expect(await metric(writer?.url ?? '', 'parallax_writer_retries_total')).toBeGreaterThan(1);
    pipeline.front?.refuse(false);
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
    expect(writer?.lives).toBe(1);
  });
});
