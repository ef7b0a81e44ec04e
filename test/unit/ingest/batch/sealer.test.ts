import { expect, test } from 'vitest';
import { decodeFlowBatch } from '../../../../src/hubble/proto/batch.ts';
import {
  type SealedBatch,
  Sealer,
  type SealerOptions,
} from '../../../../src/ingest/batch/sealer.ts';
import { framed } from '../../../support/ingest/responses.ts';

function sealer(options: Partial<SealerOptions> = {}) {
  const batches: SealedBatch[] = [];
  const made = new Sealer({
    cluster: 'east',
    relay: 'relay:80',
    collector: 'life',
    maxCount: 100,
    maxBytes: 1 << 20,
    maxAgeMs: 1000,
    emit: (batch) => batches.push(batch),
    nodeName: () => 'east/a',
    ...options,
  });
  const shapes = () => batches.map(({ cause, count, replay }) => `${cause} ${count} ${replay}`);
  return { sealer: made, batches, shapes };
}

/** A message of so many bytes, as the arguments that say where it is. */
const response = (size = 10) => [framed(Buffer.alloc(size, 7)), 5, 5 + size] as const;

test('by age: each batch from its own first response, also when the clock was set back', () => {
  const { sealer: it, shapes } = sealer();
  it.add(...response(), false, 1, 5000);
  it.add(...response(), true, 1, 5400);
  it.tick(5999);
  expect(shapes()).toEqual([]);
  it.tick(6000);
  expect(shapes()).toEqual(['age 1 false']);
  it.tick(6400);
  expect(shapes()).toEqual(['age 1 false', 'age 1 true']);
  it.add(...response(), false, 1, 6400);
  it.tick(100);
  expect(shapes()).toHaveLength(3);
});

test('new responses leave before repeats that came later', () => {
  const { sealer: it, shapes } = sealer({ maxCount: 2 });
  it.add(...response(), false, 1, 0);
  it.add(...response(), true, 1, 0);
  it.add(...response(), true, 1, 0);
  expect(shapes()).toEqual(['order 1 false', 'count 2 true']);
});

test('a batch stays within its bytes; a response beyond them is alone, with its node', () => {
  const { sealer: it, shapes, batches } = sealer({ maxBytes: 10_000 });
  for (let i = 0; i < 10; i++) it.add(...response(2000), false, 1, 0);
  it.add(...response(20_000), true, 1, 0);
  it.flush();
  expect(shapes()).toEqual(['bytes 4 false', 'bytes 4 false', 'order 2 false', 'single 1 true']);
  expect(batches.at(-1)?.node).toBe('east/a');
  for (const { value } of batches.slice(0, 3)) expect(value.length).toBeLessThan(10_000);
});

test('header, sequence and oldest time; small batches do not hold large memory', () => {
  const { sealer: it, batches } = sealer({ maxCount: 1e6, maxBytes: 64 << 20 });
  for (let i = 0; i < 100; i++) it.add(...response(100_000), false, 100 - i, 1234);
  it.flush();
  it.add(...response(), false, Number.NaN, 1234);
  it.flush();
  const [large, small] = batches;
  expect(large?.oldest).toBe(1);
  expect(small?.oldest).toBe(Number.POSITIVE_INFINITY);
  expect(small?.value.buffer.byteLength).toBeLessThan(1 << 17);
  expect(decodeFlowBatch(small?.value ?? Buffer.alloc(0)).header).toEqual({
    cluster: 'east',
    relay: 'relay:80',
    collector: 'life',
    sequence: 1,
    receivedAt: 1_234_000_000n,
    replay: false,
    count: 1,
  });
});

test('shrinks, but not to nothing', () => {
  const { sealer: it } = sealer();
  expect(it.shrink(500_000)).toBe(500_000);
  expect(it.shrink(900_000)).toBe(500_000);
  expect(it.shrink(10)).toBe(65_536);
});
