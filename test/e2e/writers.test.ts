// Several writers over one store: they share the partitions, and one that comes back from the dead does no harm.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import { PATIENCE_MS } from '../support/e2e/pipeline.ts';
import { scene } from '../support/e2e/scene.ts';

const RATE = 2500;

describeWithKafka('two writers of one group', () => {
  const split = scene({ kafka: true });
  const load = (seconds: number) => ({
    seed: Math.floor(split.dice.between(1, 1e9)),
    rate: RATE,
    count: RATE * seconds,
  });

  test('one is killed and comes back, again and again', async () => {
    const pipeline = await split.pipeline({ server: true, writers: 2 });
    await pipeline.start();
    const relays = await pipeline.load(load(14));
    await relays.made(0.05, PATIENCE_MS);
    for (let i = 0; i < 3; i++) {
      const writer = split.dice.pick([0, 1]);
      await sleep(split.dice.between(200, 2500));
      await pipeline.writers[writer]?.kill();
      await sleep(split.dice.between(0, 3500));
      pipeline.writers[writer]?.launch();
    }
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test('one joins, one leaves, under load', async () => {
    const pipeline = await split.pipeline({ server: true, writers: 2 });
    const [first, second] = pipeline.writers;
    await pipeline.front?.start();
    await Promise.all([pipeline.collector.start(), first?.start()]);
    const relays = await pipeline.load(load(12));
    await relays.made(0.1, PATIENCE_MS);
    for (const [leaves, joins] of [
      [undefined, second],
      [first, undefined],
      [undefined, first],
      [second, undefined],
    ]) {
      const exit = await leaves?.stop();
      if (exit) expect(exit.code).toBe(0);
      await joins?.start();
      await sleep(split.dice.between(300, 1500));
    }
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test('one stands still past its session, the other takes over, then it goes on where it was', async () => {
    const pipeline = await split.pipeline({ server: true, writers: 2 });
    await pipeline.start();
    const relays = await pipeline.load(load(16));
    await relays.made(0.05, PATIENCE_MS);
    for (let i = 0; i < 3; i++) {
      const zombie = pipeline.writers[i % 2]?.child;
      await sleep(split.dice.between(200, 900));
      zombie?.signal('SIGSTOP');
      // Its records are stored by the other one, and behind them the same flows come once more, marked as replay.
      await sleep(1500);
      await pipeline.collector.kill();
      await pipeline.collector.start();
      await sleep(2500);
      zombie?.signal('SIGCONT');
    }
    await relays.made(1, PATIENCE_MS);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
    expect(pipeline.writers.map(({ lives }) => lives)).toEqual([1, 1]);
  });
});
