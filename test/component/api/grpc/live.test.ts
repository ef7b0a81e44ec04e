// GetFlows that goes on: new flows alone, and history joined to them under load without a gap or doubles.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GetFlowsRequest, GetFlowsResponse } from '../../../../src/hubble/proto/schema.gen.ts';
import { fromNanos } from '../../../../src/hubble/proto/timestamp.ts';
import { ParallaxError } from '../../../../src/runtime/errors.ts';
import { HOUR_NS, msToNs, SECOND_NS } from '../../../../src/runtime/time.ts';
import {
  FlowsCall,
  flowsOf,
  poll,
  type Serving,
  serving,
} from '../../../support/api/grpc-server.ts';
import { type StoredCorpus, storedCorpus } from '../../../support/query/stored.ts';

let stored: StoredCorpus;
beforeAll(async () => {
  stored = await storedCorpus();
});
afterAll(() => stored.close());

const nanosNow = () => msToNs(Date.now());

function flow(more: GetFlowsResponse['flow'] = {}): GetFlowsResponse {
  const time = fromNanos(nanosNow());
  return { flow: { time, uuid: randomUUID(), verdict: 1, ...more }, node_name: 'n', time };
}

async function joined(server: Serving, calls: number): Promise<void> {
  await poll(() => server.metric('parallax_live_clients')).toBe(calls);
  await sleep(50);
}

test('new flows as they come, through the filters and cut by the mask', async () => {
  const server = await serving(stored.store);
  const all = new FlowsCall(server.client(), { follow: true });
  const dropped = new FlowsCall(server.client(), {
    follow: true,
    whitelist: [{ verdict: [2] }],
    field_mask: { paths: ['verdict'] },
  });
  await joined(server, 2);
  const sent = [flow(), flow({ verdict: 2 }), { lost_events: { num_events_lost: 3n } }];
  await server.publish(sent);
  await poll(() => all.responses).toEqual(sent);
  expect(dropped.responses).toEqual([{ ...sent[1], flow: { verdict: 2 } }, sent[2]]);
});

test('a client that reads too slowly is told how much it missed', async () => {
  const server = await serving(stored.store, { settings: { live: { queue: 50 } } });
  const slow = new FlowsCall(server.client(), { follow: true });
  await joined(server, 1);
  slow.call.pause();
  const large = 'x'.repeat(20_000);
  for (let i = 0; i < 10; i++)
    await server.publish(Array.from({ length: 100 }, () => flow({ Summary: large })));
  await poll(() => server.metric('parallax_live_dropped_total')).toBeGreaterThan(100);
  await sleep(200);
  const dropped = await server.metric('parallax_live_dropped_total', { cause: 'client' });
  slow.call.resume();
  await poll(
    () => slow.uuids.length + slow.responses.reduce((sum, each) => sum + lostIn(each), 0),
    {
      timeout: 10_000,
    },
  ).toBe(1000);
  expect(slow.responses.reduce((sum, each) => sum + lostIn(each), 0)).toBe(dropped);
  const notice = slow.responses.find((each) => each.lost_events);
  expect(notice).toMatchObject({ lost_events: { source: 2 }, node_name: 'parallax' });
});

const lostIn = ({ lost_events }: GetFlowsResponse) => Number(lost_events?.num_events_lost ?? 0n);

test('following is refused where nothing is collected', async () => {
  const { client } = await serving(stored.store, { collects: false });
  const { code, details } = await flowsOf(client(), { follow: true });
  expect(code).toBe(status.INVALID_ARGUMENT);
  expect(details).toContain('cannot be followed here');
});

test('until ends a live stream', async () => {
  const server = await serving(stored.store);
  const until = fromNanos(nanosNow() - 4_500_000_000n);
  const call = new FlowsCall(server.client(), { follow: true, until });
  await joined(server, 1);
  await server.publish([flow(), { flow: { uuid: 'old', time: fromNanos(SECOND_NS) } }]);
  expect((await call.status).code).toBe(status.OK);
  expect(call.uuids).toEqual(['old']);
});

test('what is over already is told from history, and then it ends', async () => {
  const server = await serving(stored.store, { writes: true });
  const long = nanosNow() - HOUR_NS;
  const at = (seconds: bigint) => fromNanos(long + seconds * SECOND_NS);
  const old = Array.from({ length: 6 }, (_, i) => flow({ time: at(BigInt(i)) }));
  await stored.insert(old);
  const call = new FlowsCall(server.client(), { follow: true, since: at(0n), until: at(3n) });
  // New flows are none of its business.
  await poll(() => server.metric('parallax_live_clients')).toBe(1);
  await server.publish([flow()]);
  expect((await call.status).code).toBe(status.OK);
  expect(call.uuids).toEqual(old.slice(0, 4).map((each) => each.flow?.uuid));
  await poll(() => server.metric('parallax_live_clients')).toBe(0);
});

