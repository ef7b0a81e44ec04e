// Which slots of the totals can be trusted, and how often that is looked up.
import { expect, test } from 'vitest';
import { createUsableTotals } from '../../../../src/query/totals/totals-watermark.ts';
import type { QueryParams, Reader } from '../../../../src/store/store.ts';

/** A store whose slots up to `lacksTo` have fewer totals than flows. */
function storeLacking(lacksTo: bigint | undefined) {
  const looks: [bigint, bigint][] = [];
  const store: Reader = {
    async *query(_sql: string, params: QueryParams) {
      const from = BigInt(String(params.from));
      const to = BigInt(String(params.to));
      looks.push([from, to]);
      if (lacksTo === undefined || from > lacksTo) yield ['0', '0'];
      else yield [String(to < lacksTo ? to : lacksTo), '1'];
    },
  };
  return { store, looks };
}

test('a window that was found whole is not looked at again, and only what is new of a longer one', async () => {
  const { store, looks } = storeLacking(undefined);
  const usable = createUsableTotals(store);
  expect(await usable.since(10n, 20n)).toBe(10n);
  expect(await usable.since(12n, 18n)).toBe(12n);
  expect(await usable.since(10n, 20n)).toBe(10n);
  expect(looks).toEqual([[10n, 20n]]);
  expect(await usable.since(11n, 22n)).toBe(11n);
  expect(await usable.since(5n, 21n)).toBe(5n);
  expect(looks.slice(1)).toEqual([
    [21n, 22n],
    [5n, 9n],
  ]);
});

test('slots before the last that lacks flows are left to the flows, and not looked at again', async () => {
  const { store, looks } = storeLacking(15n);
  const usable = createUsableTotals(store);
  expect(await usable.since(10n, 20n)).toBe(16n);
  expect(await usable.since(10n, 20n)).toBe(16n);
  expect(await usable.since(1n, 18n)).toBe(16n);
  expect(await usable.since(17n, 20n)).toBe(17n);
  expect(looks).toEqual([[10n, 20n]]);
});

test('nothing of a window may be usable', async () => {
  const { store } = storeLacking(30n);
  const usable = createUsableTotals(store);
  expect(await usable.since(10n, 20n)).toBe(21n);
  expect(await usable.since(40n, 50n)).toBe(40n);
  // Apart from what is known, older: looked at, and what is newer stays known.
  expect(await usable.since(1n, 5n)).toBe(6n);
  expect(await usable.since(41n, 50n)).toBe(41n);
});

test('many who ask at once need one look', async () => {
  const { store, looks } = storeLacking(undefined);
  const usable = createUsableTotals(store);
  const found = await Promise.all([1, 2, 3].map(() => usable.since(1n, 288n)));
  expect(found).toEqual([1n, 1n, 1n]);
  expect(looks).toHaveLength(1);
});

test('a look that fails is tried again', async () => {
  const { store } = storeLacking(undefined);
  let away = true;
  const usable = createUsableTotals({
    async *query(...asked) {
      if (away) throw new Error('away');
      yield* store.query(...asked);
    },
  });
  await expect(usable.since(1n, 2n)).rejects.toThrow('away');
  away = false;
  expect(await usable.since(1n, 2n)).toBe(1n);
});
