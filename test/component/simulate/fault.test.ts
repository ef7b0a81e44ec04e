import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { systemClock } from '../../../src/runtime/clock.ts';
import { client, firstRelay, read, simulation, until } from '../../support/simulate/harness.ts';

const load = (more: Record<string, unknown> = {}) =>
  simulation({ scenario: 'load', keepLedger: true, rate: 2000, ring: 20_000, ...more });
const SINCE_EVER = { seconds: 0n, nanos: 0 };

/** A simulation with one follower that has seen flows. */
async function followed(more: Record<string, unknown> = {}) {
  const sim = await load(more);
  const relay = firstRelay(sim);
  const from = client(relay);
  const reading = read(from, { follow: true, since: SINCE_EVER });
  await until('flows', () => reading.uuids.length > 100);
  return { sim, relay, from, reading };
}

test('drop breaks the connection; resuming from the ring loses nothing', async () => {
  const { sim, relay, from, reading } = await followed({ count: 3000 });
  sim.fault({ kind: 'drop' });
  expect((await reading.ended).code).toBe(status.UNAVAILABLE);
  const again = read(from, { follow: true, since: SINCE_EVER });
  await sim.done;
  await until('the rest', () => new Set([...reading.uuids, ...again.uuids]).size === 3000);
  expect(relay.stats().calls).toBe(2);
});

test('error and eof end the call with a status, in mid-stream', async () => {
  const { sim, from, reading } = await followed();
  sim.fault({ kind: 'error', status: status.RESOURCE_EXHAUSTED, message: 'too many, 100 % full' });
  expect(await reading.ended).toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    details: 'too many, 100 % full',
  });
  const again = read(from, { follow: true });
  await until('flows', () => again.uuids.length > 10);
  sim.fault({ kind: 'eof' });
  expect((await again.ended).code).toBe(status.OK);
});

test('stall: nothing for a while, then everything', async () => {
  const { sim, reading } = await followed();
  sim.fault({ kind: 'stall', ms: 500 });
  await systemClock.sleep(100);
  const before = reading.uuids.length;
  await systemClock.sleep(250);
  expect(reading.uuids.length).toBe(before);
  const made = sim.made();
  await until('what was held back', () => reading.uuids.length >= made);
  expect(reading.lost).toEqual([]);
});

test('restart: gone, then back at the same address with its rings', async () => {
  const { sim, relay, from, reading } = await followed();
  const { address } = relay;
  sim.fault({ kind: 'restart', ms: 300, lost: false });
  expect((await reading.ended).code).toBe(status.UNAVAILABLE);
  expect(relay.health().state).toBe('degraded');
  const down = read(from, { follow: true });
  expect((await down.ended).code).toBe(status.UNAVAILABLE);
  await until('it is back', () => relay.health().state === 'ok');
  expect(relay.address).toBe(address);
  const again = read(client(relay), { follow: true, since: SINCE_EVER });
  // Flows of two rings arrive in no common order: newer ones of one ring before the last of the other.
  await until('its rings are there', () => {
    const there = new Set(again.uuids);
    return reading.uuids.every((uuid) => there.has(uuid));
  });
  expect(again.uuids.length).toBeGreaterThanOrEqual(reading.uuids.length);
});

test('restart with its nodes: rings are empty, counters start anew, what nobody read is in the ledger', async () => {
  const sim = await load();
  const relay = firstRelay(sim);
  await until('some flows', () => sim.made() > 200);
  const made = sim.made();
  sim.fault({ kind: 'restart', ms: 200, lost: true });
  expect(relay.stats().seen).toBe(0);
  expect(sim.ledger?.overwritten).toBe(made);
  await until('it is back', () => relay.health().state === 'ok' && relay.stats().seen > 10);
  expect(relay.stats().seen).toBe(sim.made() - made);
});

test('lost events of the kernel are told', async () => {
  const { sim, reading } = await followed();
  sim.fault({ kind: 'lost', count: 321 });
  await until('it', () => reading.lost.length > 0);
  expect(reading.lost[0]).toMatchObject({ source: 1, num_events_lost: 321n, cpu: 1 });
});

test('a silent node gives nothing more to this call, but to a new one', async () => {
  const { sim, relay, from, reading } = await followed({ nodes: 2 });
  const node = relay.rings[1]?.name ?? '';
  sim.fault({ kind: 'silent', node });
  await systemClock.sleep(100);
  const ofNode = () => reading.responses.filter((each) => each.node_name === node).length;
  const before = ofNode();
  const all = reading.uuids.length;
  await until('the other node goes on', () => reading.uuids.length > all + 200);
  expect(ofNode()).toBe(before);
  const again = read(from, { follow: true });
  await until('it', () => again.responses.some((each) => each.node_name === node));
});

test('replay: a node gives its ring again in the same call', async () => {
  const { sim, relay, reading } = await followed({ nodes: 2 });
  const node = relay.rings[0]?.name;
  const seen = relay.rings[0]?.seen ?? 0;
  sim.fault({ kind: 'replay', node });
  const doubles = () => reading.uuids.length - new Set(reading.uuids).size;
  await until('doubles', () => doubles() >= seen);
  await systemClock.sleep(100);
  expect(doubles()).toBeLessThan(seen + 200);
});

test('disorder: flows come out of order by no more than was asked, none missing', async () => {
  const { sim, reading } = await followed({ count: 3000 });
  sim.fault({ kind: 'disorder', ms: 150 });
  await sim.done;
  await until('all', () => reading.uuids.length === 3000);
  let newest = 0;
  let late = 0;
  for (const { time } of reading.responses) {
    const ms = Number(time?.seconds) * 1000 + (time?.nanos ?? 0) / 1e6;
    if (ms < newest) late++;
    expect(newest - ms).toBeLessThan(151);
    newest = Math.max(newest, ms);
  }
  expect(late).toBeGreaterThan(300);
});

test('malformed messages: each is what it says, the stream goes on', async () => {
  const { sim, reading } = await followed();
  for (const how of ['truncated', 'unknown', 'utf8'] as const)
    sim.fault({ kind: 'malformed', how });
  await until('the odd ones', () => reading.broken.length > 0);
  const odd = sim.ledger?.uuids('odd') ?? [];
  expect(odd).toHaveLength(2);
  await until('both odd flows', () => odd.every((uuid) => reading.uuids.includes(uuid)));
  const byText = (text: string) =>
    reading.responses.find(({ flow }) => flow?.Summary?.startsWith(text))?.flow;
  expect(byText('with fields of the future')?.$unknown?.length).toBeGreaterThan(5);
  expect(byText('no UTF-8: ')?.Summary).toBe('no UTF-8: \uFFFD\uFFFD\uFFFD\uFFFD');
  const before = reading.uuids.length;
  await until('more flows', () => reading.uuids.length > before);
});

test('a huge message is more than a client takes by default', async () => {
  const { sim, reading } = await followed();
  sim.fault({ kind: 'malformed', how: 'huge', bytes: 6 << 20 });
  expect((await reading.ended).code).toBe(status.RESOURCE_EXHAUSTED);
});

test('faults come by schedule, once and again and again', async () => {
  const sim = await load({ faults: ['eof@200ms', 'load-1=drop every:400ms'] });
  const relay = firstRelay(sim);
  const codes: number[] = [];
  const from = client(relay);
  while (codes.length < 3) codes.push((await read(from, { follow: true }).ended).code);
  expect(codes[0]).toBe(status.OK);
  expect(codes.slice(1)).toContain(status.UNAVAILABLE);
  await expect(load({ faults: ['nowhere=drop@1s'] })).rejects.toThrow(/nowhere.*there are load-1/);
});
