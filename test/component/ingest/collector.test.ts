import { randomUUID } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { MINUTE_NS, msToNs, nsToMs, SECOND_NS } from '../../../src/runtime/time.ts';
import {
  type FakeRelay,
  type FakeRelayOptions,
  type FlowsCall,
  fakeRelay,
} from '../../support/ingest/fake-relay.ts';
import { startCollector, stored, until } from '../../support/ingest/harness.ts';
import {
  flowResponse,
  lostEventsResponse,
  nodeStatusResponse,
  uuidOf,
} from '../../support/ingest/responses.ts';

const nowNs = () => msToNs(Date.now());

function flows(count: number, { from = nowNs(), node = 'east/a', pad = 0 } = {}): Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    flowResponse({ timeNs: from + BigInt(i) * 1000n, node, uuid: randomUUID(), pad }),
  );
}

async function relayWith(options: FakeRelayOptions) {
  const relay = await fakeRelay(options);
  onTestFinished(() => relay.close());
  return relay;
}

test('responses arrive as they were sent, sealed by age, with cluster and times', async () => {
  const startedMs = Date.now();
  const sent = [
    nodeStatusResponse({ timeNs: nowNs(), node: 'relay', state: 1, nodes: ['east/a'] }),
    ...flows(10),
    lostEventsResponse({ timeNs: nowNs(), node: 'east/a', source: 3, lost: 42 }),
  ];
  const relay = await relayWith({ flows: (call) => call.send(...sent) });
  const { publisher, metric, collector, registry } = await startCollector({
    name: 'east',
    relay: relay.address,
  });
  await until(() => publisher.responses().length === sent.length);
  const byText = (a: Buffer, b: Buffer) => a.compare(b);
  expect(publisher.responses().sort(byText)).toEqual(sent.sort(byText));
  const [batch] = publisher.batches;
  expect(batch?.header).toMatchObject({ cluster: 'east', relay: relay.address, sequence: 0 });
  expect(publisher.records[0]?.key).toBe('east');
  const receivedMs = nsToMs(batch?.header.receivedAt ?? 0n);
  expect(receivedMs).toBeGreaterThanOrEqual(startedMs);
  expect(receivedMs).toBeLessThanOrEqual(Date.now());
  expect(await metric('batches_sealed_total', { cause: 'age' })).toBeGreaterThan(0);
  expect(await metric('lost_events_total', { source: 'HUBBLE_RING_BUFFER' })).toBe(42);
  expect(await metric('node_state_changes_total', { state: 'NODE_CONNECTED' })).toBe(1);
  await until(async () => (await metric('relay_seen_flows')) === 7);
  expect(await metric('stream_up')).toBe(1);
  expect(collector.health()).toEqual({ state: 'ok' });
  expect(collector.coverage()).toMatchObject({ state: 'streaming', received: { responses: 12 } });
  expect(collector.coverage().nodes).toMatchObject([{ name: 'east/a', received: 11, lost: 42 }]);
  expect(await registry.metrics()).toContain('parallax_ingest_node_received_responses');
});

test('a batch is sealed by count, and by bytes', async () => {
  const relay = await relayWith({ flows: (call) => call.send(...flows(1000, { pad: 900 })) });
  const byCount = await startCollector(
    { name: 'east', relay: relay.address },
    { batch: { count: 100, age: '1m' } },
  );
  await until(() => byCount.publisher.batches.length === 10);
  expect(byCount.publisher.batches.map(({ header }) => header.count)).toEqual(
    new Array(10).fill(100),
  );
  const byBytes = await startCollector(
    { name: 'east', relay: relay.address },
    { batch: { bytes: '100KiB', age: '1m' } },
  );
  await until(() => byBytes.publisher.batches.length >= 9);
  for (const { value } of byBytes.publisher.records) expect(value.length).toBeLessThan(102_400);
  expect(await byBytes.metric('batches_sealed_total', { cause: 'bytes' })).toBeGreaterThan(8);
});

test.each([
  ['after a cut', (_: FlowsCall, of: FakeRelay) => of.cut(), 'lost'],
  ['after a clean end', (call: FlowsCall) => call.end(), 'ended'],
  ['after an error', (call: FlowsCall) => call.end(14, 'bye'), 'lost'],
])(
  'the stream is taken up again %s, doubles marked, nothing stored twice',
  async (_, fault, cause) => {
    const ring: Buffer[] = [];
    const relay = await relayWith({
      flows: (call, index) => {
        // A ring that forgets nothing: everything is sent again.
        call.send(...ring);
        const fresh = flows(200);
        ring.push(...fresh);
        call.send(...fresh);
        if (index < 3) setTimeout(() => fault(call, relay), 100);
      },
    });
    const { publisher, metric } = await startCollector({ name: 'east', relay: relay.address });
    await until(() => new Set(publisher.uuids()).size === 800 && relay.calls.length === 4);
    await until(() => publisher.uuids().length === 2000);
    const sent = ring.map(uuidOf);
    expect(stored(publisher.batches).sort()).toEqual(sent.sort());
    expect(await metric('stream_ends_total', { cause })).toBe(3);
    const [first, second] = relay.calls;
    const ms = (ns: bigint | undefined) => Number(ns ?? 0n) / 1e6;
    expect(Date.now() - ms(first?.sinceNs)).toBeGreaterThan(15 * 60_000 - 1000);
    // The newest flow's time less the overlap of 30 s, less what the node seems to be behind.
    const away = Date.now() - ms(second?.sinceNs);
    expect(away).toBeGreaterThan(29_000);
    expect(away).toBeLessThan(40_000);
  },
);

