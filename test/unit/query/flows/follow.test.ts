// Live streams: decoded once, filtered for each client, bounded for each.
import pino from 'pino';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { apiConfig } from '../../../../src/api/config.ts';
import type { Bus, BusRecord } from '../../../../src/bus/bus.ts';
import { FlowBatchBuilder } from '../../../../src/hubble/proto/batch.ts';
import { encode } from '../../../../src/hubble/proto/codec.ts';
import { type FlowFilter, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import {
  createLiveFlows,
  type LiveFlows,
  type LiveStream,
} from '../../../../src/query/flows/follow.ts';
import { systemClock } from '../../../../src/runtime/clock.ts';

interface FakeBus {
  readonly bus: Bus;
  publish(responses: readonly GetFlowsResponse[]): void;
  publishBytes(value: Buffer): void;
  tails(): number;
}

/** Of a bus, live streams use the tail alone. */
function unused(): never {
  throw new Error('not for live streams');
}

function fakeBus(): FakeBus {
  const handlers = new Set<(record: BusRecord) => void>();
  const publishBytes = (value: Buffer) => {
    const record = {
      topic: 't',
      partition: 0,
      offset: 0n,
      key: '',
      value,
      headers: {},
      timestampMs: 0,
    };
    for (const handler of handlers) handler(record);
  };
  return {
    bus: {
      name: 'bus',
      start: async () => {},
      stop: async () => {},
      health: () => ({ state: 'ok' }),
      publisher: unused,
      consumer: unused,
      deadLetter: unused,
      caughtUp: unused,
      tail: (handler) => ({
        name: 'tail',
        start: async () => void handlers.add(handler),
        stop: async () => void handlers.delete(handler),
        health: () => ({ state: 'ok' }),
      }),
    },
    publish(responses) {
      const builder = new FlowBatchBuilder();
      for (const response of responses) builder.add(encode(GetFlowsResponse, response));
      publishBytes(
        builder.seal({
          cluster: 'c',
          relay: 'r',
          collector: 'x',
          sequence: 0,
          receivedAt: 0n,
          replay: false,
        }),
      );
    },
    publishBytes,
    tails: () => handlers.size,
  };
}

/** Resolves once what was published has been looked at, which takes a few turns of the event loop. */
async function looked(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function live(
  settings: object = {},
): { readonly flows: LiveFlows; readonly registry: Registry } & FakeBus {
  const bus = fakeBus();
  const registry = new Registry();
  const config = apiConfig.parse({ live: settings }).live;
  const deps = { config, bus: bus.bus, registry, clock: systemClock };
  return {
    ...bus,
    registry,
    flows: createLiveFlows({ ...deps, logger: pino({ level: 'silent' }) }),
  };
}

/** Reads until `count` responses came. */
async function take(stream: LiveStream, count: number) {
  const taken: GetFlowsResponse[] = [];
  for await (const { response } of stream) if (taken.push(response) === count) break;
  return taken;
}

const flow = (verdict: number): GetFlowsResponse => ({ flow: { verdict, uuid: String(verdict) } });
const forever = () => new AbortController().signal;
const verdicts = (...numbers: number[]): FlowFilter[] => [{ verdict: numbers }];
const metric = async (registry: Registry, name: string) =>
  (await registry.getSingleMetric(name)?.get())?.values.reduce((sum, { value }) => sum + value, 0);

test('each client gets what its filters want; batches are decoded once', async () => {
  const { flows, publish, registry, tails } = live();
  const dropped = take(flows.follow(verdicts(2), [], forever()), 2);
  const rest = take(flows.follow([], verdicts(2), forever()), 2);
  expect(tails()).toBe(1);
  publish([flow(1), flow(2), flow(3), flow(2)]);
  expect((await dropped).map(({ flow }) => flow?.verdict)).toEqual([2, 2]);
  expect((await rest).map(({ flow }) => flow?.verdict)).toEqual([1, 3]);
  expect(await metric(registry, 'parallax_live_responses_total')).toBe(4);
  expect(await metric(registry, 'parallax_live_clients')).toBe(0);
});

test('who ends a stream before reading of it is let go', async () => {
  const { flows, registry } = live();
  const stream = flows.follow([], [], forever());
  const responses = stream[Symbol.asyncIterator]();
  expect(await metric(registry, 'parallax_live_clients')).toBe(1);
  await responses.return?.();
  expect(await metric(registry, 'parallax_live_clients')).toBe(0);
  expect(await responses.next()).toEqual({ done: true, value: undefined });
  // And one that fails while it waits, once.
  const over = new AbortController();
  const waiting = flows.follow([], [], over.signal)[Symbol.asyncIterator]();
  const next = waiting.next();
  over.abort();
  expect(await next).toEqual({ done: true, value: undefined });
  await waiting.return?.();
  expect(await metric(registry, 'parallax_live_clients')).toBe(0);
});

test('lost events and node status pass every filter', async () => {
  const { flows, publish } = live();
  const taken = take(flows.follow(verdicts(2), [], forever()), 2);
  publish([
    flow(1),
    { lost_events: { num_events_lost: 3n } },
    { node_status: { state_change: 2 } },
  ]);
  expect((await taken).map((response) => Object.keys(response)[0])).toEqual([
    'lost_events',
    'node_status',
  ]);
});

test('a slow client misses flows, is told how many, and slows nobody', async () => {
  const { flows, publish, registry } = live({ queue: 10 });
  const slow = flows.follow([], [], forever());
  const fast = take(flows.follow([], [], forever()), 1);
  publish(Array.from({ length: 25 }, () => flow(1)));
  await fast;
  await looked();
  const taken = await take(slow, 11);
  expect(taken.slice(0, 10).every(({ flow }) => flow?.verdict === 1)).toBe(true);
  expect(taken[10]?.lost_events).toEqual({ source: 2, num_events_lost: 15n });
  expect(await metric(registry, 'parallax_live_dropped_total')).toBeGreaterThanOrEqual(15);
});

test('batches beyond what may wait are counted for everybody', async () => {
  const { flows, publish } = live({ pending: '1B' });
  const stream = flows.follow([], [], forever());
  publish([flow(1)]);
  publish([flow(2), flow(2), flow(2)]);
  const taken = await take(stream, 2);
  expect(taken.map(({ flow }) => flow?.verdict)).toContain(1);
  expect(taken.map((each) => each.lost_events?.num_events_lost)).toContain(3n);
});

test('what cannot be decoded is counted and stops nothing', async () => {
  const { flows, publish, publishBytes, registry } = live();
  const taken = take(flows.follow([], [], forever()), 1);
  publishBytes(Buffer.from([0xff, 0xff]));
  publish([flow(4)]);
  expect((await taken)[0]?.flow?.verdict).toBe(4);
  expect(await metric(registry, 'parallax_live_malformed_total')).toBe(1);
});

test('a client ends by its signal, all end by stop, and the bus is left', async () => {
  const { flows, publish, tails } = live({ linger: '1ms' });
  const over = new AbortController();
  const first = take(flows.follow([], [], over.signal), 5);
  over.abort();
  expect(await first).toEqual([]);
  await expect.poll(tails).toBe(0);
  const second = take(flows.follow([], [], forever()), 5);
  publish([flow(1)]);
  await looked();
  await flows.stop(AbortSignal.timeout(1000));
  expect((await second).length).toBe(1);
  expect(tails()).toBe(0);
  expect(await take(flows.follow([], [], forever()), 1)).toEqual([]);
});

test('filters that cannot be understood are refused at once', () => {
  const { flows, tails } = live();
  expect(() => flows.follow([{ source_ip: ['x'] }], [], forever())).toThrow('invalid IP address');
  expect(tails()).toBe(0);
});

test('what an expression cannot be evaluated for is counted; one that costs much holds nobody up', async () => {
  const { flows, publish, registry } = live();
  const cel = (text: string): FlowFilter[] => [{ experimental: { cel_expression: [text] } }];
  const taken = take(flows.follow(cel('4 / _flow.verdict == 2'), [], forever()), 1);
  const costly = '_flow.node_labels.all(a, _flow.node_labels.all(b, a + b != "x"))';
  flows.follow(cel(costly), [], forever());
  const node_labels = Array.from({ length: 60 }, (_, index) => `label-${index}`);
  let turns = 0;
  const turn = setInterval(() => turns++, 1);
  publish([
    { flow: {} },
    ...Array.from({ length: 499 }, () => ({ flow: { node_labels, verdict: 1 } })),
  ]);
  publish([flow(2)]);
  expect((await taken).map(({ flow }) => flow?.verdict)).toEqual([2]);
  clearInterval(turn);
  expect(await metric(registry, 'parallax_live_unjudged_total')).toBeGreaterThanOrEqual(1);
  expect(turns).toBeGreaterThan(3);
});

test('a stream that lost something begins anew, one that did not keeps what waits', async () => {
  const { flows, publish } = live({ queue: 3, joinQueue: 5 });
  const stream = flows.follow([], [], forever());
  publish([flow(1), flow(2), flow(3)]);
  await looked();
  expect(stream.restart()).toBe(false);
  stream.setPatient(true);
  publish([flow(4), flow(5), flow(6)]);
  await looked();
  expect(stream.restart()).toBe(true);
  expect(stream.restart()).toBe(false);
  stream.setPatient(false);
  publish([flow(7), flow(8)]);
  await looked();
  expect((await take(stream, 2)).map(({ flow }) => flow?.verdict)).toEqual([7, 8]);
});

test('a client that reads nothing takes no room from the others', async () => {
  const { flows, publish } = live({ memory: '4KiB' });
  const stuck = flows.follow([], [], forever());
  const many = () => Array.from({ length: 100 }, () => flow(1));
  const large = Array.from({ length: 50 }, () => ({ flow: { Summary: 'x'.repeat(100) } }));
  publish(large);
  await looked();
  const reading = take(flows.follow(verdicts(1), [], forever()), 100);
  publish(many());
  expect((await reading).every(({ flow }) => flow?.verdict === 1)).toBe(true);
  const told = await take(stuck, 39);
  expect(told.filter((each) => each.lost_events).length).toBe(0);
});

test('all clients together hold no more bytes than allowed', async () => {
  const { flows, publish, registry } = live({ memory: '1KiB' });
  const streams = Array.from({ length: 3 }, () => flows.follow([], [], forever()));
  publish(Array.from({ length: 100 }, () => ({ flow: { verdict: 1, Summary: 'x'.repeat(100) } })));
  await looked();
  const held = await metric(registry, 'parallax_live_held_bytes');
  expect(await metric(registry, 'parallax_live_dropped_total')).toBeGreaterThan(280);
  const told = await Promise.all(streams.map((stream) => take(stream, 1)));
  expect(told.flat().length).toBe(3);
  expect(held).toBeLessThan(1300);
});
