// GetFlows over history, by Hubble's rules.

import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode, encode } from '../../../../src/hubble/proto/codec.ts';
import {
  Flow,
  FlowFilter,
  GetFlowsRequest,
  type GetFlowsResponse,
} from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { msToNs, SECOND_NS } from '../../../../src/runtime/time.ts';
import { FlowsCall, flowsOf, poll, serving } from '../../../support/api/grpc-server.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

const START = msToNs(Date.parse('2026-03-14T10:00:00Z'));
const COUNT = 60;
const at = (i: number) => fromNanos(START + BigInt(i) * SECOND_NS);
const uuid = (i: number) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`;
const range = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => uuid(from + i));

const responses: GetFlowsResponse[] = Array.from({ length: COUNT }, (_, i) => ({
  flow: {
    time: at(i),
    uuid: uuid(i),
    verdict: i % 10 === 3 ? 2 : 1,
    traffic_direction: 2,
    IP: { source: '10.0.0.1', destination: '10.0.0.2', ipVersion: 1 },
    source: { identity: 7, namespace: 'shop', pod_name: `web-${i}`, labels: ['k8s:app=web'] },
    destination: { identity: 9, namespace: 'db', pod_name: 'pg-0' },
    node_name: 'eks/node-1',
    Summary: 'TCP Flags: SYN',
  },
  node_name: 'eks/node-1',
  time: at(i),
}));
const lost: GetFlowsResponse = {
  lost_events: { source: 3, num_events_lost: 5n },
  node_name: 'eks/node-1',
  time: fromNanos(START + 30_500_000_000n),
};

let stored: StoredCorpus;
beforeAll(async () => {
  stored = await storedCorpus();
  await stored.insert([...responses, lost]);
});
afterAll(() => stored.close());

async function ask(request: GetFlowsRequest | Buffer, settings: object = {}) {
  const { client } = await serving(stored.store, { settings });
  return flowsOf(client(), request);
}

test('the newest N, told oldest first, and lost events besides', async () => {
  expect((await ask({ number: 5n })).uuids).toEqual(range(55, 60));
  const more = await ask({ number: 40n });
  expect(more.uuids).toEqual(range(20, 60));
  expect(more.responses.filter((each) => each.lost_events)).toEqual([lost]);
  expect(more.responses.length).toBe(41);
});

test('the oldest N', async () => {
  expect((await ask({ number: 4n, first: true })).uuids).toEqual(range(0, 4));
});

test('everything, when no number is given or the largest one', async () => {
  expect((await ask({})).uuids).toEqual(range(0, 60));
  expect((await ask({ number: 2n ** 64n - 1n })).uuids.length).toBe(60);
});

test('since and until are both included', async () => {
  expect((await ask({ since: at(10), until: at(13) })).uuids).toEqual(range(10, 14));
  expect((await ask({ since: at(57) })).uuids).toEqual(range(57, 60));
  expect((await ask({ until: at(2) })).uuids).toEqual(range(0, 3));
  expect((await ask({ since: at(10), until: at(20), number: 3n })).uuids).toEqual(range(18, 21));
});

test('a time that protobuf does not allow is refused, as by a relay; the first and the last are taken', async () => {
  const odd = [
    { seconds: 0n, nanos: -1 },
    { seconds: 0n, nanos: 1_000_000_000 },
    { seconds: 253_402_300_800n, nanos: 0 },
    { seconds: -62_135_596_801n, nanos: 0 },
    { seconds: 2n ** 62n, nanos: 0 },
  ];
  for (const time of odd)
    for (const name of ['since', 'until'])
      expect(await ask({ [name]: time })).toMatchObject({
        code: status.INVALID_ARGUMENT,
        details: expect.stringContaining(`${name}: ${time.seconds} seconds and ${time.nanos}`),
        uuids: [],
      });
  const since = { seconds: -62_135_596_800n, nanos: 0 };
  const until = { seconds: 253_402_300_799n, nanos: 999_999_999 };
  expect((await ask({ since, until })).uuids).toEqual(range(0, 60));
});

test('a flow matches one of the whitelist and none of the blacklist', async () => {
  const dropped = await ask({ whitelist: [{ verdict: [2] }] });
  expect(dropped.uuids).toEqual([3, 13, 23, 33, 43, 53].map(uuid));
  // Lost events pass every filter, as from a relay.
  expect(dropped.responses.filter((each) => each.lost_events).length).toBe(1);
  const either = { whitelist: [{ verdict: [2] }, { source_pod: ['shop/web-5'] }] };
  expect((await ask(either)).uuids.length).toBe(6 + 11 - 1);
  const without = { ...either, blacklist: [{ source_pod: ['shop/web-5'] }] };
  expect((await ask(without)).uuids).toEqual([3, 13, 23, 33, 43].map(uuid));
});

test('first with follow is refused as Hubble does', async () => {
  const { code, details } = await ask({ first: true, follow: true, number: 1n });
  expect({ code, details }).toEqual({
    code: status.INVALID_ARGUMENT,
    details: 'first cannot be specified with follow',
  });
});

test('what is no filter is refused with the reason', async () => {
  const { code, details } = await ask({ whitelist: [{ source_ip: ['x'] }] });
  expect(code).toBe(status.INVALID_ARGUMENT);
  expect(details).toContain('invalid IP address "x"');
  const many = await ask({ whitelist: Array.from({ length: 9 }, () => ({})) }, { maxFilters: 8 });
  expect(many).toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: expect.stringContaining('9 filters are more than 8 (api.maxFilters)'),
  });
});

test('an answer longer than allowed ends with an error that says so', async () => {
  const { code, details, uuids } = await ask({}, { maxRows: 10 });
  expect(code).toBe(status.RESOURCE_EXHAUSTED);
  expect(details).toContain('more than 10 flows');
  expect(uuids).toEqual(range(0, 10));
});

test('a field mask cuts the flow, and nothing else', async () => {
  const paths = ['uuid', 'source.pod_name', 'destination', 'IP.source'];
  const { responses: got } = await ask({ number: 1n, field_mask: { paths } });
  expect(got).toEqual([
    {
      flow: {
        uuid: uuid(59),
        IP: { source: '10.0.0.1' },
        source: { pod_name: 'web-59' },
        destination: { identity: 9, namespace: 'db', pod_name: 'pg-0' },
      },
      node_name: 'eks/node-1',
      time: at(59),
    },
  ]);
});

test('the mask that hubble sends by default', async () => {
  const paths = [
    ...['time', 'verdict', 'ethernet', 'IP', 'l4', 'source.identity', 'source.namespace'],
    ...['source.pod_name', 'destination.identity', 'destination.namespace', 'destination.pod_name'],
    ...['Type', 'node_name', 'l7', 'event_type', 'source_service', 'destination_service'],
    ...['is_reply', 'Summary', 'ip_trace_id'],
  ];
  const { responses: got } = await ask({ number: 1n, field_mask: { paths } });
  const { uuid: _, traffic_direction, source, ...kept } = responses[59]?.flow ?? {};
  const { labels, ...named } = source ?? {};
  expect(got[0]?.flow).toEqual({ ...kept, source: named });
});

test('paths that a newer client knows are ignored, and so are empty masks', async () => {
  const paths = ['verdict', 'from_the_future', 'source.tomorrow', 'l7.dns.query.deeper'];
  expect((await ask({ number: 1n, field_mask: { paths } })).responses[0]?.flow).toEqual({
    verdict: 1,
  });
  const all = await ask({ number: 1n, field_mask: { paths: [] } });
  expect(all.responses).toEqual([responses[59]]);
});

/** A field of number 5000 that nobody knows: a varint, or a message. */
const unknown = Buffer.from([0xc0, 0xb8, 0x02, 0x01]);

test('unknown fields of a request and of its filters are ignored', async () => {
  const request = encode(GetFlowsRequest, {
    number: 2n,
    experimental: {},
    extensions: { type_url: 'type.googleapis.com/future.Request', value: new Uint8Array([1]) },
  });
  expect((await ask(Buffer.concat([request, unknown]))).uuids).toEqual(range(58, 60));
  const filter = decode(FlowFilter, Buffer.concat([encode(FlowFilter, { verdict: [2] }), unknown]));
  expect((await ask({ number: 1n, whitelist: [filter] })).uuids).toEqual([uuid(53)]);
  // A blacklist of nothing but what is not known must not shut everything out.
  const strange = decode(FlowFilter, unknown);
  expect((await ask({ number: 1n, blacklist: [strange] })).uuids).toEqual([uuid(59)]);
  expect((await ask({ number: 1n, whitelist: [{ verdict: [99, 2] }] })).uuids).toEqual([uuid(53)]);
});

/** Long before the others, so that these do not see them. */
const earlier = (i: number) => fromNanos(START - 10n ** 16n + msToNs(i));

test('a flow of a newer Hubble comes back as it was, with and without a mask', async () => {
  const flow = decode(
    Flow,
    Buffer.concat([encode(Flow, { verdict: 42, uuid: uuid(100) }), unknown]),
  );
  const newer: GetFlowsResponse = { flow: { ...flow, time: earlier(-1000) }, time: earlier(-1000) };
  await stored.insert([newer]);
  const request = { number: 1n, until: earlier(-1) };
  expect((await ask(request)).responses).toEqual([newer]);
  const cut = await ask({ ...request, field_mask: { paths: ['verdict'] } });
  expect(cut.responses[0]?.flow).toEqual({ verdict: 42 });
});

test('a client that reads nothing holds the answer up, not the memory', async () => {
  const count = 12_000;
  const many = Array.from({ length: count }, (_, i) => ({
    ...responses[0],
    flow: {
      ...responses[0]?.flow,
      uuid: uuid(1000 + i),
      time: earlier(i),
      Summary: 'x'.repeat(500),
    },
  }));
  await stored.insert(many);
  const { client, metric } = await serving(stored.store);
  const { call, status: ended } = new FlowsCall(client(), {
    since: earlier(0),
    until: earlier(count),
  });
  call.pause();
  const sent = () => metric('parallax_grpc_flows_sent_total');
  let before = -1;
  const still = async () => {
    const now = await sent();
    const same = now === before && now > 0;
    before = now;
    return same;
  };
  await poll(still, { interval: 400, timeout: 20_000 }).toBe(true);
  expect(before).toBeLessThan(6_000);
  expect(await metric('parallax_grpc_waits_total')).toBeGreaterThan(0);
  call.resume();
  expect((await ended).code).toBe(status.OK);
  expect(await sent()).toBe(count);
});

test('a call that is cancelled ends its query', async () => {
  const aborted: boolean[] = [];
  const store = new Proxy(stored.store, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name, target);
      return async function* (...args: Parameters<typeof target.query>) {
        const signal = args[2]?.signal;
        await new Promise<void>((resolve) => {
          const end = () => resolve();
          signal?.addEventListener('abort', end, { once: true });
        });
        aborted.push(signal?.aborted === true);
        yield* target.query(...args);
      };
    },
  });
  const { client, metric } = await serving(store);
  const asked = new FlowsCall(client(), { number: 1n });
  await poll(() => metric('parallax_grpc_streams')).toBe(1);
  asked.call.cancel();
  expect((await asked.status).code).toBe(status.CANCELLED);
  await poll(() => aborted.length).toBeGreaterThan(0);
  expect(aborted.every(Boolean)).toBe(true);
  await poll(() => metric('parallax_grpc_streams')).toBe(0);
  expect(await metric('parallax_grpc_calls_total', { code: 'CANCELLED' })).toBe(1);
});
