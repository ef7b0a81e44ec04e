// There and back: responses → projection → ClickHouse → rows → the same responses.
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createClusterFinder } from '../../../../src/enrich/inventory/clusters.ts';
import { createEndFinder } from '../../../../src/enrich/inventory/ends.ts';
import { createProjector, type Projection } from '../../../../src/enrich/project/projector.ts';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import { decode } from '../../../../src/hubble/proto/codec.ts';
import { type Flow, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { restoreEvent, restoreFlow } from '../../../../src/query/read/restore/flow.ts';
import { RESTORE_EVENT, restoreSelect } from '../../../../src/query/read/restore/select.ts';
import { FLOW_COLUMNS } from '../../../../src/store/schema/columns.ts';
import { FlowsTable } from '../../../support/enrich/flows-table.ts';
import {
  batchOf,
  encodeResponse,
  tameResponses,
  wildResponses,
} from '../../../support/enrich/responses.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';

const table = new FlowsTable();
const finder = createEndFinder({ clusters: createClusterFinder() });
/** Knows what takes Kubernetes to know, so that no column is left out. */
const projector = createProjector({
  ends: {
    version: 0,
    find: (...args) => ({ ...finder.find(...args), zone: 'zone-a' }),
    scopes: () => () => 'global',
  },
});

beforeEach(() => table.clear());
afterAll(() => table.close());

/** Stores the responses and compares what comes back with what a full decode of their bytes gives. */
function roundTrip(encoded: readonly Uint8Array[], header: { cluster?: string } = {}): Projection {
  const projection = projector.project(batchOf(encoded, header));
  expect(projection.rejected).toEqual([]);
  if (projection.flows) table.insert(projection.flows);
  if (projection.events) table.insert(projection.events);
  const expected = encoded.map((bytes) => decode(GetFlowsResponse, bytes));
  const flows = table.select(restoreSelect().render().text, 'flows').map((row) => restoreFlow(row));
  const events = table
    .select(RESTORE_EVENT.render().text, 'events')
    .map((row) => restoreEvent(row));
  expectSame(
    flows,
    expected.filter(({ flow }) => flow !== undefined),
  );
  expectSame(
    events,
    expected.filter(({ flow }) => flow === undefined),
  );
  expect(projection.counts).toMatchObject({ flows: flows.length, events: events.length });
  return projection;
}

/** One comparison a response: a diff of thousands says nothing. */
function expectSame(actual: readonly object[], expected: readonly object[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [i, response] of actual.entries()) {
    if (!isDeepStrictEqual(response, expected[i])) expect(response).toStrictEqual(expected[i]);
  }
}

describe('flows come back as they were', () => {
  test.each([1, 2])('generated, within what columns hold (seed %i)', (seed) => {
    const projection = roundTrip(tameResponses(1000, seed).map(encodeResponse));
    expect(projection.counts.raw).toBe(0);
    const unused = FLOW_COLUMNS.filter(({ name }) => !projection.flows?.columns.includes(name));
    expect(unused.map(({ name }) => name)).toEqual(['raw']);
  });

  test.each([4, 5])('generated, anything goes (seed %i)', (seed) => {
    const projection = roundTrip(wildResponses(2000, seed).map(encodeResponse));
    expect(projection.counts.raw).toBeGreaterThan(100);
    expect(projection.counts.events).toBeGreaterThan(100);
  });

  test.each(['captured/flows', 'corpus/flows', 'corpus/long'])('recorded: %s', (name) => {
    const responses = fixtureLines(name).map((line) => encodeResponse(responseFromJson(line)));
    const projection = roundTrip(responses, { cluster: '' });
    expect(projection.counts.raw).toBeLessThan(responses.length / 20);
  });

  const base: GetFlowsResponse = {
    flow: {
      time: { seconds: 1_773_500_000n, nanos: 5 },
      uuid: '3cc0c113-0662-4769-a5d7-b3da3a2d370b',
      node_name: 'kind-lab/n1',
    },
    node_name: 'kind-lab/n1',
    time: { seconds: 1_773_500_000n, nanos: 5 },
  };
  const flowWith = (flow: Flow): GetFlowsResponse => ({ ...base, flow: { ...base.flow, ...flow } });
  const odd: Readonly<Record<string, readonly [GetFlowsResponse, keeps: 'columns' | 'raw']>> = {
    'a label of 100 kB': [flowWith({ source: { labels: ['x'.repeat(100_000)] } }), 'columns'],
    'NUL bytes': [flowWith({ source: { pod_name: 'a\u0000b' }, Summary: '\u0000' }), 'columns'],
    'an uuid in capitals': [flowWith({ uuid: '3CC0C113-0662-4769-A5D7-B3DA3A2D370B' }), 'columns'],
    'an uuid that is text': [flowWith({ uuid: 'flow-1' }), 'columns'],
    'no uuid': [{ ...base, flow: { ...base.flow, uuid: undefined } }, 'columns'],
    'the first moment of 1900': [moment(-2_208_988_800n), 'columns'],
    'the last of 1899': [moment(-2_208_988_801n), 'raw'],
    '1970': [moment(0n), 'columns'],
    '2200': [moment(7_258_118_400n), 'columns'],
    'the last second of 2261': [moment(9_214_646_399n), 'columns'],
    'the first of 2262': [moment(9_214_646_400n), 'raw'],
    'year 1': [moment(-62_135_596_800n), 'raw'],
    'year 9999': [moment(253_402_300_799n), 'raw'],
    'no time at all': [{ flow: { verdict: 1 } }, 'columns'],
    'times a century apart': [
      { ...base, time: { seconds: -1_773_500_000n, nanos: 999_999_999 } },
      'columns',
    ],
    'times three centuries apart': [
      {
        flow: { time: { seconds: -2_208_988_800n, nanos: 0 } },
        time: { seconds: 9_214_646_399n, nanos: 0 },
      },
      'raw',
    ],
    'nanoseconds below 0': [{ ...base, time: { seconds: 1n, nanos: -1 } }, 'raw'],
    'an empty list element': [flowWith({ node_labels: ['a', ''] }), 'raw'],
    'a newline in a list element': [flowWith({ policy_log: ['a\nb'] }), 'raw'],
    'a workload with a slash': [flowWith({ source: { workloads: [{ name: 'a/b' }] } }), 'raw'],
    'a workload without name and kind': [flowWith({ source: { workloads: [{}] } }), 'raw'],
    'a verdict of 300': [flowWith({ verdict: 300 }), 'raw'],
    'a port of 70000': [flowWith({ l4: { TCP: { source_port: 70_000 } } }), 'raw'],
    'empty messages': [
      flowWith({
        emitter: {},
        ethernet: {},
        IP: {},
        l4: {},
        tunnel: {},
        source: {},
        destination: {},
        l7: {},
        event_type: {},
        source_service: {},
        file: {},
        interface: {},
        trace_context: {},
        aggregate: {},
        is_reply: false,
        extensions: { type_url: '', value: new Uint8Array(0) },
      }),
      'columns',
    ],
    'an empty flow': [{ flow: {} }, 'columns'],
    'an empty response': [{}, 'columns'],
  };

  test.each(Object.entries(odd))('%s', (_, [response, keeps]) => {
    const projection = roundTrip([encodeResponse(response)]);
    expect(projection.counts.raw).toBe(keeps === 'raw' ? 1 : 0);
  });

  function moment(seconds: bigint): GetFlowsResponse {
    const time = { seconds, nanos: 999_999_999 };
    return { ...base, flow: { ...base.flow, time }, time };
  }
});

describe('what the bytes may hold beyond the messages', () => {
  const flow = (...parts: Uint8Array[]) => bytesField(1, Buffer.concat(parts));
  const cases: Readonly<Record<string, Buffer>> = {
    'an unknown field in the response': Buffer.concat([flow(), bytesField(77, Buffer.from('new'))]),
    'an unknown field in the flow': flow(bytesField(500, Buffer.from('new'))),
    'an unknown field in an endpoint': flow(bytesField(8, bytesField(50, Buffer.from('new')))),
    'an unknown field in a workload': flow(
      bytesField(8, bytesField(6, Buffer.concat([text(1, 'a'), text(9, 'new')]))),
    ),
    'an unknown field in a policy': flow(bytesField(21_001, text(77, 'new'))),
    'an unknown field in a tunnel': flow(bytesField(39, bytesField(2, text(77, 'new')))),
    'an unknown field in a timestamp': flow(bytesField(1, text(7, 'new'))),
    'an unknown protocol': flow(bytesField(6, bytesField(12, Buffer.alloc(0)))),
    'a group': flow(Buffer.from([0xfb, 0x07, 0x08, 0x01, 0xfc, 0x07])),
    'a known field of another wire type': flow(text(2, 'FORWARDED')),
    'two times one message': flow(bytesField(8, text(5, 'a')), bytesField(8, text(3, 'b'))),
    'two protocols': flow(
      bytesField(
        6,
        Buffer.concat([bytesField(1, Buffer.from([8, 80])), bytesField(2, Buffer.from([8, 53]))]),
      ),
    ),
    'a list in two parts': flow(text(37, 'a'), Buffer.from([16, 1]), text(37, 'b')),
    'two flows': Buffer.concat([flow(text(11, 'a')), flow(Buffer.from([16, 1]))]),
    'lost events, then a flow': Buffer.concat([
      bytesField(3, Buffer.from([16, 1])),
      flow(text(11, 'a')),
    ]),
    'text that is not UTF-8': flow(bytesField(11, Buffer.from([0x61, 0xff, 0xfe]))),
    'a label that is not UTF-8': flow(bytesField(8, bytesField(4, Buffer.from([0xc3, 0x28])))),
    'an uuid that is not UTF-8': flow(bytesField(34, Buffer.from([0xc3, 0x28]))),
    'a header that is not UTF-8': flow(
      bytesField(15, bytesField(101, bytesField(5, bytesField(2, Buffer.from([0xff]))))),
    ),
  };

  test.each(Object.entries(cases))('%s', (_, bytes) => {
    expect(roundTrip([bytes]).counts.raw).toBe(1);
  });

  test('a flow, then lost events: the last one counts', () => {
    const bytes = Buffer.concat([flow(text(11, 'a')), bytesField(3, Buffer.from([16, 1]))]);
    expect(roundTrip([bytes]).counts).toMatchObject({ flows: 0, events: 1 });
  });

  test('columns have readable text where bytes are not UTF-8', () => {
    roundTrip([flow(bytesField(11, Buffer.from([0x61, 0xff])))]);
    expect(table.select('node_name', 'flows')).toEqual([['a\ufffd']]);
  });

  test('what is no protobuf is refused, and the others of its batch are stored', () => {
    const good = flow(text(11, 'kind-lab/n1'), Buffer.from([16, 1]));
    const bad = {
      truncated: good.subarray(0, -1),
      'bad-tag': Buffer.from([0x07]),
      'bad-varint': flow(Buffer.from([16, ...Array<number>(11).fill(0xff)])),
    };
    const batch = batchOf([good, ...Object.values(bad), good]);
    const { rejected, flows, counts } = projector.project(batch);
    expect(rejected.map(({ index, reason }) => [index, reason])).toEqual(
      Object.keys(bad).map((reason, i) => [i + 1, reason]),
    );
    for (const bytes of Object.values(bad)) {
      expect(() => decode(GetFlowsResponse, bytes)).toThrow('no protobuf');
    }
    expect(counts.flows).toBe(2);
    if (flows) table.insert(flows);
    const rows = table.select('node_name, verdict', 'flows');
    expect(rows).toEqual([
      ['kind-lab/n1', 1],
      ['kind-lab/n1', 1],
    ]);
  });
});

test.each([6, 7])('spoilt bytes are refused by projection and decoder alike (seed %i)', (seed) => {
  const spoilt = [...tameResponses(300, seed), ...wildResponses(300, seed)].flatMap((response, i) =>
    [1, 2, 3].map((round) => spoil(encodeResponse(response), i * 31 + round * 7 + seed)),
  );
  const { rejected, flows } = projector.project(batchOf(spoilt));
  const refused = new Set(rejected.map(({ index }) => index));
  const expected: GetFlowsResponse[] = [];
  for (const [i, bytes] of spoilt.entries()) {
    if (refused.has(i)) expect(() => decode(GetFlowsResponse, bytes)).toThrow('no protobuf');
    else expected.push(decode(GetFlowsResponse, bytes));
  }
  if (flows) table.insert(flows);
  const restored = table
    .select(restoreSelect().render().text, 'flows')
    .map((row) => restoreFlow(row));
  expect(refused.size).toBeGreaterThan(100);
  // Compared as encoded: a scalar that came twice, 0 last, is 0 to the decoder and absent to us.
  expectSame(
    restored.map(encodeResponse),
    expected.filter(({ flow }) => flow !== undefined).map(encodeResponse),
  );
});

test('columns to filter by, over the recorded flows', () => {
  const responses = fixtureLines('corpus/flows').map(responseFromJson);
  const { flows } = projector.project(batchOf(responses.map(encodeResponse), { cluster: '' }));
  if (flows) table.insert(flows);
  const columns = `cluster, relay, toString(received_at), time_slot, toString(uuid), node_name,
    source_namespace, destination_pod_name, source_labels, destination_port, verdict,
    source_cluster, source_cluster_id`;
  const ids = new Map([
    ['liz-cm-eks-6', 6],
    ['liz-cm-gke-5', 5],
    ['kind-lab', 12],
  ]);
  const expected = responses.flatMap(({ flow }) => {
    if (!flow) return [];
    const ports = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
    const [node, identity] = [flow.node_name ?? '', flow.source?.identity ?? 0];
    const label = flow.source?.labels?.find((each) => each.startsWith(CLUSTER_LABEL));
    const cluster = flow.source?.cluster_name ?? label?.slice(CLUSTER_LABEL.length) ?? '';
    return [
      [
        node.includes('/') ? node.split('/')[0] : 'default',
        'lab',
        '2026-03-14 14:53:20.123',
        Math.floor(Number(flow.time?.seconds) / 300),
        flow.uuid,
        node,
        flow.source?.namespace ?? '',
        flow.destination?.pod_name ?? '',
        flow.source?.labels?.join('\n') ?? '',
        ports?.destination_port ?? 0,
        flow.verdict ?? 0,
        cluster,
        identity > 0xffff && identity <= 0xffffff ? ids.get(cluster) : 0,
      ],
    ];
  });
  expectSame(table.select(columns, 'flows'), expected);
});

const CLUSTER_LABEL = 'k8s:io.cilium.k8s.policy.cluster=';

function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function text(number: number, value: string): Buffer {
  return bytesField(number, Buffer.from(value));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128);
  return Buffer.from([...bytes, value]);
}

/** One byte changed, left out or put in, or the end cut off. */
function spoil(bytes: Buffer, seed: number): Buffer {
  const at = (seed * 2_654_435_761) % Math.max(bytes.length, 1);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
  const byte = Buffer.from([(seed * 40_503) & 0xff]);
  switch (seed % 4) {
    case 0:
      return head;
    case 1:
      return Buffer.concat([head, byte, tail]);
    case 2:
      return Buffer.concat([head, tail]);
    default:
      return Buffer.concat([head, byte, bytes.subarray(at)]);
  }
}
