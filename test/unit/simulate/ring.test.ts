import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChunkPool, NodeRing } from '../../../src/simulate/ring.ts';

function put(ring: NodeRing, text: string, timeMs = 0): void {
  const chunk = ring.reserve(text.length);
  chunk.buffer.write(text, chunk.end);
  ring.commit(chunk, text.length, timeMs, -1);
}

/** Reads everything from `from` on as slices, releasing them. */
function drain(ring: NodeRing, pool: ChunkPool, from: number, limit: number): string {
  let next = from;
  let text = '';
  for (;;) {
    const slice = ring.slice(next, limit);
    if (!slice) return text;
    text += slice.bytes.toString();
    expect(slice.next).toBeGreaterThan(next);
    next = slice.next;
    pool.release(slice.chunk);
  }
}

test('holds the newest events, whole and in order, however they are read', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.string({ minLength: 1, maxLength: 60_000, unit: 'grapheme-ascii' }), {
        maxLength: 30,
      }),
      fc.integer({ min: 1, max: 200_000 }),
      (capacity, texts, limit) => {
        const pool = new ChunkPool(2);
        const ring = new NodeRing('n', capacity, pool);
        for (const text of texts) put(ring, text);
        const kept = texts.slice(-capacity);
        expect(ring.seen).toBe(texts.length);
        expect(ring.held).toBe(kept.length);
        expect(drain(ring, pool, ring.first, limit)).toBe(kept.join(''));
        const target = Buffer.alloc(60_000);
        const copied = kept.map((_, i) =>
          target.toString('utf8', 0, ring.copy(ring.first + i, target, 0)),
        );
        expect(copied).toEqual(kept);
      },
    ),
    { numRuns: 60 },
  );
});

test('a slice that is being written stays as it was while the ring goes round', () => {
  const pool = new ChunkPool();
  const ring = new NodeRing('n', 4, pool);
  for (const text of ['one', 'two', 'six', 'ten']) put(ring, text);
  const slice = ring.slice(0, 1_000_000);
  for (let i = 0; i < 10_000; i++) put(ring, 'x'.repeat(100));
  expect(slice?.bytes.toString()).toBe('onetwosixten');
});

test('chunks are used again once nobody needs them', () => {
  const pool = new ChunkPool();
  const ring = new NodeRing('n', 10, pool);
  const seen = new Set<ArrayBufferLike>();
  for (let i = 0; i < 20_000; i++) {
    const chunk = ring.reserve(1000);
    seen.add(chunk.buffer.buffer);
    ring.commit(chunk, 1000, 0, -1);
  }
  expect(seen.size).toBeLessThanOrEqual(3);
});

test('an event larger than a chunk has one of its own', () => {
  const pool = new ChunkPool();
  const ring = new NodeRing('n', 2, pool);
  put(ring, 'a'.repeat(300_000));
  put(ring, 'b');
  expect(drain(ring, pool, 0, 10)).toBe(`${'a'.repeat(300_000)}b`);
});

test('clear forgets and counts anew', () => {
  const pool = new ChunkPool();
  const ring = new NodeRing('n', 3, pool);
  for (const text of ['a', 'b', 'c', 'd']) put(ring, text);
  ring.clear();
  expect([ring.seen, ring.first, ring.held]).toEqual([0, 0, 0]);
  expect(ring.slice(0, 10)).toBeUndefined();
  put(ring, 'e');
  expect(drain(ring, pool, 0, 10)).toBe('e');
});
