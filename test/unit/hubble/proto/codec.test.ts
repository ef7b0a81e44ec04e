import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import { decode, encode } from '../../../../src/hubble/proto/codec.ts';
import {
  Flow,
  FlowFilter,
  GetFlowsResponse,
  ServerStatusResponse,
} from '../../../../src/hubble/proto/schema.gen.ts';
import {
  type Field,
  field,
  type MessageType,
  message,
} from '../../../../src/hubble/proto/schema.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';
import { MESSAGE_TYPES, messageOf } from '../../../support/hubble/messages.ts';

describe('presence', () => {
  test('a sub-message without fields is not an absent one', () => {
    expect(encode(Flow, { IP: {} })).toEqual(Buffer.from([0x2a, 0]));
    expect(decode(Flow, Buffer.from([0x2a, 0]))).toEqual({ IP: {} });
    expect(encode(Flow, { IP: undefined })).toHaveLength(0);
  });

  test('a wrapper tells its default from nothing', () => {
    expect(decode(Flow, encode(Flow, { is_reply: false }))).toEqual({ is_reply: false });
    expect(decode(Flow, encode(Flow, {}))).toEqual({});
  });

  test('scalars without presence are absent when they are their default', () => {
    expect(encode(Flow, { uuid: '', verdict: 0, reply: false, socket_cookie: 0n })).toHaveLength(0);
    // verdict 0 and an empty uuid, written out all the same
    expect(decode(Flow, Buffer.from([0x10, 0, 0x92, 0x02, 0]))).toEqual({});
  });

  test('empty lists are absent, empty elements are not', () => {
    expect(encode(Flow, { policy_log: [] })).toHaveLength(0);
    expect(decode(Flow, encode(Flow, { policy_log: ['', 'a', ''] }))).toEqual({
      policy_log: ['', 'a', ''],
    });
  });
});

describe('repeated occurrences', () => {
  test('of a scalar: the last one, even when it is the default', () => {
    expect(decode(Flow, Buffer.from([0x10, 2, 0x10, 1]))).toEqual({ verdict: 1 });
    expect(decode(Flow, Buffer.from([0x10, 2, 0x10, 0]))).toEqual({ verdict: 0 });
  });

  test('of a message: merged, lists joined', () => {
    const bytes = Buffer.concat([
      encode(Flow, { source: { identity: 5, pod_name: 'a', labels: ['x'] }, time: at(1n, 2) }),
      encode(Flow, { source: { pod_name: 'b', labels: ['y'] }, time: at(3n, 0), is_reply: true }),
      // is_reply once more, without a value
      Buffer.from([0xd2, 0x01, 0]),
    ]);
    expect(decode(Flow, bytes)).toEqual({
      source: { identity: 5, pod_name: 'b', labels: ['x', 'y'] },
      time: at(3n, 2),
      is_reply: true,
    });
  });

  test('of a oneof: the last member, merged only with itself', () => {
    const tcp = encode(Flow, { l4: { TCP: { source_port: 1 } } });
    const more = encode(Flow, { l4: { TCP: { destination_port: 2 } } });
    const udp = encode(Flow, { l4: { UDP: { source_port: 3 } } });
    expect(decode(Flow, Buffer.concat([tcp, more])).l4).toEqual({
      TCP: { source_port: 1, destination_port: 2 },
    });
    expect(decode(Flow, Buffer.concat([tcp, udp, more])).l4).toEqual({
      TCP: { destination_port: 2 },
    });
    const response = Buffer.concat([
      encode(GetFlowsResponse, { flow: {} }),
      encode(GetFlowsResponse, { lost_events: {} }),
    ]);
    expect(decode(GetFlowsResponse, response)).toEqual({ lost_events: {} });
  });

  test('of numbers: packed and one by one', () => {
    const packed = encode(FlowFilter, { source_identity: [1, 300, 0] });
    expect(packed).toEqual(Buffer.from([0x9a, 0x01, 4, 1, 0xac, 0x02, 0]));
    const single = Buffer.from([0x98, 0x01, 1, 0x98, 0x01, 0xac, 0x02, 0x98, 0x01, 0]);
    expect(decode(FlowFilter, single)).toEqual({ source_identity: [1, 300, 0] });
    expect(decode(FlowFilter, Buffer.concat([packed, single]))).toEqual({
      source_identity: [1, 300, 0, 1, 300, 0],
    });
    expect(() => decode(FlowFilter, Buffer.from([0x9a, 0x01, 2, 1, 0xac]))).toThrow(/past the end/);
  });
});

