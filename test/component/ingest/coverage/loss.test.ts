// What the ledger says is missing, held against the simulator's own ledger of the truth, to the flow.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { amount, read, simulate, warehouse } from '../../../support/ingest/coverage-harness.ts';

const LOAD = { scenario: 'load', nodes: 3, waitForClient: true } as const;
/** So slow that some answers come while nothing is on its way: then counts are exact. */
const SLOW = { ...LOAD, rate: 24, ring: 3, count: 120 } as const;
/** Here flows are always on their way. */
const FAST = { ...LOAD, rate: 1500, ring: 400, count: 7000 } as const;

/** What is not stored, of all that was sent. */
async function missing(
  sent: readonly string[],
  house: Awaited<ReturnType<typeof warehouse>>,
): Promise<number> {
  const stored = await house.uuids();
  expect(new Set(stored).size).toBe(stored.length);
  const there = new Set(stored);
  return sent.filter((uuid) => !there.has(uuid)).length;
}

test.each([
  ['stopped', 'stop', SLOW],
  ['killed', 'kill', SLOW],
  ['stopped', 'stop', FAST],
  ['killed', 'kill', FAST],
] as const)('a collector %s while the rings overran: the loss is stated', async (_, how, load) => {
  const house = await warehouse();
  const since = Date.now();
  const made = await simulate(load);
  const relay = made.addresses[0]?.address ?? '';
  const first = await read(house, { name: 'east', relay });
  await sleep(1750);
  await first[how]();
  await sleep(1400);
  const second = await read(house, { name: 'east', relay });
  await made.done;
  await sleep(3000);
  await second.stop();
  const until = Date.now();
  await house.settled();
  const sent = made.ledger?.uuids('sent') ?? [];
  const lost = await missing(sent, house);
  expect(lost).toBeGreaterThan(load.rate / 3);
  const coverage = await house.coverage(since, until);
  const { min, max } = amount(coverage, 'missing');
  if (load === SLOW) expect({ min, max }).toEqual({ min: lost, max: lost });
  expect(min).toBeLessThanOrEqual(lost);
  expect(max).toBeGreaterThanOrEqual(lost);
  // Never more doubt than what is on its way at two ends of three nodes.
  expect(max - min).toBeLessThan(load.rate / 4);
  expect(coverage.gaps.map(({ reason }) => reason).sort()).toEqual(Array(3).fill('missing'));
});

test('a stream cut for less than the rings hold: complete', async () => {
  const house = await warehouse();
  const since = Date.now();
  const made = await simulate({
    ...LOAD,
    rate: 1500,
    ring: 20_000,
    count: 4000,
    faults: ['drop@800ms', 'eof@1500ms'],
  });
  const relay = made.addresses[0]?.address ?? '';
  const reader = await read(house, { name: 'east', relay });
  await made.done;
  await sleep(3000);
  await reader.stop();
  const until = Date.now();
  await house.settled();
  expect(await missing(made.ledger?.uuids('sent') ?? [], house)).toBe(0);
  const coverage = await house.coverage(since, until);
  expect(coverage.gaps).toEqual([]);
  expect(coverage.complete).toBe(true);
});
