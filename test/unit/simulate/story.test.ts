import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { toJsonLine } from '../../../src/hubble/json/json.ts';
import { type Flow, GetFlowsResponse, Verdict } from '../../../src/hubble/proto/schema.gen.ts';
import { Story } from '../../../src/simulate/story.ts';
import { EKS, GKE, GKE_XWING_IDENTITY } from '../../../src/simulate/workload.ts';
import { held, relayOf, START_MS } from '../../support/simulate/stage.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

const clock = { now: () => Date.now(), sleep: async () => {} };

async function tell(ms: number, options: { count?: number; seed?: number; speed?: number } = {}) {
  const relays = [EKS, GKE].map(({ name, nodes }) =>
    relayOf(
      name,
      nodes.map((node) => node.name),
      { clock },
    ),
  );
  const { count = 0, seed = 1, speed = 1 } = options;
  const story = new Story(relays, { count, seed, speed, waitForClient: false }, clock);
  await story.start(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(ms);
  await story.stop(new AbortController().signal);
  const [eks = [], gke = []] = relays.map((relay) =>
    held(relay).flatMap(({ flow }) => (flow ? [flow] : [])),
  );
  return { story, relays, eks, gke };
}

const nanos = (flow: Flow | undefined) =>
  Number(flow?.time?.seconds) * 1e9 + (flow?.time?.nanos ?? 0);
const port = (flow: Flow | undefined) => flow?.l4?.TCP?.source_port;

test('the denial is told twice in eks, and only forwarded in gke', async () => {
  const { eks, gke } = await tell(6000);
  const dropped = eks.filter((flow) => flow.verdict === Verdict.numbers.DROPPED);
  const verdict = dropped.find((flow) => flow.event_type?.type === 5);
  const drop = dropped.find((flow) => flow.event_type?.type === 1 && port(flow) === port(verdict));
  expect(GKE_XWING_IDENTITY >> 16).toBe(5);
  for (const flow of [verdict, drop]) {
    expect(flow).toMatchObject({
      drop_reason: 133,
      drop_reason_desc: 133,
      traffic_direction: 1,
      l4: { TCP: { destination_port: 80, flags: { SYN: true } } },
      source: { identity: 373_826, cluster_name: 'liz-cm-gke-5', namespace: 'farfaraway' },
      destination: { cluster_name: 'liz-cm-eks-6', namespace: 'farfaraway' },
      Summary: 'TCP Flags: SYN',
    });
    expect(flow?.source?.labels).toContain('k8s:io.cilium.k8s.policy.cluster=liz-cm-gke-5');
    expect(flow?.source?.ID).toBeUndefined();
    expect(flow?.source?.workloads).toBeUndefined();
    expect(flow?.source?.pod_name).toMatch(/^xwing-/);
    expect(flow?.destination?.ID).toBeGreaterThan(0);
    expect(flow?.destination?.workloads).toEqual([{ name: 'rebel-base', kind: 'Deployment' }]);
    expect((flow?.destination?.identity ?? 0) >> 16).toBe(6);
    expect(flow?.is_reply).toBeUndefined();
    expect(flow?.policy_match_type).toBeUndefined();
    expect(flow?.node_name).toMatch(/^liz-cm-eks-6\//);
    expect(flow?.ingress_allowed_by ?? flow?.ingress_denied_by).toBeUndefined();
  }
  expect(drop?.event_type).toEqual({ type: 1, sub_type: 133 });
  expect(nanos(drop) - nanos(verdict)).toBeGreaterThan(14_000);
  expect(nanos(drop) - nanos(verdict)).toBeLessThan(16_500);
  const same = gke.filter((flow) => port(flow) === port(verdict));
  expect(same.length).toBeGreaterThanOrEqual(2);
  for (const flow of same) {
    expect(flow).toMatchObject({
      verdict: Verdict.numbers.FORWARDED,
      traffic_direction: 2,
      event_type: { type: 4, sub_type: 4 },
      is_reply: false,
      l4: { TCP: { flags: { SYN: true } } },
    });
    expect(flow.source?.ID).toBeGreaterThan(0);
    expect(flow.destination?.ID).toBeUndefined();
  }
});

test('what the policy admits is a verdict that names it, then a handshake on both nodes', async () => {
  const { eks } = await tell(4000);
  const verdict = eks.find(
    (flow) =>
      flow.event_type?.type === 5 &&
      flow.verdict === Verdict.numbers.FORWARDED &&
      flow.source?.ID === undefined,
  );
  expect(verdict).toMatchObject({
    traffic_direction: 1,
    policy_match_type: 1,
    is_reply: false,
    ingress_allowed_by: [{ name: 'rebel-base-same-cluster', kind: 'CiliumNetworkPolicy' }],
  });
  const connection = eks.filter((flow) =>
    [flow.l4?.TCP?.source_port, flow.l4?.TCP?.destination_port].includes(port(verdict)),
  );
  expect(new Set(connection.map((flow) => flow.node_name)).size).toBe(2);
  expect(new Set(connection.map((flow) => flow.Summary))).toEqual(
    new Set([
      'TCP Flags: SYN',
      'TCP Flags: SYN, ACK',
      'TCP Flags: ACK',
      'TCP Flags: ACK, PSH',
      'TCP Flags: ACK, FIN',
    ]),
  );
  expect(connection.some((flow) => flow.is_reply === true)).toBe(true);
});

test('HTTP, DNS and pings are there, told as Hubble tells them', async () => {
  const { eks, gke } = await tell(12_000);
  const told = [...eks, ...gke].map((flow) => flow.Summary ?? '');
  expect(told).toContainEqual(expect.stringMatching(/^HTTP\/1\.1 POST http:\/\/deathstar/));
  expect(told).toContainEqual(expect.stringMatching(/^HTTP\/1\.1 (200|503) \d+ms \(POST http:/));
  expect(told).toContain('DNS Query rebel-base.farfaraway.svc.cluster.local. A');
  expect(told).toContainEqual(
    expect.stringMatching(/^DNS Answer "10\.100\.42\.7" TTL: 30 \(Proxy /),
  );
  expect(told).toContainEqual(
    expect.stringMatching(/^DNS Answer RCode: Non-Existent Domain TTL: 4294967295/),
  );
  expect(told).toContain('ICMPv4 EchoReply');
  expect(told).toContain('UDP');
});

test('flows print as lines, uuids differ, each relay has its own nodes only, times go up', async () => {
  const { relays, story } = await tell(5000);
  const uuids = new Set<string>();
  for (const relay of relays) {
    for (const response of held(relay)) {
      expect(response.$unknown ?? response.flow?.$unknown).toBeUndefined();
      expect(response.node_name).toMatch(new RegExp(`^${relay.name}/`));
      expect(response.flow?.source?.cluster_name ?? '').toMatch(/^(liz-cm-(eks-6|gke-5))?$/);
      uuids.add(response.flow?.uuid ?? '');
      JSON.parse(toJsonLine(GetFlowsResponse, response));
    }
    for (const ring of relay.rings) {
      for (let event = 1; event < ring.seen; event++) {
        expect(ring.time(event)).toBeGreaterThanOrEqual(ring.time(event - 1));
      }
    }
  }
  expect(uuids.size).toBe(story.made);
  expect(story.made / 5).toBeGreaterThan(5);
  expect(story.made / 5).toBeLessThan(100);
});

test('the same seed tells the same story; count ends it', async () => {
  const one = await tell(20_000, { count: 200, seed: 3, speed: 4 });
  const two = await tell(20_000, { count: 200, seed: 3, speed: 4 });
  expect(one.story.made).toBe(200);
  const uuids = ({ relays }: typeof one) => relays.flatMap(held).map(({ flow }) => flow?.uuid);
  expect(uuids(two)).toEqual(uuids(one));
});
