import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../../src/app/import/lines.ts';

function split(chunks: readonly Buffer[], limit = 1000) {
  const splitter = new LineSplitter(limit);
  const lines = chunks.flatMap((chunk) => [...splitter.push(chunk)]);
  return [...lines, ...splitter.end()].map(({ number, bytes, length }) => ({
    number,
    text: bytes?.toString('latin1'),
    length,
  }));
}

describe('LineSplitter', () => {
  it('numbers lines from 1 and takes CRLF as LF', () => {
    expect(split([Buffer.from('a\r\n\nb\rc\r\nlast')])).toEqual([
      { number: 1, text: 'a', length: 1 },
      { number: 2, text: '', length: 0 },
      { number: 3, text: 'b\rc', length: 3 },
      { number: 4, text: 'last', length: 4 },
    ]);
  });

  it('gives the same lines however the bytes are cut', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r', '\0'), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.nat(60), { maxLength: 8 }), (input, cuts) => {
        const bytes = Buffer.from(input);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length];
        at.sort((a, b) => a - b);
        const chunks = at.slice(1).map((end, i) => bytes.subarray(at[i], end));
        expect(split(chunks, 10)).toEqual(split([bytes], 10));
      }),
    );
  });

  it('hands out no line longer than the limit, but its length and all lines behind it', () => {
    const long = Buffer.alloc(11, 'x');
    const chunks = [
      Buffer.from('a\n'),
      long,
      long,
      Buffer.from('\r\n1234567890\r\n12345678901\nb\n'),
    ];
    expect(split(chunks, 10)).toEqual([
      { number: 1, text: 'a', length: 1 },
      { number: 2, text: undefined, length: 23 },
      { number: 3, text: '1234567890', length: 10 },
      { number: 4, text: undefined, length: 11 },
      { number: 5, text: 'b', length: 1 },
    ]);
  });
});
