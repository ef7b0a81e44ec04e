// The pieces of the projection whose edges the whole hardly ever meets.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteTable, viewOf } from '../../../../src/enrich/project/byte-table.ts';
import { putNanos } from '../../../../src/enrich/project/int64.ts';
import { Scratch } from '../../../../src/enrich/project/scratch.ts';
import { CANONICAL, parseUuid } from '../../../../src/enrich/project/uuid.ts';
import { WireReader } from '../../../../src/hubble/proto/wire.ts';
import { WireWriter } from '../../../../src/hubble/proto/wire-writer.ts';
import { SECOND_NS } from '../../../../src/runtime/time.ts';

test('a byte table numbers strings as they come, and finds them again', () => {
  const strings = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 400 });
  fc.assert(
    fc.property(strings, (list) => {
      const table = new ByteTable(4);
      const numbers = new Map<string, number>();
      for (const bytes of [...list, ...list]) {
        const key = Buffer.from(bytes).toString('latin1');
        const expected = numbers.get(key) ?? numbers.size + 1;
        numbers.set(key, expected);
        expect(table.add(viewOf(Buffer.from(bytes)), 0, bytes.length)).toBe(expected);
        expect(table.bytes.toString('latin1', table.starts[expected], table.ends[expected])).toBe(
          key,
        );
      }
    }),
  );
});

test('a byte table forgets the newest string alone', () => {
  const table = new ByteTable(4);
  const add = (text: string) => table.add(viewOf(Buffer.from(text)), 0, text.length);
  expect([add(''), add('a'), add('b')]).toEqual([0, 1, 2]);
  table.removeNewest();
  expect([add('a'), add('c'), add('b')]).toEqual([1, 2, 3]);
});

test('nanoseconds as halves are what BigInt makes of them', () => {
  const seconds = fc.integer({ min: -2_208_988_800, max: 9_214_646_399 });
  const nanos = fc.integer({ min: -999_999_999, max: 999_999_999 });
  fc.assert(
    fc.property(seconds, nanos, (s, n) => {
      const halves = new Uint32Array(4);
      putNanos(halves, 1, s, n);
      const value = new BigInt64Array(halves.buffer)[1];
      expect(value).toBe(BigInt(s) * SECOND_NS + BigInt(n));
    }),
    { numRuns: 1000 },
  );
});

test('varints of any length are read as two halves', () => {
  const near = [7, 14, 21, 28, 31, 32, 35, 56, 63].flatMap((bit) => [
    2n ** BigInt(bit) - 1n,
    2n ** BigInt(bit),
  ]);
  fc.assert(
    fc.property(fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.constantFrom(...near)), (value) => {
      const writer = new WireWriter();
      writer.varint64(value);
      const reader = new WireReader(Buffer.from(writer.finish()));
      const low = reader.varint();
      expect((BigInt(reader.hi >>> 0) << 32n) | BigInt(low)).toBe(value);
      expect(reader.pos).toBe(reader.limit);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['3cc0c113-0662-4769-a5d7-b3da3a2d370b', true],
  ['3cc0c113-0662-4769-a5d7-b3da3a2d370B', false],
  ['3cc0c113-0662-4769-a5d7-b3da3a2d370g', false],
  ['3cc0c113006620476900a5d700b3da3a2d37', false],
  ['3cc0c113-0662-4769-a5d7-b3da3a2d370', false],
  ['', false],
])('%j is a canonical uuid: %j', (text, canonical) => {
  const out = new Uint8Array(16);
  expect(parseUuid(viewOf(Buffer.from(text)), 0, text.length, out, 0, CANONICAL)).toBe(canonical);
  if (canonical) expect(Buffer.from(out).toString('hex')).toBe(text.replaceAll('-', ''));
});

test('scratch memory is never handed out twice in a block', () => {
  const scratch = new Scratch();
  for (const round of [1, 2, 3]) {
    scratch.reset();
    const arrays = [scratch.u8(5), scratch.u16(7), scratch.u32(40_000), scratch.u8(9)];
    for (const [i, array] of arrays.entries()) array.fill(i + round);
    for (const [i, array] of arrays.entries()) {
      expect(array.every((value) => value === i + round)).toBe(true);
    }
  }
});