test('a known node is marked only where it repeats', async () => {
  const old = flows(100, { from: nowNs() - MINUTE_NS });
  const fresh = flows(100, { from: nowNs() + SECOND_NS });
  const relay = await relayWith({
    flows: (call) => {
      call.send(...old);
      // Past the contact: what is new is not marked, and what the node sends again is.
      setTimeout(() => call.send(...fresh, ...old, ...fresh.slice(50)), 400);
    },
  });
  const { publisher } = await startCollector(
    { name: 'east', relay: relay.address },
    { overlap: '200ms' },
  );
  await until(() => publisher.uuids().length === 350);
  const unmarked = publisher.batches.filter(({ header }) => !header.replay);
  expect(unmarked.reduce((sum, { header }) => sum + header.count, 0)).toBe(100);
  expect(stored(publisher.batches)).toHaveLength(200);
});

test('a relay that is not there yet is read once it is; one log line while it is away', async () => {
  const first = await fakeRelay({ flows: () => undefined });
  const { port } = first;
  await first.close();
  const started = await startCollector({ name: 'east', relay: `127.0.0.1:${port}` });
  await until(() => started.collector.coverage().reconnects >= 4);
  expect(started.collector.health()).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('connection refused: nothing listens there'),
  });
  expect(await started.metric('stream_ends_total', { cause: 'connect' })).toBeGreaterThan(3);
  const relay = await relayWith({ port, flows: (call) => call.send(...flows(5)) });
  await until(() => started.publisher.uuids().length === 5);
  expect(relay.connections).toBe(1);
  expect(
    started.log.filter(({ msg, level }) => msg === 'relay cannot be read' && level === 40),
  ).toHaveLength(1);
});

test('the bus away: memory is bounded, reading pauses, and nothing is lost afterwards', async () => {
  const total = 20_000;
  const sent: string[] = [];
  let blocked = false;
  const relay = await relayWith({
    flows: async (call, index) => {
      if (index > 0) return;
      while (sent.length < total && !call.closed) {
        const batch = flows(200, { pad: 900 });
        sent.push(...batch.map(uuidOf));
        if (call.send(...batch)) await new Promise((resolve) => setImmediate(resolve));
        else {
          blocked = true;
          await call.drain();
        }
      }
    },
  });
  const { publisher, collector, metric, log } = await startCollector(
    { name: 'east', relay: relay.address },
    { buffer: '4MiB', batch: { bytes: '1MiB', age: '50ms' }, window: '1MiB' },
  );
  publisher.stall();
  await until(() => collector.coverage().state === 'paused');
  await new Promise((resolve) => setTimeout(resolve, 500));
  const paused = collector.coverage();
  expect(blocked).toBe(true);
  expect(paused.unpublished.bytes).toBeLessThan(8 << 20);
  expect(paused.received.bytes).toBeLessThan(12 << 20);
  expect(collector.health().state).toBe('degraded');
  expect(await metric('paused')).toBe(1);
  expect(await metric('paused_seconds_total')).toBeGreaterThan(0.2);
  publisher.release();
  await until(() => collector.coverage().published.responses === total);
  expect(stored(publisher.batches).sort()).toEqual(sent.sort());
  expect(await metric('paused')).toBe(0);
  expect(collector.coverage().pauses[0]?.to).toBeGreaterThan(0);
  expect(collector.coverage().reconnects).toBe(0);
  expect(log.filter(({ msg }) => String(msg).startsWith('buffer full'))).not.toHaveLength(0);
  expect(log.find(({ msg }) => String(msg).startsWith('reading again'))).toHaveProperty('from');
});

test('a response over the limit is passed over and said; what comes after it is read', async () => {
  const giant = flowResponse({ timeNs: nowNs(), node: 'east/giant', uuid: 'x', pad: 3 << 20 });
  const after = flows(3);
  const relay = await relayWith({ flows: (call) => call.send(...flows(2), giant, ...after) });
  const { publisher, metric, log, collector } = await startCollector(
    { name: 'east', relay: relay.address },
    { maxResponse: '1MiB' },
  );
  await until(() => publisher.uuids().length === 5);
  expect(publisher.uuids().slice(2)).toEqual(after.map(uuidOf));
  expect(await metric('responses_refused_total', { reason: 'oversize' })).toBe(1);
  expect(collector.coverage().dropped).toBe(1);
  const line = log.find(({ reason }) => reason === 'oversize');
  expect(line).toMatchObject({ size: giant.length, node: 'east/giant' });
  expect(collector.coverage().reconnects).toBe(0);
});

