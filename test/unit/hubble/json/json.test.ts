import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromJson, toJson, toJsonLine } from '../../../../src/hubble/json/json.ts';
import { encode } from '../../../../src/hubble/proto/codec.ts';
import {
  Flow,
  FlowFilter,
  GetFlowsRequest,
  GetFlowsResponse,
  LostEvent,
  ServerStatusResponse,
} from '../../../../src/hubble/proto/schema.gen.ts';
import { field, message, type Scalar } from '../../../../src/hubble/proto/schema.ts';
import { Any, wrapperType } from '../../../../src/hubble/proto/wellknown.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { MESSAGE_TYPES, messageOf } from '../../../support/hubble/messages.ts';

describe('writing', () => {
  test('keys are those of the .proto, in its order, defaults left out', () => {
    const flow: Flow = { Summary: 's', verdict: 2, uuid: 'u', l4: { TCP: {} }, node_labels: [] };
    expect(toJsonLine(Flow, flow)).toBe(
      '{"uuid":"u","verdict":"DROPPED","l4":{"TCP":{}},"Summary":"s"}',
    );
  });

  test('64-bit integers are strings, unknown enum numbers are numbers, wrappers plain', () => {
    expect(
      toJsonLine(LostEvent, { source: 9, num_events_lost: 18446744073709551615n, cpu: 0 }),
    ).toBe('{"source":9,"num_events_lost":"18446744073709551615","cpu":0}');
    expect(toJsonLine(Flow, { is_reply: false, reply: false })).toBe('{"is_reply":false}');
  });

  test('text is escaped as encoding/json does', () => {
    expect(toJsonLine(Flow, { uuid: '<a>&\u2028\u2029"\\\n\t\u0001\u007fé' })).toBe(
      '{"uuid":"\\u003ca\\u003e\\u0026\\u2028\\u2029\\"\\\\\\n\\t\\u0001\u007fé"}',
    );
  });

  test.each([
    [0, '2026-03-14T10:00:02Z'],
    [500_000_000, '2026-03-14T10:00:02.500Z'],
    [1_000, '2026-03-14T10:00:02.000001Z'],
    [1, '2026-03-14T10:00:02.000000001Z'],
  ])('%i nanoseconds are %s', (nanos, text) => {
    expect(toJson(Flow, { time: { seconds: 1773482402n, nanos } })).toEqual({ time: text });
  });

  test.each([
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [123456.75, '123456.75'],
    [Number.NaN, '"NaN"'],
    [Number.NEGATIVE_INFINITY, '"-Infinity"'],
  ])('%d is a double %s', (flows_rate, text) => {
    expect(toJsonLine(ServerStatusResponse, { flows_rate })).toBe(`{"flows_rate":${text}}`);
  });

  test('field masks are camelCase paths', () => {
    const request = { field_mask: { paths: ['source.pod_name', 'IP', 'is_reply'] } };
    expect(toJsonLine(GetFlowsRequest, request)).toBe('{"field_mask":"source.podName,IP,isReply"}');
    expect(
      fromJson(GetFlowsRequest, { fieldMask: 'source.podName,IP,isReply,source.pod_name' }),
    ).toEqual({ field_mask: { paths: ['source.pod_name', 'IP', 'is_reply', 'source.pod_name'] } });
  });
});

test('every message comes back from its JSON', () => {
  fc.assert(
    fc.property(
      fc
        .constantFrom(...MESSAGE_TYPES)
        .chain((type) => fc.tuple(fc.constant(type), messageOf(type))),
      ([type, message]) => {
        const json = toJson(type, message);
        expect(fromJson(type, json, { strict: true })).toEqual(message);
        expect(JSON.parse(toJsonLine(type, message))).toEqual(JSON.parse(JSON.stringify(json)));
      },
    ),
    { numRuns: 500 },
  );
});

