// Which slots of the totals are complete, and how often that is checked.
import { expect, test } from 'vitest';
import { createTotalsWatermark } from '../../../../src/query/totals/totals-watermark.ts';
import type { Reader } from '../../../../src/store/store.ts';

/** A store whose slots up to `lacksTo` have fewer totals than flows. */
function storeLacking(lacksTo: bigint | undefined) {
  const checks: [bigint, bigint][] = [];
  const store: Reader = {
    async *query(statement) {
      if (typeof statement === 'string') throw new Error('not a statement of the watermark');
      const { p1, p2 } = statement.render().params;
      const [from, to] = [BigInt(String(p1)), BigInt(String(p2))];
      checks.push([from, to]);
      if (lacksTo === undefined || from > lacksTo) yield ['0', '0'];
      else yield [String(to < lacksTo ? to : lacksTo), '1'];
    },
  };
  return { store, checks };
}

test('a complete window is not checked again, and of a longer one only the new slots', async () => {
  const { store, checks } = storeLacking(undefined);
  const watermark = createTotalsWatermark(store);
  expect(await watermark.since(10n, 20n)).toBe(10n);
  expect(await watermark.since(12n, 18n)).toBe(12n);
  expect(await watermark.since(10n, 20n)).toBe(10n);
  expect(checks).toEqual([[10n, 20n]]);
  expect(await watermark.since(11n, 22n)).toBe(11n);
  expect(await watermark.since(5n, 21n)).toBe(5n);
  expect(checks.slice(1)).toEqual([
    [21n, 22n],
    [5n, 9n],
  ]);
});

test('slots before the last incomplete one are read from flows, and not checked again', async () => {
  const { store, checks } = storeLacking(15n);
  const watermark = createTotalsWatermark(store);
  expect(await watermark.since(10n, 20n)).toBe(16n);
  expect(await watermark.since(10n, 20n)).toBe(16n);
  expect(await watermark.since(1n, 18n)).toBe(16n);
  expect(await watermark.since(17n, 20n)).toBe(17n);
  expect(checks).toEqual([[10n, 20n]]);
});

test('a window may have no complete slot', async () => {
  const { store } = storeLacking(30n);
  const watermark = createTotalsWatermark(store);
  expect(await watermark.since(10n, 20n)).toBe(21n);
  expect(await watermark.since(40n, 50n)).toBe(40n);
  // Older and apart from the known slots: checked, and the newer slots stay known.
  expect(await watermark.since(1n, 5n)).toBe(6n);
  expect(await watermark.since(41n, 50n)).toBe(41n);
});

test('concurrent requests need one check', async () => {
  const { store, checks } = storeLacking(undefined);
  const watermark = createTotalsWatermark(store);
  const found = await Promise.all([1, 2, 3].map(() => watermark.since(1n, 288n)));
  expect(found).toEqual([1n, 1n, 1n]);
  expect(checks).toHaveLength(1);
});

test('a failed check is repeated', async () => {
  const { store } = storeLacking(undefined);
  let away = true;
  const watermark = createTotalsWatermark({
    async *query(...asked) {
      if (away) throw new Error('away');
      yield* store.query(...asked);
    },
  });
  await expect(watermark.since(1n, 2n)).rejects.toThrow('away');
  away = false;
  expect(await watermark.since(1n, 2n)).toBe(1n);
});
