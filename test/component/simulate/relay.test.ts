import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { Verdict } from '../../../src/hubble/proto/schema.gen.ts';
import { Health, Observer } from '../../../src/hubble/proto/services.ts';
import {
  client,
  firstRelay,
  read,
  simulation,
  unary,
  until,
} from '../../support/simulate/harness.ts';

const load = (more: Record<string, unknown> = {}) =>
  simulation({ scenario: 'load', keepLedger: true, ...more });
const stamp = (ms: number) => ({
  seconds: BigInt(Math.floor(ms / 1000)),
  nanos: Math.round((ms % 1000) * 1e6),
});

test('answers what a relay answers, with its version in the headers', async () => {
  const sim = await load({ rate: 5000, count: 900, ring: 100, nodes: 2 });
  await sim.done;
  const relay = client(firstRelay(sim));
  const { response: server, metadata } = await unary(relay, Observer.ServerStatus, {});
  expect(metadata.get('hubble-relay-version')).toEqual(['1.19.4']);
  expect(server).toMatchObject({
    num_flows: 200n,
    max_flows: 200n,
    seen_flows: 900n,
    num_connected_nodes: 2,
    num_unavailable_nodes: 0,
  });
  const { response: nodes } = await unary(relay, Observer.GetNodes, {});
  expect(
    nodes.nodes?.map(({ name, seen_flows, num_flows, max_flows, state }) => [
      name,
      seen_flows,
      num_flows,
      max_flows,
      state,
    ]),
  ).toEqual([
    ['load-1/ip-10-1-0-17', 450n, 100n, 100n, 1],
    ['load-1/ip-10-1-1-17', 450n, 100n, 100n, 1],
  ]);
  expect(nodes.nodes?.[0]?.uptime_ns).toBeGreaterThan(0n);
  const { response: spaces } = await unary(relay, Observer.GetNamespaces, {});
  expect(spaces.namespaces).toContainEqual({ cluster: 'load-1', namespace: 'payments' });
  for (const method of [Observer.GetAgentEvents, Observer.GetDebugEvents]) {
    await expect(unary(relay, { ...method, responseStream: true }, {})).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  }
});

test('health: known services serve, others are not found', async () => {
  const relay = client(firstRelay(await load({ count: 1 })));
  const check = (service: string) => unary(relay, Health.Check, { service });
  expect((await check('')).response.status).toBe(1);
  expect((await check('hubble.server.Observer')).response.status).toBe(1);
  await expect(check('nonsense')).rejects.toMatchObject({ code: status.NOT_FOUND });
  const watch = relay.makeServerStreamRequest(
    Health.Watch.path,
    Health.Watch.requestSerialize,
    Health.Watch.responseDeserialize,
    {},
  );
  watch.on('error', () => {});
  const first = await new Promise((resolve) => watch.once('data', resolve));
  expect(first).toEqual({ status: 1 });
  watch.cancel();
});

test('a follower gets every flow once, in every client', async () => {
  const sim = await load({ rate: 20_000, count: 10_000, ring: 20_000, waitForClient: true });
  const readings = [1, 2, 3].map(() => read(client(firstRelay(sim)), { follow: true }));
  await sim.done;
  const sent = sim.ledger?.uuids('sent') ?? [];
  expect(sent).toHaveLength(10_000);
  // The first client starts the load; the others may come a moment later.
  await until('all flows', () => readings[0]?.uuids.length === 10_000);
  expect([...(readings[0]?.uuids ?? [])].sort()).toEqual([...sent].sort());
  for (const { uuids, statuses, lost } of readings) {
    expect(new Set(uuids).size).toBe(uuids.length);
    expect(lost).toEqual([]);
    expect(statuses).toMatchObject([{ state_change: 1, node_names: expect.any(Array) }]);
  }
});

