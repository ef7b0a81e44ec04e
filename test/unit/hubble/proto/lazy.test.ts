// The lazy reading against the full decoder: every field of the flow, whatever the bytes.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode, encode } from '../../../../src/hubble/proto/codec.ts';
import { LazyResponse } from '../../../../src/hubble/proto/lazy.ts';
import { Flow, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { corpus } from '../../../support/cli/recorded.ts';

const lazy = new LazyResponse();

/** What a filter could see of it, field by field, last field first so that order does not matter. */
function seen(bytes: Buffer): unknown {
  const { flow } = lazy.read(bytes);
  if (flow === undefined) return undefined;
  const values = flow as unknown as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    [...Flow.fields]
      .reverse()
      .map(({ name }) => [name, values[name]])
      .filter(([, value]) => value !== undefined),
  );
}

function decoded(bytes: Buffer): unknown {
  const { flow } = decode(GetFlowsResponse, bytes);
  if (flow === undefined) return undefined;
  const { $unknown: _, ...known } = flow;
  return known;
}

test('every response of the corpus', async () => {
  for (const response of await corpus('flows.jsonl')) {
    const bytes = encode(GetFlowsResponse, response);
    expect(seen(bytes)).toEqual(decoded(bytes));
  }
});

test('fields out of order, repeated, merged, unknown, in several flows of one response', () => {
  const flow = fc.record(
    {
      verdict: fc.nat(9),
      uuid: fc.string(),
      node_labels: fc.array(fc.string(), { maxLength: 3 }),
      source: fc.record(
        { namespace: fc.string(), labels: fc.array(fc.string()), ID: fc.nat(9) },
        { requiredKeys: [] },
      ),
      l4: fc.oneof(
        fc.record({ TCP: fc.record({ source_port: fc.nat(65_535) }) }),
        fc.record({ UDP: fc.record({ destination_port: fc.nat(65_535) }) }),
      ),
      is_reply: fc.boolean(),
      Summary: fc.string(),
      $unknown: fc.constant(new Uint8Array([0xc0, 0xb8, 0x02, 0x01])),
    },
    { requiredKeys: [] },
  );
  const part = fc.oneof(
    fc.array(flow, { maxLength: 4 }).map((flows) => {
      const body = Buffer.concat(flows.map((each) => encode(Flow, each)));
      const head = encode(GetFlowsResponse, { flow: { $unknown: new Uint8Array(body) } });
      return head;
    }),
    fc.constant(encode(GetFlowsResponse, { node_name: 'n' })),
    fc.constant(encode(GetFlowsResponse, { lost_events: { num_events_lost: 3n } })),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 3 }), (parts) => {
      const bytes = Buffer.concat(parts);
      expect(seen(bytes)).toEqual(decoded(bytes));
    }),
    { numRuns: 500 },
  );
});

test('bytes that are no response are refused', () => {
  for (const bytes of [
    [0xff, 0xff],
    [0x0a, 0x05, 0x01],
    [0x0a, 0x02, 0x0a, 0x09],
  ])
    expect(() => lazy.read(Buffer.from(bytes))).toThrow('no protobuf message');
});