describe('unknown fields', () => {
  test('are kept at every depth, and written back', () => {
    fc.assert(
      fc.property(messageOf(GetFlowsResponse), messageOf(extension), (known, unknown) => {
        const extra = encode(extension, unknown);
        const inner = Buffer.concat([encode(Flow, { source: { identity: 7 } }), extra]);
        const start = Buffer.concat([encode(GetFlowsResponse, known), extra]);
        const bytes = Buffer.concat([start, Buffer.from([0x0a, ...varint(inner.length)]), inner]);
        const read = decode(GetFlowsResponse, bytes);
        expect(decode(extension, read.$unknown ?? new Uint8Array(0))).toEqual(unknown);
        expect(decode(extension, read.flow?.$unknown ?? new Uint8Array(0))).toEqual(unknown);
        expect(decode(GetFlowsResponse, encode(GetFlowsResponse, read))).toEqual(read);
      }),
      { numRuns: 50 },
    );
  });

  test('are those in another wire type too, and groups', () => {
    // uuid as a number, verdict as text, field 3000 as a group
    const odd = Buffer.from([
      0x90, 0x02, 5, 0x12, 1, 0x41, 0xc3, 0xbb, 0x01, 8, 1, 0xc4, 0xbb, 0x01,
    ]);
    const read = decode(Flow, odd);
    expect(read).toEqual({ $unknown: new Uint8Array(odd) });
    expect(encode(Flow, read)).toEqual(odd);
  });

  test('do not keep the bytes they came in alive or change with them', () => {
    const bytes = Buffer.from([0xf8, 0x7f, 5]);
    const read = decode(Flow, bytes);
    bytes.fill(0);
    expect(read.$unknown).toEqual(Uint8Array.from([0xf8, 0x7f, 5]));
  });

  test('are no enum numbers without a name: those are values', () => {
    const read = decode(Flow, encode(Flow, { verdict: -3, drop_reason_desc: 9999 }));
    expect(read).toEqual({ verdict: -3, drop_reason_desc: 9999 });
  });

  test('are no negative numbers: those take ten bytes, as protobuf says', () => {
    const bytes = encode(Flow, { verdict: -1 });
    expect([...bytes]).toEqual([0x10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    expect(decode(Flow, bytes)).toEqual({ verdict: -1 });
  });
});

describe('bytes that are no message', () => {
  const whole = encode(GetFlowsResponse, responseFromJson(fixtureLines('corpus/flows')[0] ?? ''));

  test('cut anywhere give an error or a shorter message, nothing else', () => {
    let refused = 0;
    for (let length = 0; length < whole.length; length++) {
      if (!decodes(GetFlowsResponse, whole.subarray(0, length))) refused++;
    }
    expect(refused).toBeGreaterThan(whole.length * 0.9);
  });

  test('at random give an error or a message', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...MESSAGE_TYPES),
        fc.uint8Array({ maxLength: 200 }),
        (type, bytes) => {
          decodes(type, bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('with one byte changed give an error or a message', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (index, byte) => {
        const changed = Buffer.from(whole);
        changed[index] = byte;
        decodes(GetFlowsResponse, changed);
      }),
      { numRuns: 1000 },
    );
  });

  test('name the byte', () => {
    expect(() => decode(Flow, Buffer.from([0x10, 1, 0x2a, 9, 0]))).toThrow(
      /field of 9 bytes past the end at byte 3 of 5/,
    );
  });

  test('nested too deeply are refused', () => {
    const holder: Field[] = [];
    const loop: MessageType<{ inner?: object }> = message('test.Loop', holder, () => ({}));
    const self = field('inner', 1, loop);
    const type = { ...loop, byNumber: new Map([[1, self]]) };
    Object.assign(self, { type });
    let bytes = Buffer.alloc(0);
    for (let i = 0; i < 100; i++) {
      bytes = Buffer.concat([Buffer.from([0x0a, ...varint(bytes.length)]), bytes]);
    }
    expect(decodes(type, bytes)).toBe(true);
    bytes = Buffer.concat([Buffer.from([0x0a, ...varint(bytes.length)]), bytes]);
    expect(() => decode(type, bytes)).toThrow(/nested deeper than 100/);
  });
});

test('text that is no UTF-8 is read with replacement', () => {
  expect(decode(ServerStatusResponse, Buffer.from([0x42, 2, 0xff, 0x41])).version).toBe('\ufffdA');
});

test('a Uint8Array within a larger buffer is read alone', () => {
  const room = new Uint8Array(20).fill(0xff);
  room.set(encode(Flow, { verdict: 2 }), 9);
  expect(decode(Flow, room.subarray(9, 11))).toEqual({ verdict: 2 });
});

/** Fields no Hubble message has. */
const extension = message<{ text?: string; number?: bigint }>(
  'test.Extension',
  [field('text', 3001, 'string'), field('number', 3002, 'uint64'), field('real', 3003, 'double')],
  () => ({}),
);

function at(seconds: bigint, nanos: number) {
  return { seconds, nanos };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** False when decoding refused the bytes as it should; any other error is the test's. */
function decodes(type: MessageType, bytes: Uint8Array): boolean {
  try {
    decode(type, bytes);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(ParallaxError);
    expect(error).toHaveProperty('code', 'hubble/malformed');
    return false;
  }
}
