// Where a stream stands in a node's count, whatever is on its way when the node is asked.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NodeTally } from '../../../../src/ingest/coverage/tally.ts';

const BOOT = 1_000_000;

function stream(): NodeTally {
  const tally = new NodeTally();
  tally.restart(1, 0);
  return tally;
}

const arrive = (tally: NodeTally, count: number) => {
  for (let i = 0; i < count; i++) tally.flow(i, 0, false);
};

test('a stream’s start is bounded by every answer, and exact once nothing was on its way', () => {
  const polls = fc.array(fc.record({ sent: fc.nat(50), late: fc.nat(50) }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.nat(10_000), polls, fc.boolean(), (start, steps, quiet) => {
      const tally = stream();
      let seen = start;
      let waiting = 0;
      for (const { sent, late } of steps) {
        // Flows are seen by the node, and arrive later, some after the answer.
        seen += sent;
        waiting += sent;
        const early = Math.max(0, waiting - late);
        arrive(tally, early);
        waiting -= early;
        expect(tally.place(BOOT, seen, tally.position, 0)).toBe(true);
        arrive(tally, waiting);
        waiting = 0;
        tally.placeFrom(seen, tally.position);
        expect(tally.low).toBeLessThanOrEqual(start);
        expect(tally.high).toBeGreaterThanOrEqual(start);
      }
      if (!quiet) return;
      for (let i = 0; i < 2; i++) tally.place(BOOT, seen, tally.position, 0);
      expect(tally).toMatchObject({ low: start, high: start });
    }),
  );
});

test('what the ring overwrote moves the place, what was lost before it does not', () => {
  const tally = stream();
  arrive(tally, 10);
  tally.loss(3, 90);
  tally.loss(1, 5);
  tally.loss(2, 6);
  tally.loss(77, 1);
  for (let i = 0; i < 2; i++) tally.place(BOOT, 100, tally.position, 0);
  expect(tally).toMatchObject({ low: 0, high: 0, position: 100 });
  expect(tally.lost).toEqual([1, 5, 6, 90]);
});

test('a node started anew, or a ring given again, is not counted on', () => {
  const tally = stream();
  arrive(tally, 10);
  for (let i = 0; i < 2; i++) expect(tally.place(BOOT, 30, 10, 0)).toBe(true);
  expect(tally.place(BOOT + 60_000, 40, 10, 0)).toBe(false);
  expect(tally.place(BOOT, 5, 10, 0)).toBe(false);
  for (let i = 0; i < 10; i++) tally.flow(i, 0, true);
  expect(tally.place(BOOT, 30, 20, 120_000)).toBe(false);
  tally.again(BOOT, 30, 2, 120_000);
  // The ten that came since the last answer may be of either side.
  expect(tally).toMatchObject({ low: 20, high: 30, position: 0 });
});

test('delays of new flows: the median within a quarter of an octave', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3_600_000 }), { minLength: 1 }), (delays) => {
      const tally = stream();
      for (const ms of delays) tally.flow(0, ms * 1e6, false);
      tally.flow(0, 9e15, true);
      const sorted = delays.toSorted((a, b) => a - b);
      const median = sorted[Math.ceil(delays.length / 2) - 1] ?? 0;
      const { p50, count } = tally.delay();
      expect(count).toBe(delays.length);
      expect(Math.abs(p50 - median)).toBeLessThanOrEqual(median / 7 + 1);
      tally.reported();
      expect(tally.delay()).toEqual({ p50: 0, count: 0 });
    }),
  );
});
