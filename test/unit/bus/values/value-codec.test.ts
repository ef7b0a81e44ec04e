import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeValue,
  ENCODING_HEADER,
  encodeValue,
  UnreadableValue,
} from '../../../../src/bus/values/value-codec.ts';
import { framesOf, zstd } from '../../../../src/bus/values/zstd.ts';

const MIB = 1024 * 1024;

/** Bytes with runs, repeats and noise, so that all kinds of blocks come up. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
      fc.tuple(fc.nat(255), fc.nat(200_000)).map(([byte, length]) => Buffer.alloc(length, byte)),
      fc.nat(100_000).map((length) => randomBytes(length)),
    ),
    { maxLength: 6 },
  )
  .map((parts) => Buffer.concat(parts));

test.each(['none', 'lz4', 'zstd'] as const)('what %s packs comes back', async (kind) => {
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: -5, max: 5 }), async (value, level) => {
      const packed = await encodeValue(value, { kind, level });
      const plain = await decodeValue(packed.value, packed.headers[ENCODING_HEADER], MIB * 4);
      expect(plain.equals(value)).toBe(true);
    }),
    { numRuns: 40 },
  );
});

test('the bound of a zstd frame is never below and less than a block above its size', async () => {
  await fc.assert(
    fc.asyncProperty(bytes, async (value) => {
      const bound = framesOf(await zstd.compress(value, 2))?.[0]?.bound ?? -1;
      expect(bound).toBeGreaterThanOrEqual(value.length);
      expect(bound).toBeLessThanOrEqual(value.length + 128 * 1024);
    }),
    { numRuns: 40 },
  );
});

test('a value of many frames comes back, in the memory it is given', async () => {
  const value = Buffer.concat([
    randomBytes(5 * MIB),
    Buffer.alloc(9 * MIB, 'flow'),
    randomBytes(77),
  ]);
  const packed = await encodeValue(value, { kind: 'zstd', level: 2 });
  expect(framesOf(packed.value)).toHaveLength(4);
  const memory = Buffer.alloc(15 * MIB);
  const plain = await decodeValue(packed.value, 'zstd', value.length, (bytes) => {
    expect(bytes).toBeLessThanOrEqual(value.length + 128 * 1024);
    return memory;
  });
  expect(plain.buffer).toBe(memory.buffer);
  expect(plain.equals(value)).toBe(true);
  await expect(decodeValue(packed.value, 'zstd', value.length - 1)).rejects.toThrow('exceed');
  const cut = packed.value.subarray(0, -1);
  await expect(decodeValue(cut, 'zstd', value.length)).rejects.toThrow('no zstd frames');
  // Each of many small frames is a block that might be full.
  const tiny = await zstd.compress(Buffer.alloc(600, 'x'), 2);
  const many = Buffer.concat(new Array(100).fill(tiny));
  await expect(decodeValue(many, 'zstd', 100_000)).rejects.toThrow('exceed');
  expect(await decodeValue(many, 'zstd', 13_000_000)).toHaveLength(60_000);
});

test('a bomb is refused before it is unpacked', async () => {
  const big = Buffer.alloc(64 * MIB);
  for (const kind of ['lz4', 'zstd'] as const) {
    const { value } = await encodeValue(big, { kind, level: 2 });
    expect(value.length).toBeLessThan(MIB);
    await expect(decodeValue(value, kind, 8 * MIB)).rejects.toThrow(
      /exceed maxValueBytes of 8388608/,
    );
  }
  const first = await zstd.compress(Buffer.from('small'), 2);
  const second = await zstd.compress(big, 2);
  const two = Buffer.concat([first, second]);
  await expect(decodeValue(two, 'zstd', 8 * MIB)).rejects.toThrow(
    /exceed maxValueBytes of 8388608/,
  );
});

test('damaged and cut values are unreadable, whatever was damaged', async () => {
  const plain = Buffer.concat([randomBytes(2000), Buffer.alloc(300_000, 'ab')]);
  for (const kind of ['lz4', 'zstd'] as const) {
    const { value } = await encodeValue(plain, { kind, level: 2 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(value.length - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, x) => {
          const damaged = Buffer.from(value);
          damaged[at] = (damaged[at] ?? 0) ^ x;
          const cut = value.subarray(0, at);
          for (const bad of [damaged, cut]) {
            const result = await decodeValue(bad, kind, MIB).catch((error: unknown) => error);
            // Damage may go unseen: values have no checksum of their own, brokers check whole batches.
            if (!Buffer.isBuffer(result)) expect(result).toBeInstanceOf(UnreadableValue);
            else expect(result.length).toBeLessThanOrEqual(MIB);
          }
        },
      ),
      { numRuns: 60 },
    );
  }
});

test('small values stay plain; plain values have a limit too; unknown encodings are poison', async () => {
  const small = Buffer.from('x'.repeat(100));
  const { value, headers } = await encodeValue(small, { kind: 'zstd', level: 2 });
  expect(value).toBe(small);
  expect(headers).toEqual({});
  await expect(decodeValue(small, undefined, 99)).rejects.toThrow('100 bytes unpacked exceed');
  await expect(decodeValue(small, 'br', 1000)).rejects.toThrow("unknown parallax-encoding 'br'");
});
