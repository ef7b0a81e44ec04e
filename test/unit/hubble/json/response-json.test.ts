// JSON lines in, JSON lines out: the recorded flows through message, bytes and back.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { responseFromJson, toJson, toJsonLine } from '../../../../src/hubble/json/json.ts';
import {
  JSON_SOURCE_FIELD,
  jsonSource,
  withoutJsonSource,
} from '../../../../src/hubble/json/json-source.ts';
import { decode, encode } from '../../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';

/** As the response comes back from the bus or the store. */
function stored(line: string): GetFlowsResponse {
  return decode(GetFlowsResponse, encode(GetFlowsResponse, responseFromJson(line)));
}

describe('recorded flows', () => {
  test('as Hubble prints them come back byte for byte', () => {
    const lines = fixtureLines('corpus/flows');
    expect(lines).toHaveLength(4000);
    for (const line of lines) {
      const response = stored(line);
      expect(toJsonLine(GetFlowsResponse, response)).toBe(line);
      expect(jsonSource(response)).toBeUndefined();
    }
  });

  test('of real clusters come back as they were, bare ones in an envelope', () => {
    const lines = fixtureLines('captured/flows');
    expect(lines).toHaveLength(1963);
    let bare = 0;
    for (const line of lines) {
      const json = JSON.parse(line);
      const enveloped = 'flow' in json || 'lost_events' in json || 'node_status' in json;
      if (!enveloped) bare++;
      const { node_name, time } = json;
      const expected = enveloped
        ? json
        : JSON.parse(JSON.stringify({ flow: json, node_name, time }));
      expect(toJson(GetFlowsResponse, stored(line))).toEqual(expected);
    }
    expect(bare).toBe(19);
  });

  test('that are odd print as the reference prints them, or are refused', () => {
    const printed = new Set(fixtureLines('corpus/odd.printed'));
    const refused: string[] = [];
    const seen = new Set<string>();
    for (const line of fixtureLines('corpus/odd')) {
      try {
        seen.add(toJsonLine(GetFlowsResponse, withoutJsonSource(stored(line))));
      } catch (error) {
        expect(error).toHaveProperty('code', 'hubble/malformed');
        refused.push(line.slice(0, 12));
      }
    }
    expect(refused).toEqual(['{"flow": {"t', '', '   ', '[]', 'null', '"text"']);
    expect([...printed].filter((line) => !seen.has(line))).toEqual([]);
  });

  test('longer than Hubble reads survive', () => {
    const [line = ''] = fixtureLines('corpus/long').filter((each) => each.length > 65_536);
    expect(line.length).toBeGreaterThan(65_536);
    expect(toJson(GetFlowsResponse, stored(line))).toEqual(JSON.parse(line));
  });
});

describe('what no message can hold', () => {
  test.each([
    [
      'a key of the flow',
      '{"flow":{"verdict":"DROPPED","brand_new":{"a":[1,null]}},"time":"2026-03-14T10:00:02Z"}',
    ],
    ['a key of the envelope', '{"flow":{},"cluster":"x"}'],
    ['a deep key', '{"flow":{"source":{"workloads":[{"name":"a","uid":"u"}]}}}'],
    ['an enum name', '{"flow":{"verdict":"WEIRD_VERDICT","uuid":"u"}}'],
    ['another kind of event', '{"agent_event":{"type":"AGENT_STARTED"},"node_name":"n"}'],
    ['both of a oneof', '{"flow":{"l4":{"TCP":{"source_port":1},"UDP":{}}}}'],
    ['an Any of unknown type', '{"flow":{"extensions":{"@type":"x/no.such.Type","value":"hi"}}}'],
    ['a number too long', '{"flow":{"future":123456789012345678901234567890}}'],
    ['half a surrogate pair', '{"flow":{"uuid":"\\ud800"}}'],
    ['keys that look like indices', '{"flow":{"z":{"b":1,"1":2,"a":3}}}'],
    ['the name of a prototype', '{"flow":{"__proto__":{"a":1},"constructor":2}}'],
  ])('%s is kept as it came', (_, line) => {
    const response = stored(line);
    expect(jsonSource(response)).toBe(line);
    expect(toJsonLine(GetFlowsResponse, response)).toBe(line);
    expect(JSON.stringify(toJson(GetFlowsResponse, response))).toBe(
      JSON.stringify(JSON.parse(line)),
    );
  });

  test('is kept compactly, escaped, in an envelope', () => {
    const line =
      '{ "verdict" : "DROPPED",\t"new key" : "a <b>  \\" c" , "node_name":"k/n",\n"time":"2026-03-14T12:00:00+02:00"}';
    const response = stored(line);
    expect(response).toMatchObject({
      flow: { verdict: 2 },
      node_name: 'k/n',
      time: { seconds: 1773482400n, nanos: 0 },
    });
    expect(toJsonLine(GetFlowsResponse, response)).toBe(
      '{"flow":{"verdict":"DROPPED","new key":"a \\u003cb\\u003e  \\" c","node_name":"k/n","time":"2026-03-14T12:00:00+02:00"},"node_name":"k/n","time":"2026-03-14T10:00:00Z"}',
    );
  });

  test('leaves the rest of the message to work with', () => {
    const response = stored('{"flow":{"verdict":"DROPPED","brand_new":1},"node_name":"n"}');
    const { $unknown, ...known } = response;
    expect(known).toEqual({ flow: { verdict: 2 }, node_name: 'n' });
    expect($unknown).toBeDefined();
    expect(withoutJsonSource(response)).toEqual(known);
  });

  test('is dropped without other unknown fields', () => {
    const $unknown = new Uint8Array([0xf8, 0x7f, 5]);
    expect(withoutJsonSource({ $unknown })).toEqual({ $unknown });
    const source = responseFromJson('{"x":1}').$unknown ?? new Uint8Array(0);
    const both = { $unknown: new Uint8Array([...$unknown, ...source, ...$unknown]) };
    expect(withoutJsonSource(both).$unknown).toEqual(new Uint8Array([...$unknown, ...$unknown]));
    expect(jsonSource(both)).toBe('{"x":1}');
  });

  test('travels under a number no .proto takes', () => {
    expect(JSON_SOURCE_FIELD).toBe(2 ** 29 - 1);
    const bytes = encode(GetFlowsResponse, responseFromJson('{"x":1}'));
    expect([...bytes.subarray(0, 6)]).toEqual([0xfa, 0xff, 0xff, 0xff, 0x0f, 7]);
  });

  test.each(['no json', '[1]', '{"a":1}\n{"b":2}', '"text"'])(
    'is not what a peer calls so: %j',
    (text) => {
      const body = Buffer.from(text);
      const $unknown = Buffer.from([0xfa, 0xff, 0xff, 0xff, 0x0f, body.length, ...body]);
      const line = toJsonLine(GetFlowsResponse, { node_name: 'n', $unknown });
      expect(line).toBe('{"node_name":"n"}');
    },
  );
});

