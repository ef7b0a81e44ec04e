// Many relays in one process, and clusters that come and go while it runs.
import { setMaxListeners } from 'node:events';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, onTestFinished, test } from 'vitest';
import { buildCollectors } from '../../../src/app/build.ts';
import { decodeFlowBatch } from '../../../src/hubble/proto/batch.ts';
import { decode } from '../../../src/hubble/proto/codec.ts';
import { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { type ClusterConfig, clusterConfig, collectorConfig } from '../../../src/ingest/config.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { simulateSchema } from '../../../src/simulate/config.ts';
import { createSimulation } from '../../../src/simulate/simulation.ts';
import { responsesOf, until } from '../../support/ingest/harness.ts';

const COUNT = 160;

async function many(clusters: number, rate: number, count = 0) {
  const made = createSimulation(
    simulateSchema.parse({
      scenario: 'load',
      clusters,
      nodes: 2,
      rate,
      count,
      ring: 20_000,
      keepLedger: true,
    }),
    { logger: pino({ level: 'silent' }), clock: systemClock },
  );
  await made.start(new AbortController().signal);
  onTestFinished(() => made.stop(AbortSignal.abort()));
  const configs = made.addresses.map(({ name, address }) =>
    clusterConfig.parse({ name, relay: address }),
  );
  return { made, configs };
}

/** Distinct flows by cluster. */
function collectorsOf(clusters: readonly ClusterConfig[]) {
  const stored = new Map<string, Set<string>>();
  const registry = new Registry();
  const collectors = buildCollectors(
    { clusters: [...clusters], collector: collectorConfig.parse({ batch: { age: '100ms' } }) },
    { logger: pino({ level: 'silent' }), registry, clock: systemClock },
    {
      async publish({ key, value }) {
        const uuids = stored.get(key) ?? new Set();
        stored.set(key, uuids);
        for (const response of responsesOf(decodeFlowBatch(value))) {
          const uuid = decode(GetFlowsResponse, response).flow?.uuid;
          if (uuid !== undefined) uuids.add(uuid);
        }
      },
    },
  );
  onTestFinished(() => collectors.stop(AbortSignal.abort()));
  return { collectors, stored, registry };
}

const total = (stored: ReadonlyMap<string, ReadonlySet<string>>) =>
  [...stored.values()].reduce((sum, uuids) => sum + uuids.size, 0);

test('thirty relays in one process: each is read, none starves, memory stays small', async () => {
  const { made, configs } = await many(30, 40, COUNT);
  const { collectors, stored } = collectorsOf(configs);
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  const life = new AbortController().signal;
  setMaxListeners(0, life);
  await collectors.start(life);
  // Half of all has come: whoever starves has far less than its share, however slow the machine is.
  await until(() => total(stored) >= (30 * COUNT) / 2, 60_000);
  const early = [...stored.values()].map(({ size }) => size);
  expect(early).toHaveLength(30);
  expect(Math.min(...early)).toBeGreaterThan(COUNT / 8);
  await made.done;
  await until(() => total(stored) === 30 * COUNT, 60_000);
  const counts = [...stored.values()].map(({ size }) => size);
  expect(counts).toHaveLength(30);
  const grown = process.memoryUsage().rss - before;
  // Simulated relays and uuids included.
  expect(grown).toBeLessThan(150 * 1024 ** 2);
});

test('clusters are taken in and out while the others go on undisturbed', async () => {
  const { made, configs } = await many(3, 200);
  const [one, two, three] = configs;
  if (!one || !two || !three) throw new Error('three clusters');
  const { collectors, stored, registry } = collectorsOf([one, two]);
  await collectors.start(new AbortController().signal);
  await until(
    () => (stored.get(one.name)?.size ?? 0) > 20 && (stored.get(two.name)?.size ?? 0) > 20,
  );
  const calls = () => made.relays.map((relay) => relay.stats().calls);
  expect(calls()).toEqual([1, 1, 0]);
  const changes = await collectors.apply([{ ...one, maxConnectedClusters: 511 }, three]);
  expect(changes).toEqual({ added: [three.name], removed: [two.name], changed: [one.name] });
  await until(() => (stored.get(three.name)?.size ?? 0) > 20);
  expect(calls()).toEqual([2, 1, 1]);
  expect(made.relays.map((relay) => relay.stats().followers)).toEqual([1, 0, 1]);
  const up = await registry.getSingleMetric('parallax_ingest_stream_up')?.get();
  expect(up?.values.map(({ labels }) => labels.cluster).sort()).toEqual([one.name, three.name]);
  expect(await collectors.apply([{ ...one, maxConnectedClusters: 511 }, three])).toEqual({
    added: [],
    removed: [],
    changed: [],
  });
  expect(calls()).toEqual([2, 1, 1]);
});
