import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unsnappy } from '../../../../src/bus/values/snappy.ts';

test('literals and all three kinds of copies, overlapping ones too', () => {
  const block = Buffer.concat([
    Buffer.from([31]), // unpacked size
    Buffer.from([(5 - 1) << 2]),
    Buffer.from('hello'),
    Buffer.from([((4 - 4) << 2) | 1, 5]), // 4 bytes from 5 back: hell
    Buffer.from([((10 - 1) << 2) | 2, 2, 0]), // 10 bytes from 2 back: llllllllll
    Buffer.from([((7 - 1) << 2) | 3, 19, 0, 0, 0]), // 7 bytes from 19 back: hellohe
    Buffer.from([60 << 2, 5 - 1]), // a literal whose length takes a byte of its own
    Buffer.from('world'),
  ]);
  expect(unsnappy(block).toString()).toBe('hellohellllllllllllhellohe' + 'world');
});

test('blocks framed as Java producers do', () => {
  const block = Buffer.from([3, 2 << 2, 97, 98, 99]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(block.length);
  const head = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
  expect(unsnappy(Buffer.concat([head, size, block, size, block])).toString()).toBe('abcabc');
});

test('a literal of negative length is refused', () => {
  expect(() => unsnappy(Buffer.from([5, 0xfc, 0xfa, 0xff, 0xff, 0xff]))).toThrow(
    'snappy literal runs past the end',
  );
});

test('nonsense is refused, without reading out of bounds or allocating what it claims', () => {
  const lie = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
  expect(() => unsnappy(lie)).toThrow(/claims 4294967295/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (array) => {
      try {
        expect(unsnappy(Buffer.from(array)).length).toBeLessThanOrEqual(array.length * 32);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 500 },
  );
});
