import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DEPTH, WireReader } from '../../../../src/hubble/proto/wire.ts';
import { WireWriter } from '../../../../src/hubble/proto/wire-writer.ts';

function reader(...bytes: number[]): WireReader {
  return new WireReader(Uint8Array.from(bytes));
}

function limited(limit: number, ...bytes: number[]): WireReader {
  const made = reader(...bytes);
  made.limit = limit;
  return made;
}

describe('numbers', () => {
  test('64 bits come back', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => {
        const writer = new WireWriter(1);
        writer.varint64(value);
        const bytes = writer.finish();
        const back = new WireReader(bytes);
        expect(back.varint64()).toBe(value);
        expect(back.pos).toBe(bytes.length);
      }),
    );
  });

  test.each([0n, 127n, 128n, 2n ** 28n, 2n ** 32n - 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n])(
    '%s at an edge',
    (value) => {
      const writer = new WireWriter(1);
      writer.varint64(value);
      const bytes = writer.finish();
      expect(new WireReader(bytes).varint64()).toBe(value);
      expect(new WireReader(bytes).varint()).toBe(Number(value & 0xffffffffn));
    },
  );

  test('32 bits are the low ones of a longer number', () => {
    expect(reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1).varint()).toBe(
      0xffffffff,
    );
  });

  test('more than 64 bits are refused', () => {
    const long = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    expect(() => reader(...long, 2).varint64()).toThrow(/longer than 64 bits at byte 0/);
    expect(() => reader(...long, 0xff, 1).varint()).toThrow(/longer than 64 bits/);
  });

  test('the limit is the message, not the buffer', () => {
    expect(() => limited(1, 0x80, 0x01).varint()).toThrow(/past the end at byte 0 of 2/);
  });
});

describe('lengths', () => {
  test('of what follows are written in place', () => {
    for (const size of [0, 127, 128, 16_383, 16_384, 2_097_152]) {
      const writer = new WireWriter(1);
      const start = writer.begin();
      writer.raw(new Uint8Array(size).fill(7));
      writer.end(start);
      const bytes = writer.finish();
      const back = new WireReader(bytes);
      expect(back.end()).toBe(bytes.length);
      expect(bytes.length - back.pos).toBe(size);
      expect(bytes.subarray(back.pos).every((byte) => byte === 7)).toBe(true);
    }
  });

  test('past the end are refused', () => {
    expect(() => reader(5, 1, 2).end()).toThrow(/field of 5 bytes past the end at byte 0/);
  });

  test('of text count bytes', () => {
    const writer = new WireWriter(1);
    writer.text('é☃😀'.repeat(40));
    const bytes = writer.finish();
    const back = new WireReader(bytes);
    expect(back.end() - back.pos).toBe(360);
    expect(bytes.toString('utf8', back.pos)).toBe('é☃😀'.repeat(40));
  });
});

describe('tags', () => {
  test('reach the highest field', () => {
    const writer = new WireWriter();
    writer.tag(536_870_911, 2);
    const bytes = writer.finish();
    expect(new WireReader(bytes).tag() >>> 3).toBe(536_870_911);
  });

  test('of field 0 or beyond 32 bits are refused', () => {
    expect(() => reader(2).tag()).toThrow(/impossible field tag 2 at byte 0/);
    expect(() => reader(0xff, 0xff, 0xff, 0xff, 0x1f).tag()).toThrow(/impossible field tag/);
  });
});

describe('skipping', () => {
  const skip = (...bytes: number[]) => {
    const at = reader(...bytes);
    at.skip(at.tag());
    return at.pos;
  };

  test('passes every wire type', () => {
    expect(skip(0x08, 0x96, 0x01)).toBe(3);
    expect(skip(0x09, 1, 2, 3, 4, 5, 6, 7, 8)).toBe(9);
    expect(skip(0x0a, 2, 0, 0)).toBe(4);
    expect(skip(0x0d, 1, 2, 3, 4)).toBe(5);
  });

  test('passes groups whole, nested ones too', () => {
    expect(skip(0x0b, 0x13, 0x08, 1, 0x14, 0x0c)).toBe(6);
  });

  test('refuses what is no value', () => {
    expect(() => skip(0x0c)).toThrow(/end of a group that never began \(field 1\)/);
    expect(() => skip(0x0b, 0x14)).toThrow(/group 1 ends as 2/);
    expect(() => skip(0x0b, 0x08, 1)).toThrow(/group 1 does not end/);
    expect(() => skip(0x0e)).toThrow(/wire type 6 \(field 1\)/);
    expect(() => skip(0x0d, 1, 2)).toThrow(/value of 4 bytes past the end/);
    expect(() => skip(...new Array(MAX_DEPTH + 1).fill(0x0b))).toThrow(/nested deeper than 100/);
  });
});
