// Two collectors of one cluster at a time, killed and started at random: stored is what was sent, each once.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dice, someSeed } from '../../../support/e2e/seeded.ts';
import {
  type Reader,
  read,
  simulate,
  warehouse,
} from '../../../support/ingest/coverage-harness.ts';

const CLUSTER = 'east';

test('two collectors read one relay, and either is killed at any time: each flow is stored once', async () => {
  const random = dice(someSeed());
  console.log(`seed ${random.seed}: PARALLAX_SEED=${random.seed} repeats it`);
  const house = await warehouse();
  const made = await simulate({
    scenario: 'load',
    rate: 1200,
    count: 9000,
    ring: 50_000,
    waitForClient: true,
    faults: ['drop@2s', 'replay@3s'],
  });
  const relay = made.addresses[0]?.address ?? '';
  const start = () => read(house, { name: CLUSTER, relay }, { overlap: '500ms' });
  const readers: Reader[] = [await start(), await start()];
  let over = false;
  void made.done.then(() => {
    over = true;
  });
  let kills = 0;
  while (!over) {
    await sleep(300 + random.between(0, 900));
    const at = random.chance(0.5) ? 0 : 1;
    await readers[at]?.kill();
    kills++;
    if (random.chance(0.5)) house.restart();
    await sleep(random.between(0, 300));
    readers[at] = await start();
  }
  await sleep(3000);
  for (const reader of readers) await reader.stop();
  await house.settled();
  const sent = made.ledger?.uuids('sent') ?? [];
  const stored = await house.uuids();
  expect(kills).toBeGreaterThan(2);
  expect(stored.length).toBe(sent.length);
  expect(new Set(stored)).toEqual(new Set(sent));
});
