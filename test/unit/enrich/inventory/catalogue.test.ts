// What the catalogue writes, and what it does when it cannot.
import { expect, test } from 'vitest';
import type { IdentityObservation } from '../../../../src/enrich/project/projector.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { HOUR, observation, rows, setUp } from '../../../support/enrich/catalogue-setup.ts';

test('what was written is not written again, what is earlier, later or of another hour is', () => {
  const { catalogue } = setUp(100);
  const take = (facts: Partial<IdentityObservation>) =>
    rows(catalogue.take([observation(1000, facts)], []));
  expect(take({})).toBe(1);
  expect(take({})).toBe(0);
  expect(take({ firstMs: 7 * HOUR + 1 })).toBe(0);
  expect(take({ lastMs: 7 * HOUR + 6 })).toBe(1);
  expect(take({ firstMs: 8 * HOUR, lastMs: 8 * HOUR })).toBe(1);
  expect(take({ labels: 'k8s:app=other' })).toBe(1);
  expect(take({ observer: 'b' })).toBe(1);
  expect(take({})).toBe(0);
});

test('two pods of one identity are one row', () => {
  const { catalogue } = setUp(100);
  expect(
    rows(catalogue.take([observation(1000), observation(1000, { lastMs: 7 * HOUR + 9 })], [])),
  ).toBe(1);
});

test('a number of a cluster that nobody names is left out', () => {
  const { catalogue } = setUp(100);
  expect(rows(catalogue.take([observation(0x50001)], []))).toBe(0);
  expect(rows(catalogue.take([observation(0x50001, { clusterName: 'e' })], []))).toBe(1);
});

test('a store that refuses is said and does no harm; one that is away is for the writer to try again', async () => {
  const { catalogue, failing, inserted } = setUp(100);
  const blocks = catalogue.take([observation(1000)], []);
  failing.push(new ParallaxError('store/rejected', 'no'));
  await catalogue.write(blocks);
  expect(catalogue.health()).toMatchObject({ state: 'degraded' });
  failing.push(new ParallaxError('store/unavailable', 'away'));
  await expect(catalogue.write(blocks)).rejects.toMatchObject({ code: 'store/unavailable' });
  await catalogue.write(blocks);
  expect(catalogue.health()).toEqual({ state: 'ok' });
  expect(inserted.length).toBe(blocks.length);
  failing.push(new ParallaxError('store/unavailable', 'away'));
  const fact = { cluster: 'a', identity: 7, labels: ['x'], firstMs: 1, lastMs: 2 };
  await catalogue.learn([{ ...fact, source: 'kubernetes' }], new AbortController().signal);
  expect(inserted.length).toBe(blocks.length + 1);
});
