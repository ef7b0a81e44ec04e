import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ID_HEADER, recordIds, recordToken, withId } from '../../../src/bus/identity.ts';
import { OrderedProgress } from '../../../src/bus/progress.ts';
import { Slots } from '../../../src/bus/slots.ts';

test('the commit position is behind everything that is done in order, whatever ends first', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 0 }), (ended) => {
      const progress = new OrderedProgress();
      const entries = Array.from({ length: 8 }, (_, n) => progress.begin(BigInt(n * 3)));
      const done = new Set<number>();
      let committed: bigint | undefined;
      for (const n of ended) {
        const entry = entries[n];
        if (entry) entry.done = true;
        done.add(n);
        committed = progress.advance() ?? committed;
        let next = 0;
        while (done.has(next)) next++;
        expect(committed).toBe(next === 0 ? undefined : BigInt((next - 1) * 3));
        expect(progress.open).toBe(8 - next);
      }
    }),
  );
});

test('slots are given in the order asked for, never more than there are', async () => {
  const slots = new Slots(2);
  const got: number[] = [];
  const ask = (n: number) => slots.acquire().then(() => void got.push(n));
  const all = [0, 1, 2, 3].map(ask);
  await Promise.all(all.slice(0, 2));
  expect(got).toEqual([0, 1]);
  slots.release();
  await all[2];
  expect(got).toEqual([0, 1, 2]);
  slots.release();
  slots.release();
  slots.release();
  await all[3];
  await Promise.all([slots.acquire(), slots.acquire()]);
});

test('a record keeps its id when it is sent again; foreign records go by their position', () => {
  const [next, other] = [recordIds(), recordIds()];
  const headers = withId({ kind: 'flows' }, next);
  expect(headers[ID_HEADER]).toMatch(/:0$/);
  expect(withId(headers, next)).toBe(headers);
  expect(withId(undefined, next)[ID_HEADER]).toMatch(/:1$/);
  expect(withId(undefined, other)[ID_HEADER]).not.toBe(headers[ID_HEADER]);
  const position = { topic: 't', partition: 3, offset: 7n };
  expect(recordToken({ ...position, headers: {} })).toBe('t:3:7');
  expect(recordToken({ ...position, headers })).toBe(headers[ID_HEADER]);
});
