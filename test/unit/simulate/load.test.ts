import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toJsonLine } from '../../../src/hubble/json/json.ts';
import { responseFromJson } from '../../../src/hubble/json/response-json.ts';
import { GetFlowsResponse, Verdict } from '../../../src/hubble/proto/schema.gen.ts';
import { LoadGenerator } from '../../../src/simulate/load.ts';
import { loadCluster } from '../../../src/simulate/population.ts';
import { held, relayOf, START_MS } from '../../support/simulate/stage.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

const clock = { now: () => Date.now(), sleep: async () => {} };

async function run(options: {
  rate: number;
  count?: number;
  seed?: number;
  ms: number;
  ring?: number;
}) {
  const cluster = loadCluster(0, 3);
  const nodes = cluster.nodes.map(({ name }) => name);
  const relay = relayOf(cluster.name, nodes, { clock, ring: options.ring ?? 100_000 });
  const { rate, count = 0, seed = 1, ms } = options;
  const load = new LoadGenerator(
    cluster,
    relay,
    { rate, count, seed, waitForClient: false },
    clock,
  );
  await load.start(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(ms);
  await load.stop(new AbortController().signal);
  return { relay, load };
}

test('the rate is exact over time', async () => {
  const { load, relay } = await run({ rate: 12_345, ms: 4000 });
  expect(load.made).toBeGreaterThan(12_345 * 4 - 300);
  expect(load.made).toBeLessThanOrEqual(12_345 * 4);
  expect(relay.stats().seen).toBe(load.made);
  const shares = relay.rings.map((ring) => ring.seen / load.made);
  for (const share of shares) expect(share).toBeCloseTo(1 / 3, 2);
});

test('count ends it, to the flow', async () => {
  const { load } = await run({ rate: 10_000, count: 7777, ms: 3000 });
  expect(load.made).toBe(7777);
  await expect(load.done).resolves.toBeUndefined();
});

test('every flow decodes whole, prints as Hubble does, and is what it says', async () => {
  const { relay, load } = await run({ rate: 5000, ms: 1200 });
  const responses = held(relay);
  expect(responses).toHaveLength(load.made);
  const uuids = new Set<string>();
  const pods = new Set<string>();
  const kinds: Record<string, number> = {};
  for (const response of responses) {
    const { flow, time, node_name } = response;
    expect(response.$unknown ?? flow?.$unknown).toBeUndefined();
    expect(flow?.time).toEqual(time);
    expect(flow?.node_name).toBe(node_name);
    expect(time?.nanos).toBeLessThan(1e9);
    const ms = Number(time?.seconds) * 1000 + (time?.nanos ?? 0) / 1e6;
    expect(ms).toBeGreaterThanOrEqual(START_MS);
    expect(ms).toBeLessThanOrEqual(Date.now() + 3);
    expect(flow?.uuid).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    uuids.add(flow?.uuid ?? '');
    for (const end of [flow?.source, flow?.destination]) {
      if (end?.pod_name) pods.add(`${end.namespace}/${end.pod_name}`);
      if (end?.pod_name) expect(end.labels?.length).toBeGreaterThanOrEqual(5);
    }
    const { type } = flow?.event_type ?? {};
    if (flow?.verdict === Verdict.numbers.DROPPED) kinds.dropped = (kinds.dropped ?? 0) + 1;
    if (type === 129) kinds.l7 = (kinds.l7 ?? 0) + 1;
    const l4 = flow?.l4 ?? {};
    for (const name of Object.keys(l4)) kinds[name] = (kinds[name] ?? 0) + 1;
  }
  expect(uuids.size).toBe(load.made);
  expect(pods.size).toBeGreaterThanOrEqual(240);
  const share = (name: string) => (kinds[name] ?? 0) / load.made;
  expect(share('dropped')).toBeGreaterThan(0.01);
  expect(share('dropped')).toBeLessThan(0.06);
  expect(share('l7')).toBeGreaterThan(0.02);
  expect(share('l7')).toBeLessThan(0.1);
  for (const name of ['TCP', 'UDP', 'ICMPv4']) expect(share(name)).toBeGreaterThan(0.005);
  for (const response of responses.slice(0, 500)) {
    const line = toJsonLine(GetFlowsResponse, response);
    expect(toJsonLine(GetFlowsResponse, responseFromJson(line))).toBe(line);
  }
});

test('the same seed makes the same uuids, another makes others', async () => {
  const uuids = async (seed: number) => {
    const { relay } = await run({ rate: 1000, count: 300, seed, ms: 1000 });
    return held(relay).map(({ flow }) => flow?.uuid);
  };
  const first = await uuids(7);
  expect(await uuids(7)).toEqual(first);
  expect(new Set([...first, ...(await uuids(8))]).size).toBe(600);
});

test('a flow is about 900 bytes', async () => {
  const { relay } = await run({ rate: 5000, ms: 1000 });
  const [ring] = relay.rings;
  let bytes = 0;
  for (let event = 0; event < (ring?.seen ?? 0); event++) bytes += ring?.size(event) ?? 0;
  const average = bytes / (ring?.seen ?? 1);
  expect(average).toBeGreaterThan(850);
  expect(average).toBeLessThan(1050);
});

test('after a pause it catches up slowly enough for the rings', async () => {
  const { relay, load } = await run({ rate: 10_000, ms: 1000, ring: 4095 });
  const made = load.made;
  expect(relay.stats().seen).toBe(made);
  vi.setSystemTime(Date.now() + 30_000);
  await load.start(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(40);
  expect(load.made - made).toBeLessThan(1300);
  await load.stop(new AbortController().signal);
});
