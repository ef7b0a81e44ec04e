// Bytes that go through text and come back.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesOfText, textOfBytes } from '../../../../src/hubble/json/byte-text.ts';
import { quoted } from '../../../../src/hubble/print/text.ts';

test('whatever bytes there are, their text gives them back', () => {
  const pieces = fc.oneof(
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    fc.string({ unit: 'binary', maxLength: 4 }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 6 }), (parts) => {
      const bytes = Buffer.concat(parts);
      expect(bytesOfText(textOfBytes(bytes))).toEqual(bytes);
    }),
  );
});

test.each([
  [Buffer.from('plain é 😀'), 'plain é 😀'],
  [Buffer.of(0xff), '\\xff'],
  [Buffer.of(0x61, 0xe2, 0x82), 'a\\xe2\\x82'],
  [Buffer.of(0xf0, 0x9f, 0x98, 0x80, 0x80), '😀\\x80'],
  [Buffer.of(0xed, 0xa0, 0x80), '\\xed\\xa0\\x80'],
  [Buffer.of(0xc0, 0xaf), '\\xc0\\xaf'],
])('%j is quoted as %s', (bytes, shown) => {
  expect(quoted(textOfBytes(bytes))).toBe(`"${shown}"`);
});