describe('lines without an envelope', () => {
  test.each([
    [
      '{"num_events_lost":"5","source":"HUBBLE_RING_BUFFER"}',
      '{"lost_events":{"source":"HUBBLE_RING_BUFFER","num_events_lost":"5"}}',
    ],
    ['{"source":"HUBBLE_RING_BUFFER"}', '{"lost_events":{"source":"HUBBLE_RING_BUFFER"}}'],
    ['{"state_change":"NODE_GONE"}', '{"node_status":{"state_change":"NODE_GONE"}}'],
    [
      '{"source":{"identity":1},"nodeName":"n"}',
      '{"flow":{"source":{"identity":1},"node_name":"n"},"node_name":"n"}',
    ],
    [
      '{"node_name":"n","time":"2026-03-14T10:00:02Z"}',
      '{"node_name":"n","time":"2026-03-14T10:00:02Z"}',
    ],
    ['{}', '{}'],
    ['{"flow":null,"node_name":"n"}', '{"node_name":"n"}'],
  ])('%s', (line, printed) => {
    expect(toJsonLine(GetFlowsResponse, stored(line))).toBe(printed);
  });
});

describe('numbers', () => {
  test('of 64 bits are exact, as text or not', () => {
    const line = '{"lost_events":{"num_events_lost":18446744073709551615,"cpu":-1}}';
    expect(stored(line).lost_events?.num_events_lost).toBe(18446744073709551615n);
    expect(stored('{"flow":{"socket_cookie":9007199254740993}}').flow?.socket_cookie).toBe(
      9007199254740993n,
    );
  });

  test('too long stay numbers where no number belongs', () => {
    expect(() => responseFromJson('{"flow":{"uuid":12345678901234567890}}')).toThrow(
      /flow.uuid: expected a string, got "12345678901234567890"/,
    );
    expect(() => responseFromJson('{"flow":{"drop_reason":12345678901234567890}}')).toThrow(
      /flow.drop_reason: expected an integer from 0 to 4294967295/,
    );
  });

  test('within text are text', () => {
    const line = '{"flow":{"uuid":"a\\"1234567890123456789, 5:1234567890123456789"}}';
    expect(toJsonLine(GetFlowsResponse, stored(line))).toBe(line);
  });
});

describe('lines that are no response', () => {
  test.each([
    '',
    '   ',
    '[]',
    'null',
    '"text"',
    '5',
    'true',
    '{',
    '{"flow":{}',
    '\u0000',
    '{"flow":{}}\u0000',
    '{"flow":[]}',
    '{"flow":5}',
    '{"flow":{"drop_reason":1e400}}',
    '\ufeff',
  ])('%j', (line) => {
    expect(() => responseFromJson(line)).toThrow(ParallaxError);
    expect(() => responseFromJson(line)).toThrow(/^no Hubble JSON: /);
  });

  test('nested without end', () => {
    for (const depth of [101, 1_000_000]) {
      const deep = `{"flow":{"new":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
      expect(() => responseFromJson(deep)).toThrow(/nested deeper than 100/);
      expect(() => responseFromJson('{"a":'.repeat(depth))).toThrow(/no Hubble JSON/);
    }
  });

  test('made at random', () => {
    const piece = fc.constantFrom(
      ...['{', '}', '[', ']', ':', ',', '"flow"', '"verdict"', '"time"', '"source"', '"new"'],
      ...[
        '"DROPPED"',
        'null',
        '1',
        '-1e9',
        '12345678901234567890',
        '""',
        '"\\ud800"',
        ' ',
        '\u0000',
      ],
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.array(piece).map((all) => all.join('')),
        ),
        (text) => {
          try {
            const response = stored(text);
            expect(typeof toJsonLine(GetFlowsResponse, response)).toBe('string');
          } catch (error) {
            expect(error).toHaveProperty('code', 'hubble/malformed');
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});
