// Go's protojson, as it is read here: held against the laxer reader, against what is printed, and in its oddities.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { filtersFromJson } from '../../../../src/hubble/filter/json.ts';
import { fromJson, toJsonLine } from '../../../../src/hubble/json/json.ts';
import { readProtojson } from '../../../../src/hubble/json/protojson.ts';
import * as schema from '../../../../src/hubble/proto/schema.gen.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';
import { messageOf } from '../../../support/hubble/messages.ts';

const { AgentEvent, Flow, FlowFilter, GetFlowsResponse, ServerStatusResponse } = schema;
const read = (text: string, discardUnknown = false) =>
  readProtojson(GetFlowsResponse, text, { discardUnknown });

test.each([Flow, FlowFilter, GetFlowsResponse, ServerStatusResponse, AgentEvent])(
  'what is printed of a message is read as the same message',
  (type) => {
    fc.assert(
      fc.property(messageOf(type), (message) => {
        const line = toJsonLine(type, message);
        // Protojson reads no Any of a type it does not know.
        fc.pre(!line.includes('"@type"'));
        // JSON.stringify has no minus zero.
        fc.pre(!Object.is((message as { flows_rate?: number }).flows_rate, -0));
        expect(readProtojson(type, line, { discardUnknown: false })).toEqual(message);
      }),
    );
  },
);

test('both readers read the recorded flows alike', () => {
  for (const line of fixtureLines('corpus/flows').slice(0, 500))
    expect(read(line)).toEqual(fromJson(GetFlowsResponse, JSON.parse(line)));
});

describe('numbers', () => {
  const port = (json: string) => {
    const { flow } = read(`{"flow":{"l4":{"TCP":{"source_port":${json}}}}}`);
    return flow?.l4?.TCP?.source_port;
  };

  test.each([
    ['80', 80],
    ['"80"', 80],
    ['8.0e1', 80],
    ['800e-1', 80],
    ['80.000', 80],
    ['-0', 0],
    ['0.0e9', 0],
    ['80e', 80],
    ['"80 and more"', 80],
    ['"80,"', 80],
    ['4294967295', 4294967295],
  ])('%s is taken', (json, value) => {
    expect(port(json)).toBe(value);
  });

  test.each([
    ...['80.5', '4294967296', '-1', '1e10', '8e-1', '"80 "', '" 80"', '""', '"x"', '80e+'],
    ...['"0x50"', '1e99999999999', 'true', '[80]', '100000000000000000000000'],
  ])('%s is refused', (json) => {
    expect(() => port(json)).toThrow('invalid value for uint32 field sourcePort: ');
  });

  test.each(['080', '80.', '.5', '+80', '8_0', 'NaN'])('%s is no JSON', (json) => {
    expect(() => port(json)).toThrow('syntax error (line 1:37): invalid value ');
  });
});

describe('times', () => {
  const time = (text: string) => read(JSON.stringify({ time: text })).time;

  test.each([
    ['2026-03-14T9:05:06Z', 1773479106n, 0],
    ['2026-03-14T09:05:06,5Z', 1773479106n, 500_000_000],
    ['2026-03-14T09:05:06,12345678909Z', 1773479106n, 123_456_789],
    ['2026-03-14T09:05:06+24:00', 1773392706n, 0],
    ['0001-01-01T00:00:00Z', -62135596800n, 0],
  ])('%s', (text, seconds, nanos) => {
    expect(time(text)).toEqual({ seconds, nanos });
  });

  test.each([
    ['0000-12-31T23:59:59Z', 'google.protobuf.Timestamp value out of range: "0000-'],
    ['9999-12-31T23:59:59-00:01', 'google.protobuf.Timestamp value out of range: "9999-'],
    ['2026-03-14T09:05:06.1234567890Z', 'invalid google.protobuf.Timestamp value "2026-'],
    ['2026-02-30T09:05:06Z', 'invalid google.protobuf.Timestamp value "2026-'],
    ['2026-03-14t09:05:06z', 'invalid google.protobuf.Timestamp value "2026-'],
  ])('%s is refused', (text, why) => {
    expect(() => time(text)).toThrow(why);
  });
});

describe('an Any', () => {
  const extension = (json: string, discardUnknown = false) =>
    read(`{"flow":{"extensions":${json}}}`, discardUnknown).flow?.extensions;

  test('of a known type, of none, and passed over', () => {
    expect(extension('{"@type":"x/flow.Endpoint","ID":3}')).toMatchObject({
      type_url: 'x/flow.Endpoint',
      value: new Uint8Array([8, 3]),
    });
    expect(extension('{"value":true,"@type":"x/google.protobuf.BoolValue"}')).toMatchObject({
      value: new Uint8Array([8, 1]),
    });
    expect(extension('{}')).toMatchObject({ type_url: '' });
    expect(extension('{"a":1}', true)).toMatchObject({ type_url: '' });
  });

  test.each([
    ['{"a":1}', 'missing "@type" field'],
    ['{"@type":1}', '@type field value is not a string: 1'],
    ['{"@type":""}', '@type field contains empty value'],
    ['{"@type":"flow.Flow","@type":"flow.Flow"}', 'duplicate "@type" field'],
    ['{"@type":"no.such"}', 'unable to resolve "no.such": "not found"'],
    ['{"@type":"google.protobuf.BoolValue"}', 'missing "value" field'],
    ['{"@type":"google.protobuf.BoolValue","value":true,"value":true}', 'duplicate "value" field'],
    ['{"@type":"google.protobuf.BoolValue","x":1}', 'unknown field "x"'],
  ])('%s is refused', (json, why) => {
    expect(() => extension(json)).toThrow(why);
  });
});

test('what nests too deeply is refused, and nothing overflows', () => {
  const nested = (depth: number) => `{"flow":{"new":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
  expect(read(nested(9_998), true)).toEqual({ flow: {} });
  expect(() => read(nested(9_999), true)).toThrow('proto: exceeded max recursion depth');
  const anys = '{"@type":"flow.Flow","extensions":'.repeat(1_500);
  expect(() => read(`{"flow":{"extensions":${anys}{}${'}'.repeat(1_500)}}}`)).toThrow(
    'proto: exceeded max recursion depth',
  );
  expect(() => filtersFromJson('['.repeat(10_001))).toThrow("invalid character '[' exceeded max");
  expect(() => filtersFromJson(`${'['.repeat(10_000)}${']'.repeat(10_000)}`)).toThrow(
    'proto: syntax error (line 1:1): unexpected token [',
  );
});
