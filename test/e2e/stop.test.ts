// SIGTERM: what was collected is stored, the log says what was done, the exit code is 0; a second one leaves at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { describeWithKafka } from '../engines/kafka/describe.ts';
import type { Child } from '../support/e2e/child.ts';
import type { Pipeline } from '../support/e2e/pipeline.ts';
import { scene } from '../support/e2e/scene.ts';

const RATE = 4000;

/** Responses that the collectors of a life say they have published. */
function published(child: Child): number {
  const lines = child.logLines.filter(({ msg }) => msg === 'collector stopped, all published');
  expect(lines).toHaveLength(2);
  return lines.reduce((sum, line) => {
    const { responses } = line.published as { responses: number }; // as the collector logs it
    return sum + responses;
  }, 0);
}

async function storedRows(pipeline: Pipeline): Promise<number> {
  const { stored, doubled, events } = await pipeline.compare();
  expect(doubled).toEqual([]);
  return stored + events;
}

describe('stopping all in one process', () => {
  const all = scene({ kafka: false });

  test('SIGTERM in the middle of a load stores all that was collected', async () => {
    const pipeline = await all.pipeline();
    await pipeline.start();
    const relays = await pipeline.load({ seed: 5, rate: RATE, count: RATE * 20 });
    await relays.made(0.15, 60_000);
    const exit = await pipeline.collector.stop();
    expect(exit).toEqual({ code: 0, signal: null });
    const { logLines } = pipeline.collector.child;
    const lines = logLines.slice(logLines.findIndex(({ msg }) => msg?.startsWith('stopping')));
    expect(lines.filter(({ level = 0 }) => level > 30)).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ msg: 'ended', exitCode: 0 });
    const rows = await storedRows(pipeline);
    expect(rows).toBeGreaterThan(RATE);
    expect(rows).toBe(published(pipeline.collector.child));
  });
});

describeWithKafka('stopping roles over Kafka', () => {
  const split = scene({ kafka: true });

  test('SIGTERM to the collector, then to the writer', async () => {
    const pipeline = await split.pipeline();
    await pipeline.start();
    const relays = await pipeline.load({ seed: 6, rate: RATE, count: RATE * 20 });
    await relays.made(0.15, 60_000);
    expect(await pipeline.collector.stop()).toEqual({ code: 0, signal: null });
    await pipeline.committed();
    await pipeline.stopWriters();
    const rows = await storedRows(pipeline);
    expect(rows).toBeGreaterThan(RATE);
    expect(rows).toBe(published(pipeline.collector.child));
  });

  test('a second SIGTERM does not wait for a store that refuses; nothing is lost by it', async () => {
    const pipeline = await split.pipeline({ server: true });
    const [writer] = pipeline.writers;
    await pipeline.start();
    const relays = await pipeline.load({ seed: 7, rate: RATE, count: RATE * 4 });
    await relays.made(0.2, 60_000);
    pipeline.front?.refuse(true);
    await sleep(1000);
    writer?.child.signal('SIGTERM');
    await sleep(1500);
    expect(writer?.running).toBe(true);
    writer?.child.signal('SIGTERM');
    // The store still refuses: one that waited for it would be running, and one at its limit of 25 s exits otherwise.
    expect(await writer?.child.exited).toEqual({ code: 143, signal: null });
    pipeline.front?.refuse(false);
    await pipeline.start();
    await relays.made(1, 60_000);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });

  test('a store that refuses for longer than the limit: the writer leaves, says so, and loses nothing', async () => {
    const pipeline = await split.pipeline({ server: true, config: { shutdownTimeout: '2s' } });
    const [writer] = pipeline.writers;
    await pipeline.start();
    const relays = await pipeline.load({ seed: 8, rate: RATE, count: RATE * 4 });
    await relays.made(0.2, 60_000);
    pipeline.front?.refuse(true);
    await sleep(1000);
    const exit = await writer?.stop(8_000);
    expect(exit).toEqual({ code: 1, signal: null });
    expect(writer?.child.log).toContain('"msg":"not stopped cleanly"');
    pipeline.front?.refuse(false);
    await pipeline.start();
    await relays.made(1, 60_000);
    const found = await pipeline.prove();
    expect(found.stored).toBe(found.sent);
  });
});
