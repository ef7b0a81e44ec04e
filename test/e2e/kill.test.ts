// The promise, under SIGKILL at random moments: what is stored is what was sent, each flow once. At least 52 processes
// are killed in a run, and the last line says how many were.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import { metric } from '../support/e2e/metrics.ts';
import { PATIENCE_MS, type Pipeline } from '../support/e2e/pipeline.ts';
import { killRound, TARGETS, type Target } from '../support/e2e/rounds.ts';
import { type Scene, scene } from '../support/e2e/scene.ts';

/** Rounds a target; after each the store is held against the ledgers of all rounds so far. */
const ROUNDS = Number(process.env.PARALLAX_KILL_ROUNDS ?? 2);
const TIMES = 4;
/** Long enough for most of the kills to fall into it: a broker takes five seconds to be back. */
const LOAD = { rate: 1500, seconds: 10 };
const BROKER_LOAD = { rate: 900, seconds: 18 };
const PAIR = { rate: 800, seconds: 12, times: 6 };
const FIRST_STARTS = { stores: 3, kills: 4 };

const killed = new Map<string, number>();
function count(target: string, kills: number): void {
  killed.set(target, (killed.get(target) ?? 0) + kills);
}

afterAll(() => {
  const sum = [...killed.values()].reduce((all, kills) => all + kills, 0);
  const by = [...killed].map(([target, kills]) => `${target} ${kills}`).join(', ');
  console.log(`${sum} processes were killed, and every flow is stored once (${by})`);
});

async function rounds(pipeline: Pipeline, { dice }: Scene, target: Target) {
  const load = target === 'broker' ? BROKER_LOAD : LOAD;
  for (let number = 1; number <= ROUNDS; number++) {
    const round = await killRound(pipeline, { target, dice, times: TIMES, ...load });
    const { found, wrong, kills, ms } = round;
    const { counted, denials } = found.derived;
    console.log(
      `${target}: sent ${found.sent}, stored ${found.stored}, counted ${counted}, denied ${denials}, ${ms} ms, ${kills}`,
    );
    expect(wrong).toBe('');
    expect(denials).toBeGreaterThan(0);
    expect(found.stored).toBe(found.sent);
    expect(found.sent).toBe(number * 2 * load.rate * load.seconds);
    expect(kills.length).toBeGreaterThanOrEqual(TIMES);
    count(target, kills.length);
  }
}

describe('all in one process, killed', () => {
  const all = scene({ kafka: false });

  test('up, while it starts for the first time', async () => {
    for (let store = 0; store < FIRST_STARTS.stores; store++) {
      const pipeline = await all.pipeline();
      const relays = await pipeline.load({ seed: store + 1, rate: 8000, count: 8000 });
      for (let kill = 0; kill < FIRST_STARTS.kills; kill++) {
        const child = pipeline.collector.launch();
        // In its migration, in its first insert, in the first answer of a relay.
        if (kill === 0)
          await child.until('a migration', 90_000, () => child.log.includes('migration'));
        await sleep(all.dice.between(0, 900));
        await pipeline.collector.kill();
      }
      await pipeline.start();
      await relays.made(1, 150_000);
      const found = await pipeline.prove();
      expect(found.stored).toBe(16_000);
      count('first start', pipeline.collector.kills);
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

  test('either of two collectors of the same clusters, and their writer', async () => {
    const { dice } = split;
    const { rate, seconds, times } = PAIR;
    const pipeline = await split.pipeline({ collectors: 2 });
    await pipeline.start();
    const seed = Math.floor(dice.between(1, 1e9));
    const relays = await pipeline.load({ seed, rate, count: rate * seconds });
    await relays.made(0.05, PATIENCE_MS);
    const writerAt = Math.floor(dice.between(0, times));
    const kills: string[] = [];
    for (let i = 0; i < times; i++) {
      await sleep(dice.between(200, 1700));
      const [first, second] = pipeline.collectors;
      const struck = i === writerAt ? pipeline.writers[0] : dice.chance(0.5) ? first : second;
      await struck?.kill();
      kills.push(struck?.name ?? '');
      await sleep(dice.between(0, 800));
      await pipeline.start();
    }
    await relays.made(1, PATIENCE_MS);
    await pipeline.collected();
    await pipeline.committed();
    const url = pipeline.writers[0]?.url ?? '';
    const contested = await metric(url, 'parallax_writer_contested_records_total');
    const found = await pipeline.prove();
    console.log(
      `pair: sent ${found.sent}, stored ${found.stored}, contested ${contested}, ${kills}`,
    );
    expect(found.stored).toBe(found.sent);
    expect(found.sent).toBe(2 * rate * seconds);
    expect(contested).toBeGreaterThan(0);
    count('pair', kills.length);
  });
});