test('a response larger than a batch is a record of its own; refused by the bus, it is said', async () => {
  const large = (pad: number) =>
    flowResponse({ timeNs: nowNs(), node: 'east/big', uuid: randomUUID(), pad });
  const relay = await relayWith({
    flows: (call) => call.send(...flows(2), large(300_000), large(3_000_000), ...flows(2)),
  });
  const started = await startCollector(
    { name: 'east', relay: relay.address },
    { batch: { bytes: '200KiB', age: '50ms' } },
  );
  started.publisher.maxBytes = 1_000_000;
  await until(() => started.publisher.uuids().length === 5);
  expect(started.publisher.batches.filter(({ bytes }) => bytes.length > 300_000)).toHaveLength(1);
  expect(await started.metric('responses_refused_total', { reason: 'too-large' })).toBe(1);
  expect(started.log.find(({ reason }) => reason === 'too-large')).toMatchObject({
    node: 'east/big',
  });
});

test('a bus that takes less than configured: batches shrink and their flows are asked for again', async () => {
  const ring = flows(2000, { pad: 900 });
  const relay = await relayWith({ flows: (call) => call.send(...ring) });
  const { publisher, metric } = await startCollector(
    { name: 'east', relay: relay.address },
    { batch: { bytes: '1MiB', age: '50ms' } },
  );
  publisher.maxBytes = 200_000;
  await until(() => new Set(publisher.uuids()).size === 2000);
  expect(new Set(stored(publisher.batches)).size).toBe(stored(publisher.batches).length);
  expect(await metric('stream_ends_total', { cause: 'republish' })).toBeGreaterThan(0);
});

test('a silent relay that does not answer is left; a silent healthy one is kept', async () => {
  const relay = await relayWith({ flows: () => undefined });
  const { collector, metric } = await startCollector(
    { name: 'east', relay: relay.address },
    { idle: '50ms', callTimeout: '100ms' },
  );
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(relay.calls).toHaveLength(1);
  relay.health = 'unimplemented';
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(relay.calls).toHaveLength(1);
  expect(collector.health()).toEqual({ state: 'ok' });
  relay.health = 'mute';
  await until(() => relay.calls.length > 1);
  expect(await metric('stream_ends_total', { cause: 'silent' })).toBeGreaterThan(0);
  relay.health = 2;
  await until(async () => (await metric('stream_ends_total', { cause: 'unhealthy' })) > 0);
});

test('a relay that asks its clients to leave is read anew', async () => {
  const relay = await relayWith({ flows: (call) => call.send(...flows(3)) });
  const { publisher, metric } = await startCollector({ name: 'east', relay: relay.address });
  await until(() => publisher.uuids().length === 3);
  relay.goaway();
  await until(() => publisher.uuids().length === 6);
  expect(await metric('stream_ends_total', { cause: 'goaway' })).toBe(1);
});

test('stop publishes what is open and says what it did; within its limit it says what is left', async () => {
  const relay = await relayWith({ flows: (call) => call.send(...flows(10)) });
  const settings = { batch: { age: '1m' } };
  const calm = await startCollector({ name: 'east', relay: relay.address }, settings);
  await until(() => calm.collector.coverage().received.responses === 10);
  await calm.collector.stop(new AbortController().signal);
  expect(calm.publisher.uuids()).toHaveLength(10);
  expect(calm.log.at(-1)).toMatchObject({ msg: 'collector stopped, all published' });
  await until(() => relay.calls[0]?.closed === true);

  const stuck = await startCollector({ name: 'east', relay: relay.address }, settings);
  await until(() => stuck.collector.coverage().received.responses === 10);
  stuck.publisher.stall();
  const limit = new AbortController();
  let stopped = false;
  const stop = stuck.collector.stop(limit.signal).then(() => {
    stopped = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(stopped).toBe(false);
  limit.abort();
  await stop;
  expect(stuck.log.at(-1)).toMatchObject({ level: 40, left: { batches: 1 } });

  const second = await startCollector({ name: 'east', relay: relay.address }, settings);
  await until(() => second.collector.coverage().received.responses === 10);
  second.publisher.stall();
  const stopping = second.collector.stop(new AbortController().signal);
  second.abort.abort();
  await stopping;
});

test('a mesh relay is asked for the nodes of its cluster only', async () => {
  const relay = await relayWith({ flows: () => undefined });
  await startCollector({ name: 'east', relay: relay.address, nodes: ['east/'] });
  await until(() => relay.calls.length === 1);
  expect(relay.calls[0]?.request).toMatchObject({
    follow: true,
    whitelist: [{ node_name: ['east/'] }],
  });
});
