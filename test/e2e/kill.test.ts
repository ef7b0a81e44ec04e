// The promise, under SIGKILL at random moments: what is stored is what was sent, each flow once.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import type { Pipeline } from './support/pipeline.ts';
import { killRound, TARGETS, type Target } from './support/rounds.ts';
import { type Scene, scene } from './support/scene.ts';

const ROUNDS = Number(process.env.PARALLAX_KILL_ROUNDS ?? 2);
const LOAD = { rate: 3000, seconds: 3 };

async function rounds(pipeline: Pipeline, { dice }: Scene, target: Target) {
  for (let number = 1; number <= ROUNDS; number++) {
    const { found, wrong, kills, ms } = await killRound(pipeline, { target, dice, ...LOAD });
    console.log(`${target}: sent ${found.sent}, stored ${found.stored}, ${ms} ms, ${kills}`);
    expect(wrong).toBe('');
    expect(found.stored).toBe(found.sent);
    expect(found.sent).toBe(number * 2 * LOAD.rate * LOAD.seconds);
  }
}

describe('all in one process, killed', () => {
  const all = scene({ kafka: false });

  test('up, while it starts for the first time', async () => {
    for (let store = 0; store < 3; store++) {
      const pipeline = await all.pipeline();
      const relays = await pipeline.load({ seed: store + 1, rate: 8000, count: 8000 });
      for (let kill = 0; kill < 4; kill++) {
        const child = pipeline.collector.launch();
        // In its migration, in its first insert, in the first answer of a relay.
        if (kill === 0)
          await child.until('a migration', 30_000, () => child.log.includes('migration'));
        await sleep(all.dice.between(0, 900));
        await pipeline.collector.kill();
      }
      await pipeline.start();
      await relays.made(1, 60_000);
      const found = await pipeline.prove();
      expect(found.stored).toBe(16_000);
    }
  });

  test('up', async () => {
    await rounds(await all.pipeline(), all, 'up');
  });
});

describeWithKafka('roles over Kafka, killed', () => {
  const split = scene({ kafka: true });

  test.each(TARGETS)('%s', async (target) => {
    await rounds(await split.pipeline(), split, target);
  });
});
