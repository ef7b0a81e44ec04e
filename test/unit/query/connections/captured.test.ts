// Flows captured in a real mesh: poc2's worker calls poc1's cache. What is expected was written down from the records.
import { beforeAll, describe, expect, test } from 'vitest';
import { responseFromJson } from '../../../../src/hubble/json/json.ts';
import { connectionsConfig } from '../../../../src/query/connections/config.ts';
import type { Connection } from '../../../../src/query/connections/connection.ts';
import { connectionsOf } from '../../../../src/query/connections/from-responses.ts';
import { fixtureLines } from '../../../support/hubble/fixture.ts';

const config = connectionsConfig.parse({});
const everything = { blacklist: [], since: undefined, until: undefined, number: 0n, first: false };
const ACROSS = [{ source_cluster_name: ['poc2'], destination_cluster_name: ['poc1'] }];

function connections(whitelist: object[] = [], lines = fixtureLines('captured/flows')) {
  async function* responses() {
    for (const line of lines) yield responseFromJson(line);
  }
  return connectionsOf(responses(), { ...everything, whitelist }, config);
}

describe('poc2 calls poc1', () => {
  let found: Connection[];
  beforeAll(async () => {
    found = await connections(ACROSS);
  });
  const to = (port: number) => found.find(({ client }) => client.port === port);

  test('17 flows are four connections', () => {
    expect(found.map(({ client, flows }) => [client.port, flows])).toEqual([
      [58910, 1],
      [49750, 10],
      [49764, 2],
      [49768, 4],
    ]);
  });

  test('one seen on both nodes, and audited where it arrived', () => {
    expect(to(49750)).toMatchObject({
      protocol: 'TCP',
      outcome: 'audited',
      opened: true,
      closed: true,
      first: '2026-09-13T10:57:30.264664045Z',
      last: '2026-09-13T10:57:30.285945089Z',
      client: {
        ip: '10.20.1.153',
        cluster: 'poc2',
        clusterId: 2,
        identity: 139460,
        namespace: 'mesh-lab',
        pod: 'worker',
      },
      server: {
        ip: '10.10.3.235',
        port: 6379,
        cluster: 'poc1',
        clusterId: 1,
        identity: 97240,
        pod: 'cache-6d88ffb646-4nbtg',
      },
      source: {
        cluster: 'poc2',
        nodes: ['poc2/poc2-worker'],
        flows: 5,
        verdict: 'FORWARDED',
        verdicts: { FORWARDED: 5 },
        events: { trace: 5, policyVerdict: 0, drop: 0 },
        replies: 0,
      },
      destination: {
        cluster: 'poc1',
        nodes: ['poc1/poc1-worker2'],
        flows: 5,
        verdict: 'AUDIT',
        // Its node says EGRESS of these: the endpoint's number says where they were seen.
        verdicts: { AUDIT: 1, FORWARDED: 4 },
        events: { trace: 4, policyVerdict: 1, drop: 0 },
        replies: 0,
      },
      missing: {},
    });
  });

  test('those seen on one side say why the other is missing', () => {
    expect(to(49764)).toMatchObject({
      outcome: 'forwarded',
      opened: true,
      closed: false,
      source: { flows: 2 },
      missing: { destination: { reason: 'not-seen' } },
    });
    expect(to(49768)).toMatchObject({
      opened: false,
      closed: true,
      source: { flows: 4 },
      missing: { destination: { reason: 'not-seen' } },
    });
    expect(to(58910)).toMatchObject({
      server: { pod: 'redis-0', workloads: expect.any(Array) },
      destination: { flows: 1, cluster: 'poc1' },
      missing: { source: { reason: 'coverage-gap' } },
    });
  });
});

test('a cluster that nobody collects is said to be not collected', async () => {
  const ofOne = fixtureLines('captured/flows').filter((line) => /"node_name": ?"poc1\//.test(line));
  const found = await connections(ACROSS, ofOne);
  expect(found.map(({ missing }) => missing.source?.reason)).toEqual([
    'not-collected',
    'not-collected',
  ]);
  expect(found[1]?.source).toBeUndefined();
  expect(found[1]?.destination?.flows).toBe(5);
});

test('denials: a verdict and a drop are one, and SYNs sent again are the same connection', async () => {
  const found = await connections([{ source_pod: ['cf2cnp-lab27/stranger'] }]);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    outcome: 'denied',
    deniedAt: 'destination',
    flows: 4,
    destination: {
      events: { policyVerdict: 2, drop: 2 },
      drops: [{ reason: 'POLICY_DENIED', code: 133, count: 2 }],
      deniedBy: [],
    },
    missing: { source: { reason: 'same-node' } },
  });
});

test('HTTP through a proxy: requests and responses belong to their connection', async () => {
  const found = await connections([{ source_pod: ['cf2cnp-lab30/pos'] }]);
  expect(found.map(({ client, l7 }) => [client.port, l7?.requests, l7?.responses])).toEqual([
    [48016, 1, 1],
    [48024, 1, 0],
    [54056, 1, 1],
    [54066, 1, 0],
  ]);
  expect(found[0]?.l7).toEqual({
    protocol: 'http',
    requests: 1,
    responses: 1,
    methods: { GET: 1 },
    codes: { 200: 1 },
    queries: [],
    rcodes: {},
    latency: { min: 10.082, mean: 10.082, max: 10.082 },
  });
});

test('every flow between two addresses is in exactly one connection', async () => {
  const lines = fixtureLines('captured/flows');
  const found = await connections();
  const between = lines
    .map(responseFromJson)
    .filter(({ flow }) => flow?.IP?.source !== undefined && flow.time !== undefined);
  const ids = new Set(
    between.map(({ flow }, at) => (flow?.uuid ? `${flow.uuid} ${flow.node_name}` : at)),
  );
  expect(found.reduce((sum, { flows }) => sum + flows, 0)).toBe(ids.size);
});