test('a history that takes longer than the stream’s time is told to its end', async () => {
  const late = nanosNow() - 4_900_000_000n;
  const old = Array.from({ length: 6 }, (_, i) => flow({ time: fromNanos(late - BigInt(i)) }));
  await stored.insert(old);
  const slow = new Proxy(stored.store, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name, target);
      return async function* (...args: Parameters<typeof target.query>) {
        await sleep(500);
        yield* target.query(...args);
      };
    },
  });
  const server = await serving(slow);
  const since = fromNanos(late - 5n);
  const told = await flowsOf(server.client(), { follow: true, since, until: fromNanos(late) });
  expect(told.code).toBe(status.OK);
  expect(told.uuids).toEqual(old.reverse().map((each) => each.flow?.uuid));
});

test('a client whose history fails is not kept among those that follow', async () => {
  const broken = new Proxy(stored.store, {
    get(target, name) {
      if (name !== 'query') return Reflect.get(target, name, target);
      // biome-ignore lint/correctness/useYield: it fails before it has anything to tell
      return async function* () {
        throw new ParallaxError('store/unavailable', 'the store is away');
      };
    },
  });
  const server = await serving(broken);
  const failed = await flowsOf(server.client(), { follow: true, number: 5n });
  expect(failed).toMatchObject({ code: status.UNAVAILABLE, details: 'the store is away' });
  await poll(() => server.metric('parallax_live_clients')).toBe(0);
});

test('history and live make one stream under load: nothing twice, nothing missing', async () => {
  // Waiting for the store is given time on a busy machine: nothing then excuses a gap.
  const settings = { pageRows: 500, live: { storeLag: '60s' } };
  const server = await serving(stored.store, { writes: true, settings });
  const since = fromNanos(nanosNow());
  const sent: string[] = [];
  let publishing = true;
  const load = (async () => {
    while (publishing) {
      const batch = Array.from({ length: 400 }, (_, i) => flow({ verdict: i % 4 === 0 ? 2 : 1 }));
      sent.push(...batch.map((each) => `${each.flow?.verdict} ${each.flow?.uuid}`));
      await server.publish(batch);
      await sleep(200);
    }
  })();
  const everything: GetFlowsRequest = { follow: true, since };
  const drops: GetFlowsRequest = { ...everything, whitelist: [{ verdict: [2] }] };
  const calls: { readonly call: FlowsCall; readonly only: string }[] = [];
  for (let i = 0; i < 8; i++) {
    await sleep(450);
    const [request, only] = i % 2 === 0 ? [everything, ''] : [drops, '2 '];
    calls.push({ call: new FlowsCall(server.client(), request), only });
  }
  await sleep(500);
  publishing = false;
  await load;
  for (const { call, only } of calls) {
    const wanted = sent.filter((each) => each.startsWith(only)).map((each) => each.slice(2));
    await poll(() => call.uuids.length, { timeout: 60_000 }).toBe(wanted.length);
    expect([...call.uuids].sort()).toEqual(wanted.sort());
    expect(call.responses.filter((each) => each.lost_events)).toEqual([]);
  }
  await sleep(300);
  expect(await server.metric('parallax_live_unsettled_total')).toBe(0);
  for (const { call } of calls) expect(new Set(call.uuids).size).toBe(call.uuids.length);
});

test('the newest N first, then what comes', async () => {
  const server = await serving(stored.store, { writes: true });
  const before = Array.from({ length: 30 }, () => flow({ verdict: 5 }));
  await server.publish(before);
  // Published, and perhaps not stored yet: the stream waits for it.
  const call = new FlowsCall(server.client(), {
    follow: true,
    number: 10n,
    whitelist: [{ verdict: [5] }],
  });
  await poll(() => call.uuids.length, { timeout: 10_000 }).toBe(10);
  const known = new Set(before.map((each) => each.flow?.uuid));
  expect(call.uuids.every((uuid) => known.has(uuid))).toBe(true);
  const after = flow({ verdict: 5 });
  const again = before.filter((each) => each.flow?.uuid === call.uuids[4]);
  await server.publish([...again, after]);
  await poll(() => call.uuids.length).toBe(11);
  expect(call.uuids[10]).toBe(after.flow?.uuid);
});