test('last, first, since, until and whole rings, a node at a time, merged by time', async () => {
  const sim = await load({ rate: 3000, count: 1500, nodes: 3, ring: 400 });
  await sim.done;
  const relay = client(firstRelay(sim));
  const get = async (request: Parameters<typeof read>[1]) => {
    const reading = read(relay, request);
    expect((await reading.ended).code).toBe(status.OK);
    return reading.responses.map(({ flow }) => ({
      uuid: flow?.uuid,
      node: flow?.node_name,
      ms: Number(flow?.time?.seconds) * 1000 + (flow?.time?.nanos ?? 0) / 1e6,
    }));
  };
  const all = await get({});
  expect(all).toHaveLength(1200);
  expect(all.map(({ ms }) => ms)).toEqual(all.map(({ ms }) => ms).sort((a, b) => a - b));
  expect(await get({ number: 2n ** 64n - 1n })).toEqual(all);
  const ofNode = (node: string | undefined) => all.filter((flow) => flow.node === node);
  const last = await get({ number: 5n });
  expect(last).toHaveLength(15);
  const first = await get({ number: 5n, first: true });
  expect(first).toHaveLength(15);
  for (const node of new Set(all.map((flow) => flow.node))) {
    expect(last.filter((flow) => flow.node === node)).toEqual(ofNode(node).slice(-5));
    expect(first.filter((flow) => flow.node === node)).toEqual(ofNode(node).slice(0, 5));
  }
  const from = all[300]?.ms ?? 0;
  const to = all[800]?.ms ?? 0;
  const within = await get({ since: stamp(from), until: stamp(to) });
  expect(within).toEqual(all.filter(({ ms }) => ms >= from && ms <= to));
  expect(await get({ whitelist: [{ node_name: ['*-1-17'] }] })).toEqual(
    ofNode('load-1/ip-10-1-1-17'),
  );
});

test('follow with since gives the history, then what is new, nothing twice', async () => {
  const sim = await load({ rate: 4000, count: 8000, ring: 8000, nodes: 2 });
  await until('some history', () => sim.made() > 2000);
  const reading = read(client(firstRelay(sim)), { follow: true, since: stamp(0) });
  await sim.done;
  await until('everything', () => reading.uuids.length >= 8000);
  expect([...reading.uuids].sort()).toEqual(sim.ledger?.uuids('sent').sort());
});

test('filters and masks are honoured, what it does not know is refused by name', async () => {
  const sim = await load({ rate: 5000, count: 2000, ring: 4000 });
  await sim.done;
  const relay = client(firstRelay(sim));
  const all = read(relay, {});
  await all.ended;
  const wanted = firstRelay(sim).rings.flatMap(({ name }) =>
    all.responses
      .filter((each) => each.node_name === name && each.flow?.verdict === Verdict.numbers.DROPPED)
      .slice(-10),
  );
  expect(wanted.length).toBeGreaterThan(3);
  const dropped = read(relay, {
    whitelist: [{ verdict: [Verdict.numbers.DROPPED] }],
    number: 10n,
    field_mask: { paths: ['verdict', 'uuid', 'node_name'] },
  });
  expect((await dropped.ended).code).toBe(status.OK);
  expect([...dropped.uuids].sort()).toEqual(wanted.map(({ flow }) => flow?.uuid).sort());
  for (const { flow } of dropped.responses) {
    expect(Object.keys(flow ?? {})).toEqual(['uuid', 'verdict', 'node_name']);
    expect(flow?.verdict).toBe(Verdict.numbers.DROPPED);
  }
  const refused = read(relay, { whitelist: [{ experimental: { cel_expression: ['true'] } }] });
  expect(await refused.ended).toMatchObject({
    code: status.UNIMPLEMENTED,
    details: expect.stringContaining('experimental'),
  });
  const both = read(relay, { first: true, follow: true });
  expect(await both.ended).toMatchObject({ code: status.INVALID_ARGUMENT });
});

test('a client that reads slowly loses what the rings forget, and is told exactly how much', async () => {
  const sim = await load({
    rate: 40_000,
    count: 60_000,
    ring: 1000,
    nodes: 2,
    waitForClient: true,
  });
  const reading = read(client(firstRelay(sim)), { follow: true });
  await until('the first flows', () => reading.uuids.length > 500);
  reading.call.pause();
  await sim.done;
  reading.call.resume();
  await until('all accounted for', () => reading.uuids.length + reading.lostEvents >= 60_000);
  expect(reading.lostEvents).toBeGreaterThan(1000);
  expect(reading.uuids.length + reading.lostEvents).toBe(60_000);
  expect(new Set(reading.uuids).size).toBe(reading.uuids.length);
  const missing = new Set(sim.ledger?.uuids('sent'));
  for (const uuid of reading.uuids) missing.delete(uuid);
  expect(missing.size).toBe(reading.lostEvents);
  expect(sim.ledger?.uuids('overwritten').sort()).toEqual([...missing].sort());
  for (const event of reading.lost) {
    expect(event.source).toBe(3);
    expect(Number(event.first?.seconds)).toBeLessThanOrEqual(Number(event.last?.seconds));
  }
});

test('a deadline ends the call', async () => {
  const sim = await load({ rate: 100 });
  const reading = read(client(firstRelay(sim)), { follow: true }, { deadline: Date.now() + 300 });
  expect((await reading.ended).code).toBe(status.DEADLINE_EXCEEDED);
  await until('the relay forgot it', () => firstRelay(sim).stats().followers === 0);
});
