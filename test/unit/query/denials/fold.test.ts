import { expect, test } from 'vitest';
import type { Counted } from '../../../../src/query/denials/counted.ts';
import { foldKnown } from '../../../../src/query/denials/fold.ts';

const row = (incident: bigint, more: Partial<Counted> = {}): Counted => ({
  incident,
  drops: 1,
  verdicts: 1,
  first: 10n,
  last: 20n,
  code: 181,
  namesPolicy: false,
  value: 20n,
  ...more,
});
const named = row(1n, { namesPolicy: true });
const left = row(2n, { verdicts: 0, drops: 5, first: 5n, last: 30n });
const told = (...rows: Counted[]) => foldKnown(rows, () => 'same traffic');

test('a drop without a verdict is of the one that names a policy', () => {
  expect(told(named, left)).toEqual([{ ...named, drops: 6, first: 5n, last: 30n, folded: [2n] }]);
  expect(told(left, named)).toEqual(told(named, left));
});

test('and stays where it is, when it is not known whose it is', () => {
  const ids = (rows: readonly Counted[]) => rows.map(({ incident }) => incident);
  // Of two; of none; of other traffic; with a verdict of its own; denied by default.
  expect(ids(told(named, left, row(3n, { namesPolicy: true })))).toEqual([1n, 2n, 3n]);
  expect(ids(told(left))).toEqual([2n]);
  expect(ids(foldKnown([named, left], (id) => String(id)))).toEqual([1n, 2n]);
  expect(ids(told(named, { ...left, verdicts: 1 }))).toEqual([1n, 2n]);
  expect(ids(told({ ...named, code: 133 }, left))).toEqual([1n, 2n]);
});
