import { expect, test } from 'vitest';
import { RecentKeys } from '../../../../src/query/flows/recent.ts';

test('a key is new once, until at least as many others as the limit came', () => {
  const recent = new RecentKeys(100);
  expect(recent.add('a')).toBe(true);
  for (let i = 0; i < 100; i++) recent.add(`other ${i}`);
  expect(recent.add('a')).toBe(false);
  for (let i = 0; i < 250; i++) recent.add(`another ${i}`);
  expect(recent.add('a')).toBe(true);
});
