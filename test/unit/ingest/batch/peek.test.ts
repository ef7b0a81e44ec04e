import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '../../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { ResponsePeek } from '../../../../src/ingest/batch/peek.ts';
import { SECOND_NS } from '../../../../src/runtime/time.ts';
import {
  bytesField,
  flowResponse,
  lostEventsResponse,
  nodeStatusResponse,
  numberField,
  timestamp,
} from '../../../support/ingest/responses.ts';

const peek = new ResponsePeek();
const TIME = 1_700_000_000_123_456_789n;

function seen(bytes: Buffer) {
  // Not at 0, and with something behind: the limits are part of what is tested.
  const padded = Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(7, 0xff)]);
  const good = peek.read(padded, 7, 7 + bytes.length);
  return {
    good,
    kind: peek.kind,
    node: padded.toString('utf8', peek.nodeStart, peek.nodeEnd),
    ns: Number.isNaN(peek.seconds)
      ? undefined
      : BigInt(peek.seconds) * SECOND_NS + BigInt(peek.nanos),
  };
}

test('a flow as Go writes it', () => {
  const bytes = flowResponse({ timeNs: TIME, node: 'east/a', uuid: 'u', pad: 800 });
  expect(seen(bytes)).toEqual({ good: true, kind: 'flow', node: 'east/a', ns: TIME });
});

test('fields in another order, without a node, without a time, with a long name', () => {
  const time = bytesField(1, timestamp(TIME));
  const flow = bytesField(1, Buffer.concat([numberField(2, 1), bytesField(11, 'a'), time]));
  const node = bytesField(1000, 'east/a');
  expect(seen(Buffer.concat([node, flow]))).toMatchObject({
    kind: 'flow',
    node: 'east/a',
    ns: TIME,
  });
  expect(seen(flow)).toMatchObject({ good: true, kind: 'flow', node: '', ns: TIME });
  expect(seen(flowResponse({ node: 'a' }))).toMatchObject({
    good: true,
    kind: 'flow',
    ns: undefined,
  });
  // Without a time of its own the response's time counts.
  const bare = bytesField(1, numberField(2, 1));
  expect(seen(Buffer.concat([bare, bytesField(1001, timestamp(TIME))]))).toMatchObject({
    ns: TIME,
  });
  const name = 'n'.repeat(200);
  expect(seen(flowResponse({ timeNs: TIME, node: name }))).toMatchObject({ node: name, ns: TIME });
});

test('lost events and node status, and the numbers in them', () => {
  expect(seen(lostEventsResponse({ timeNs: 5n, node: 'a', source: 3, lost: 1n << 40n }))).toEqual({
    good: true,
    kind: 'lost-events',
    node: 'a',
    ns: 5n,
  });
  expect(peek.numbers(1, 2)).toEqual([3, 2 ** 40]);
  expect(seen(nodeStatusResponse({ node: 'r', state: 4, nodes: ['a', 'b'] }))).toMatchObject({
    kind: 'node-status',
  });
  expect(peek.numbers(1, 0)).toEqual([4, 0]);
  expect(seen(Buffer.alloc(0))).toMatchObject({ good: true, kind: 'unknown' });
});

test('agrees with the full decoder on any message, and never throws on any bytes', () => {
  const text = fc.string({ maxLength: 300 });
  const time = fc.record({
    seconds: fc.bigInt({ min: 0n, max: 1n << 40n }),
    nanos: fc.integer({ min: 0, max: 999_999_999 }),
  });
  const response = fc.record(
    {
      flow: fc.record(
        { time, uuid: text, Summary: text, node_name: text, verdict: fc.nat(9) },
        { requiredKeys: [] },
      ),
      node_name: text,
      time,
    },
    { requiredKeys: ['flow'] },
  );
  fc.assert(
    fc.property(response, (message) => {
      const bytes = encode(GetFlowsResponse, message);
      const { flow, node_name = '', time: outer } = decode(GetFlowsResponse, bytes);
      const at = flow?.time ?? outer;
      expect(seen(bytes)).toEqual({
        good: true,
        kind: 'flow',
        node: node_name,
        ns: at && at.seconds * SECOND_NS + BigInt(at.nanos),
      });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      seen(Buffer.from(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('a message that is cut is refused, or is a message with fewer fields', () => {
  const inner = flowResponse({ timeNs: TIME, node: 'east/a', uuid: 'u', pad: 20 });
  for (let size = 0; size < inner.length; size++) {
    const bytes = inner.subarray(0, size);
    const { good, ns, node } = seen(bytes);
    const cut = `cut to ${size} bytes`;
    if (good) {
      expect([undefined, TIME], cut).toContain(ns);
      expect(['', 'east/a'], cut).toContain(node);
    } else expect(() => decode(GetFlowsResponse, bytes), cut).toThrow('no protobuf message');
  }
});
