import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchMemory } from '../../../../src/bus/values/batch-memory.ts';
import { decodeFlowBatch } from '../../../../src/hubble/proto/batch.ts';
import { Sealer } from '../../../../src/ingest/batch/sealer.ts';
import { MessageSplitter } from '../../../../src/ingest/relay/framing.ts';
import { framed } from '../../../support/ingest/responses.ts';

test('memory comes again when it fits, once, and only if it was taken here', () => {
  const memory = new BatchMemory();
  const first = memory.take(1000);
  memory.give(first.subarray(10));
  memory.give(first);
  memory.give(Buffer.alloc(1000));
  expect(memory.take(900).buffer).toBe(first.buffer);
  expect(memory.take(900).buffer).not.toBe(first.buffer);
  memory.give(first);
  // Another load: what was kept is let go.
  memory.take(100);
  expect(memory.take(900).buffer).not.toBe(first.buffer);
});

test('whatever the chunks, marks and limits: batches hold the messages in order, in memory used again', () => {
  const message = fc.record({
    bytes: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    replay: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 60 }),
      fc.array(fc.nat({ max: 400 }), { minLength: 1, maxLength: 20 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      (sent, cuts, maxCount, late) => {
        const got: Record<'true' | 'false', Buffer[]> = { true: [], false: [] };
        const held: (() => void)[] = [];
        const sealer = new Sealer({
          cluster: 'c',
          relay: 'r'.repeat(late ? 10 : 400),
          collector: 'x',
          maxCount,
          maxBytes: 3000,
          maxAgeMs: 1000,
          nodeName: () => '',
          emit: ({ value, replay, release }) => {
            const read = () => {
              const { bytes, starts, ends, header } = decodeFlowBatch(value);
              expect(header.replay).toBe(replay);
              for (let i = 0; i < header.count; i++) {
                got[`${replay}`].push(Buffer.from(bytes.subarray(starts[i], ends[i])));
              }
              release();
            };
            // Read later, as a bus does: nothing may have been written over it by then.
            if (late && held.length < 3) held.push(read);
            else {
              for (const before of held.splice(0)) before();
              read();
            }
          },
        });
        let next = 0;
        const splitter = new MessageSplitter(
          {
            arrived: () => undefined,
            oversize: () => undefined,
            message: (bytes, start, end) =>
              sealer.add(bytes, start, end, sent[next++]?.replay ?? false, 1, 1),
            flush: () => sealer.detach(),
          },
          1 << 20,
        );
        const stream = Buffer.concat(sent.map(({ bytes }) => framed(bytes)));
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const size = (cuts[turn % cuts.length] ?? 0) + 1;
          const chunk = Buffer.from(stream.subarray(at, at + size));
          splitter.push(chunk);
          chunk.fill(0xee);
          at += size;
        }
        sealer.flush();
        for (const read of held) read();
        for (const replay of [true, false]) {
          const wanted = sent.filter((each) => each.replay === replay).map(({ bytes }) => bytes);
          expect(got[`${replay}`]).toEqual(wanted);
        }
      },
    ),
  );
});
