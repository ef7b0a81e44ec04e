import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MessageSplitter } from '../../../../src/ingest/relay/framing.ts';
import { framed } from '../../../support/ingest/responses.ts';

function split(bytes: Buffer, cuts: number[], maxMessage = 1 << 20) {
  const messages: Buffer[] = [];
  const passed: { size: number; head: Buffer; tail: Buffer }[] = [];
  const given: [chunk: Buffer, start: number, end: number][] = [];
  let arrived = 0;
  const splitter = new MessageSplitter(
    {
      arrived: (size) => {
        arrived += size;
      },
      message: (chunk, start, end) => {
        expect(start).toBeGreaterThanOrEqual(5);
        given.push([chunk, start, end]);
      },
      flush: () => {
        for (const [chunk, start, end] of given.splice(0)) {
          messages.push(Buffer.from(chunk.subarray(start, end)));
          // Whoever sinks them may write over them, and over their heads.
          chunk.fill(0xee, start - 5, end);
        }
      },
      oversize: (size, head, tail) => passed.push({ size, head, tail }),
    },
    maxMessage,
  );
  let at = 0;
  for (const cut of [...cuts.map((each) => each % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  )) {
    splitter.push(Buffer.from(bytes.subarray(at, cut)));
    at = cut;
  }
  return { messages, passed, arrived };
}

test('messages come out as they went in, wherever the chunks are cut', () => {
  const message = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (sent, cuts) => {
        const bytes = Buffer.concat(sent.map(framed));
        const { messages, arrived } = split(bytes, cuts);
        expect(messages).toEqual(sent);
        expect(arrived).toBe(bytes.length);
      },
    ),
  );
});

test('messages over the limit are passed over with their ends kept', () => {
  const message = fc.uint8Array({ maxLength: 4000 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.array(fc.nat(), { maxLength: 20 }),
      (sent, cuts) => {
        const { messages, passed } = split(Buffer.concat(sent.map(framed)), cuts, 1500);
        expect(messages).toEqual(sent.filter(({ length }) => length <= 1500));
        expect(passed).toEqual(
          sent
            .filter(({ length }) => length > 1500)
            .map((each) => ({
              size: each.length,
              head: each.subarray(0, 16),
              tail: each.subarray(-1024),
            })),
        );
      },
    ),
  );
});

test('a compressed message is refused, in one piece and in two', () => {
  const bytes = framed(Buffer.from('x'));
  bytes[0] = 1;
  expect(() => split(bytes, [])).toThrow(/compressed message/);
  expect(() => split(bytes, [3])).toThrow(/compressed message/);
});
