import { expect, test } from 'vitest';
import { decode, encode } from '../../../src/hubble/proto/codec.ts';
import {
  type Flow,
  GetFlowsRequest,
  GetFlowsResponse,
  Verdict,
} from '../../../src/hubble/proto/schema.gen.ts';
import { type FlowsRequest, readFlowsRequest } from '../../../src/simulate/request.ts';

const read = (request: GetFlowsRequest) => readFlowsRequest(encode(GetFlowsRequest, request));
const shaped = (request: FlowsRequest, flow: Flow) => {
  const out = request.shape?.(encode(GetFlowsResponse, { flow, node_name: 'c/n' }));
  return out && decode(GetFlowsResponse, out.subarray(5));
};

test('reads what hubble observe sends', () => {
  const since = { seconds: 1_790_000_000n, nanos: 500_000_000 };
  expect(read({ number: 20n })).toMatchObject({ number: 20, first: false, follow: false });
  expect(read({ number: 2n ** 64n - 1n }).number).toBe(0);
  expect(read({ follow: true, since })).toMatchObject({ follow: true, sinceMs: 1_790_000_000_500 });
  expect(read({ whitelist: [{}], blacklist: [] }).shape).toBeUndefined();
});

test('node_name filters choose nodes and leave messages as they are', () => {
  const both = read({
    whitelist: [{ node_name: ['prod/'] }, { node_name: ['*-1'] }],
    blacklist: [{ node_name: ['prod/b*'] }],
  });
  expect(both.shape).toBeUndefined();
  const nodes = ['prod/a', 'prod/b-1', 'lab/x-1', 'x-1', 'lab/x-2'];
  expect(nodes.filter(both.wantsNode)).toEqual(['prod/a', 'lab/x-1', 'x-1']);
});

test('other filters look into each flow', () => {
  const request = read({ whitelist: [{ verdict: [Verdict.numbers.DROPPED] }] });
  expect(shaped(request, { verdict: Verdict.numbers.FORWARDED })).toBeUndefined();
  expect(shaped(request, { verdict: Verdict.numbers.DROPPED })).toBeDefined();
});

test('a field mask leaves only what it names', () => {
  const request = read({ field_mask: { paths: ['source.pod_name', 'verdict', 'source'] } });
  const flow = { verdict: 1, uuid: 'u', source: { pod_name: 'p', identity: 7 }, Summary: 's' };
  expect(shaped(request, flow)?.flow).toEqual({
    verdict: 1,
    source: { pod_name: 'p', identity: 7 },
  });
  const narrow = read({ field_mask: { paths: ['source.pod_name'] } });
  expect(shaped(narrow, flow)?.flow).toEqual({ source: { pod_name: 'p' } });
});

test.each<[string, GetFlowsRequest, number]>([
  ['first with follow', { first: true, follow: true }, 3],
  ['a bad pattern', { whitelist: [{ node_name: ['a/b/c'] }] }, 3],
  ['an unknown mask path', { field_mask: { paths: ['nope'] } }, 3],
  ['CEL', { whitelist: [{ experimental: { cel_expression: ['true'] } }] }, 12],
  ['an unknown filter', { whitelist: [{ $unknown: Buffer.from([0x98, 0x06, 1]) }] }, 12],
  ['an unknown field', { $unknown: Buffer.from([0x98, 0x06, 1]) }, 12],
])('refuses %s', (_, request, status) => {
  expect(() => read(request)).toThrow(expect.objectContaining({ status }));
});

test('refuses bytes that are no request', () => {
  expect(() => readFlowsRequest(Buffer.from([0xff]))).toThrow(
    expect.objectContaining({ status: 3 }),
  );
});
