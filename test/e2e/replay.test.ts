// `parallax replay` after rows were lost: killed and run again, and beside a running writer while flows come again.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import { commandOf } from '../support/e2e/command.ts';
import { PATIENCE_MS, type Pipeline } from '../support/e2e/pipeline.ts';
import { Role } from '../support/e2e/role.ts';
import { scene } from '../support/e2e/scene.ts';

const RATE = 1000;
const KILLS = 3;

async function ask(pipeline: Pipeline, query: string): Promise<string> {
  const response = await fetch(`${pipeline.front?.url}/`, { method: 'POST', body: query });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text.trim();
}

const rows = async (pipeline: Pipeline) =>
  Number(await ask(pipeline, 'SELECT count() FROM parallax.flows FORMAT TabSeparated'));

describeWithKafka('replay', () => {
  const split = scene({ kafka: true });

  async function loaded(seconds: number) {
    const pipeline = await split.pipeline({ server: true });
    await pipeline.start();
    const seed = Math.floor(split.dice.between(1, 1e9));
    const relays = await pipeline.load({ seed, rate: RATE, count: RATE * seconds });
    const replay = new Role({
      name: 'replay',
      program: split.program,
      directory: pipeline.directory,
      command: ['replay', '--from', '1h'],
      config: pipeline.config,
    });
    return { pipeline, relays, replay };
  }

  test('killed in the middle, and run again: what was missing is there, once', async () => {
    const { pipeline, relays, replay } = await loaded(8);
    await relays.made(1, PATIENCE_MS);
    await pipeline.collected();
    await pipeline.committed();
    const all = await rows(pipeline);
    await ask(pipeline, 'TRUNCATE TABLE parallax.flows');
    const reached: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const before = await rows(pipeline);
      const enough = before + (all - before) * split.dice.between(0, 0.4);
      const child = replay.launch();
      await child.until('rows', PATIENCE_MS, async () => (await rows(pipeline)) > enough);
      await replay.kill();
      reached.push(await rows(pipeline));
    }
    expect(reached[0]).toBeLessThan(all);
    expect((await replay.launch().exited).code).toBe(0);
    const found = await pipeline.prove();
    console.log(`replay: killed at ${reached} of ${all} rows, then stored ${found.stored}`);
    expect(found.stored).toBe(found.sent);
    expect(found.sent).toBe(2 * RATE * 8);
  });

  test('beside the writer, while a collector starts again and its flows come again', async () => {
    const { pipeline, relays, replay } = await loaded(14);
    await relays.made(0.3, PATIENCE_MS);
    await ask(pipeline, 'TRUNCATE TABLE parallax.flows');
    await sleep(500);
    const { exited } = replay.launch();
    for (let i = 0; i < 3; i++) {
      await pipeline.collector.kill();
      await pipeline.collector.start();
      await sleep(split.dice.between(200, 1500));
    }
    expect((await exited).code).toBe(0);
    await relays.made(1, PATIENCE_MS);
    await pipeline.collected();
    await pipeline.committed();
    // What was stored between the replay's look at the writer and its end was never lost; all else is put back.
    const again = commandOf(split.program, pipeline.directory);
    const answer = await again('replay', '--from', '1h', '--config', 'replay.json');
    expect(answer.code).toBe(0);
    const found = await pipeline.prove();
    console.log(`beside the writer: sent ${found.sent}, stored ${found.stored}`);
    expect(found.stored).toBe(found.sent);
  });
});
