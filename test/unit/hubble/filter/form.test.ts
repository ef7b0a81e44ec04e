// Patterns of numbers against the numbers.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { upTo } from '../../../../src/hubble/filter/form.ts';

test('a pattern takes the numbers from one to its limit, and no others', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 70n }), fc.bigInt(-2n, 2n ** 71n), (limit, any) => {
      const pattern = new RegExp(`^(${upTo(limit)})$`);
      for (const number of [any, any % (limit + 2n), limit, limit - 1n, limit + 1n, 0n, 1n])
        expect([number, pattern.test(String(number))]).toEqual([
          number,
          number >= 1n && number <= limit,
        ]);
    }),
  );
  expect(new RegExp(`^(${upTo(65_535n)})$`).test('080')).toBe(false);
});