describe('reading', () => {
  test.each([
    [
      { nodeName: 'n', isReply: true, eventType: { subType: 3 } },
      { node_name: 'n', is_reply: true, event_type: { sub_type: 3 } },
    ],
    [{ verdict: 2 }, { verdict: 2 }],
    [{ verdict: 'DROPPED' }, { verdict: 2 }],
    [{ verdict: null, source: null, labels: null, is_reply: null }, {}],
    [
      { socket_cookie: 5, cgroup_id: '6' },
      { socket_cookie: 5n, cgroup_id: 6n },
    ],
    [
      { socket_cookie: '1e3', drop_reason: '1.0' },
      { socket_cookie: 1000n, drop_reason: 1 },
    ],
    [
      { time: '2026-03-14T12:00:00.5+02:00' },
      { time: { seconds: 1773482400n, nanos: 500_000_000 } },
    ],
    [{ time: '0001-01-01T00:00:00Z' }, { time: { seconds: -62135596800n, nanos: 0 } }],
  ])('%j', (json, flow) => {
    expect(fromJson(Flow, json)).toEqual(flow);
  });

  test.each<[unknown, RegExp]>([
    [{ verdict: 2.5 }, /verdict: expected an integer from -2147483648 to 2147483647, got 2.5/],
    [{ verdict: true }, /verdict: expected a name or number of flow.Verdict, got true/],
    [{ drop_reason: -1 }, /drop_reason: expected an integer from 0 to 4294967295, got -1/],
    [{ drop_reason: 4294967296 }, /drop_reason: expected an integer/],
    [{ drop_reason: '' }, /drop_reason: expected a number, got ""/],
    [{ drop_reason: ' 1' }, /drop_reason: expected a number, got " 1"/],
    [{ socket_cookie: '18446744073709551616' }, /socket_cookie: expected an integer from 0/],
    [{ socket_cookie: '9'.repeat(100_000) }, /socket_cookie: expected a number, got "9{59}…"/],
    [{ socket_cookie: 1.5 }, /socket_cookie: expected an integer, got 1.5/],
    [{ uuid: 5 }, /uuid: expected a string, got 5/],
    [{ reply: 'true' }, /reply: expected true or false, got "true"/],
    [{ source: [] }, /source: expected an object, got a list/],
    [{ source: { labels: 'a' } }, /source.labels: expected a list, got "a"/],
    [{ source: { labels: [null] } }, /source.labels\[0\]: expected a string, got null/],
    [{ time: '2026-02-30T00:00:00Z' }, /time: expected an RFC 3339 time, got "2026-02-30/],
    [{ time: '2026-03-14 10:00:00Z' }, /time: expected an RFC 3339 time/],
    [{ time: '2026-03-14T24:00:00Z' }, /time: expected an RFC 3339 time/],
    [{ time: '0001-01-01T00:00:00+01:00' }, /time: expected an RFC 3339 time/],
    [{ time: 17 }, /time: expected an RFC 3339 time, got 17/],
    [[], /expected an object, got a list/],
    [null, /expected an object, got null/],
    ['text', /expected an object, got "text"/],
    [undefined, /expected an object, got undefined/],
  ])('refuses %j', (json, message) => {
    expect(() => fromJson(Flow, json)).toThrow(ParallaxError);
    expect(() => fromJson(Flow, json)).toThrow(message);
  });

  test('leaves unknown keys and names out, or refuses them when strict', () => {
    const json = { verdict: ['DROPPED', 'NEW_VERDICT'], source_pod: ['a/'], brand_new: 1 };
    expect(fromJson(FlowFilter, json)).toEqual({ verdict: [2], source_pod: ['a/'] });
    expect(() => fromJson(FlowFilter, { brand_new: 1 }, { strict: true })).toThrow(
      /no Hubble JSON: unknown field "brand_new"/,
    );
    expect(() => fromJson(FlowFilter, { verdict: ['X'] }, { strict: true })).toThrow(
      /verdict\[0\]: unknown value "X" of flow.Verdict/,
    );
    expect(() => fromJson(Flow, { l4: { TCP: {}, UDP: {} } }, { strict: true })).toThrow(
      /l4: UDP and TCP exclude each other/,
    );
    expect(() => fromJson(Flow, { node_name: 'a', nodeName: 'b' }, { strict: true })).toThrow(
      /field node_name is there twice/,
    );
    expect(() => fromJson(Flow, { constructor: 1 }, { strict: true })).toThrow(/"constructor"/);
    expect(() => fromJson(Flow, { verdict: 'toString' }, { strict: true })).toThrow(/"toString"/);
  });
});

describe('Any', () => {
  const url = (name: string) => `type.googleapis.com/${name}`;

  test.each([
    [{ '@type': url('google.protobuf.StringValue'), value: 'hi' }],
    [{ '@type': url('google.protobuf.BoolValue'), value: false }],
    [{ '@type': url('google.protobuf.Int64Value'), value: '0' }],
    [{ '@type': url('google.protobuf.Timestamp'), value: '2026-03-14T10:00:02Z' }],
    [{ '@type': url('google.protobuf.FieldMask'), value: 'a,b' }],
    [{ '@type': url('google.protobuf.Any'), value: { '@type': url('flow.IP'), source: 'x' } }],
    [{ '@type': url('flow.Flow'), verdict: 'DROPPED', source: { identity: 3 } }],
    [{ '@type': url('no.such.Type'), value: 'AQID' }],
    [{}],
  ])('%j comes back', (json) => {
    const flow = fromJson(Flow, { extensions: json }, { strict: true });
    expect(toJson(Flow, flow)).toEqual({ extensions: json });
  });

  test('holds the bytes of what it names', () => {
    const { extensions } = fromJson(Flow, {
      extensions: { '@type': url('google.protobuf.StringValue'), value: 'hi' },
    });
    expect(extensions).toEqual({
      type_url: url('google.protobuf.StringValue'),
      value: new Uint8Array([0x0a, 2, 0x68, 0x69]),
    });
  });

  test('prints bytes that are no message of its type as base64', () => {
    const any = { type_url: url('flow.Flow'), value: new Uint8Array([0x0a, 9]) };
    expect(toJson(Any, any)).toEqual({ '@type': url('flow.Flow'), value: 'Cgk=' });
  });

  test('of an unknown type refuses what it cannot hold when strict', () => {
    const json = { '@type': url('no.such.Type'), value: 'hi' };
    expect(() => fromJson(Any, json, { strict: true })).toThrow(
      /type .*no.such.Type" is not known/,
    );
    expect(() => fromJson(Any, { value: 'AQ' }, { strict: true })).toThrow(/type "" is not known/);
  });

  test('nested without end is refused, and printed without recursion without end', () => {
    let json: object = { '@type': url('google.protobuf.StringValue'), value: 'x' };
    let any: Any = { type_url: '', value: new Uint8Array(0) };
    for (let i = 0; i < 200; i++) {
      json = { '@type': url('google.protobuf.Any'), value: json };
      any = { type_url: url('google.protobuf.Any'), value: new Uint8Array(encode(Any, any)) };
    }
    expect(() => fromJson(Any, json)).toThrow(/nested deeper than 100/);
    expect(JSON.stringify(toJson(Any, any)).match(/@type/g)?.length).toBeLessThan(110);
  });
});

test('a moment that RFC 3339 cannot say keeps its numbers', () => {
  const flow: Flow = { time: { seconds: 2n ** 62n, nanos: -1 } };
  const json = toJson(Flow, flow);
  expect(json).toEqual({ time: { seconds: '4611686018427387904', nanos: -1 } });
  expect(fromJson(Flow, json, { strict: true })).toEqual(flow);
});

test.each<[Scalar, unknown, unknown]>([
  ['bytes', 'AQI=', new Uint8Array([1, 2])],
  ['bytes', '-_8', new Uint8Array([0xfb, 0xff])],
  ['float', 0.1, Math.fround(0.1)],
  ['double', 'NaN', Number.NaN],
  ['double', '1.5e3', 1500],
  ['int64', '-9223372036854775808', -(2n ** 63n)],
  ['int32', '-5', -5],
])('a wrapped %s reads %j', (scalar, json, value) => {
  const type = message('test.Box', [field('box', 1, wrapperType(scalar))], () => ({}) as object);
  const read = fromJson(type, { box: json }) as { box: { value: unknown } };
  if (scalar === 'float') expect(Math.fround(Number(read.box.value))).toBe(value);
  else expect(read.box.value).toEqual(value);
});

test('base64 is not guessed at', () => {
  expect(() => fromJson(wrapperType('bytes'), 'a b')).toThrow(/expected base64, got "a b"/);
});

test('a response without a source is printed like any message', () => {
  expect(toJsonLine(GetFlowsResponse, {})).toBe('{}');
});
