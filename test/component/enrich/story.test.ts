// The story of the two clusters: who was denied what is one incident, however often and wherever it happens.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GetFlowsResponse } from '../../../src/hubble/proto/schema.gen.ts';
import { timestamp } from '../../../src/simulate/framing.ts';
import { seededRandom } from '../../../src/simulate/random.ts';
import { storyTraffic } from '../../../src/simulate/workload.ts';
import { numberOf, rowsOf } from '../../engines/stores.ts';
import { type StoredCorpus, storedCorpus } from '../../support/query/stored.ts';

let stored: StoredCorpus;
const START = Date.UTC(2026, 2, 14, 10, 0, 30);
const TIMES = 25;

beforeAll(async () => {
  stored = await storedCorpus();
  const random = seededRandom(7, 'story');
  const byCluster = new Map<string, GetFlowsResponse[]>();
  for (let turn = 0; turn < TIMES; turn++) {
    for (const { firstMs, flows: made } of storyTraffic()) {
      for (const { node, afterUs, flow } of made(30_000 + turn, random)) {
        const time = timestamp(START + turn * 60_000 + firstMs + afterUs / 1000);
        const { name } = node.cluster;
        const flows = byCluster.get(name) ?? [];
        byCluster.set(name, flows);
        const response = { flow: { ...flow, time, uuid: randomUUID() }, node_name: flow.node_name };
        flows.push({ ...response, time });
      }
    }
  }
  for (const [cluster, flows] of byCluster) await stored.insert(flows, { cluster });
});
afterAll(() => stored.close());

test('liz-cm-gke-5’s xwing is denied rebel-base of liz-cm-eks-6, by default deny at ingress', async () => {
  const rows = await rowsOf(
    stored.store,
    `SELECT cluster, verdict, traffic_direction, drop_reason_desc, policies, l4_protocol, destination_port,
       source_cluster, source_namespace, source_workload, source_peer,
       destination_cluster, destination_namespace, destination_workload, destination_peer
     FROM incidents GROUP BY ALL`,
  );
  expect(rows).toEqual([
    [
      ...['liz-cm-eks-6', 2, 1, 133, '', 1, 80],
      ...['liz-cm-gke-5', 'farfaraway', 'farfaraway/Deployment/xwing', ''],
      ...['liz-cm-eks-6', 'farfaraway', 'farfaraway/Deployment/rebel-base', ''],
    ],
  ]);
});

test('each drop and its verdict are one denial', async () => {
  const [[denials, drops, verdicts, hours] = []] = await rowsOf(
    stored.store,
    'SELECT sum(denials), sum(drops), sum(verdicts), uniqExact(hour) FROM incidents',
  );
  expect(drops).toBe(verdicts);
  expect(Number(drops)).toBeGreaterThanOrEqual(TIMES);
  // A conversation that is tried again within its slot and batch is one row.
  expect(Number(denials)).toBeLessThanOrEqual(Number(drops));
  expect(Number(hours)).toBe(1);
  const flows = await numberOf(stored.store, 'SELECT countIf(verdict = 2) FROM flows');
  expect(flows).toBe(Number(drops) + Number(verdicts));
});
