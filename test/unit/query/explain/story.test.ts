import { describe, expect, test } from 'vitest';
import { DropReason, type Flow, Verdict } from '../../../../src/hubble/proto/schema.gen.ts';
import { connectionsConfig } from '../../../../src/query/connections/config.ts';
import { connectionsOf } from '../../../../src/query/connections/from-responses.ts';
import { explain } from '../../../../src/query/explain/story.ts';
import { connection, deniedConnection, toWorld } from '../../../../src/simulate/conversation.ts';
import { timestamp } from '../../../../src/simulate/framing.ts';
import type { FlowObservation } from '../../../../src/simulate/packet-flows.ts';
import { makeCluster, makePod } from '../../../../src/simulate/topology.ts';

const [near, far] = [5, 6].map((id) =>
  makeCluster(`mesh-${id}`, id, [{ name: `node-${id}`, zone: 'z', labels: [] }]),
) as [ReturnType<typeof makeCluster>, ReturnType<typeof makeCluster>];
const podIn = (cluster: typeof near, workload: string) =>
  makePod(cluster.nodes[0] as (typeof near.nodes)[number], {
    namespace: 'shop',
    workload,
    labels: [`app=${workload}`],
  });
const how = {
  client: podIn(near, 'web'),
  clientPort: 40_000,
  server: podIn(far, 'db'),
  serverPort: 5432,
};
const policy = (name: string) => ({
  name,
  namespace: 'shop',
  labels: [],
  revision: 1n,
  kind: 'CiliumNetworkPolicy',
});
const { DROPPED, AUDIT } = Verdict.numbers;

/** The story of what was seen, each flow changed on the way. */
async function story(
  sightings: readonly FlowObservation[],
  change: (flow: Flow) => Flow = (flow) => flow,
) {
  async function* responses() {
    for (const [index, { afterUs, flow }] of sightings.entries()) {
      const time = timestamp(1_790_000_000_000 + afterUs / 1000);
      yield { flow: change({ ...flow, time, uuid: `uuid-${index}` }), node_name: flow.node_name };
    }
  }
  const query = {
    whitelist: [],
    blacklist: [],
    since: undefined,
    until: undefined,
    number: 0n,
    first: false,
  };
  const [found] = await connectionsOf(responses(), query, connectionsConfig.parse({}));
  if (found === undefined) throw new Error('nothing was stitched');
  return explain(found);
}

const onDrop = (more: Flow) => (flow: Flow) =>
  flow.verdict === DROPPED ? { ...flow, ...more } : flow;
const denied = deniedConnection(how, [1000]);

describe('a denial at the other end', () => {
  test('by default deny: who, where, which identity and cluster, and what is not known', async () => {
    const { sentences, decision, unknown } = await story(denied);
    const text = sentences.join('\n');
    expect(decision).toEqual({
      side: 'destination',
      direction: 'INGRESS',
      cluster: 'mesh-6',
      nodes: ['mesh-6/node-6'],
      how: 'default-deny',
      reason: 'POLICY_DENIED',
      code: 133,
      times: 2,
      policies: [],
      matches: ['none'],
    });
    expect(text).toContain(
      `shop/${how.client.name} in cluster mesh-5 called shop/${how.server.name} in cluster mesh-6 on TCP port 5432`,
    );
    expect(text).toContain(
      `The client's identity is ${how.client.identity}, of cluster 5 (${how.client.identity} >> 16 = 5), mesh-5`,
    );
    expect(text).toMatch(/Source side: cluster mesh-5 .* 2 FORWARDED, no answer among them/);
    expect(text).toContain('The source sees forwarded flows');
    expect(text).toMatch(/Cluster mesh-6 dropped it on INGRESS at the destination, 2 times/);
    expect(text).toContain('this is the default deny');
    expect(unknown.join()).toContain('Which policies select the destination is in no flow');
  });

  test('by a policy that the flow names', async () => {
    const named = {
      ingress_denied_by: [policy('no-web')],
      drop_reason_desc: DropReason.numbers.POLICY_DENY,
    };
    const { sentences, decision, unknown } = await story(denied, onDrop(named));
    expect(decision).toMatchObject({ how: 'denied-by-policy', code: 181 });
    expect(sentences.join()).toContain(
      'POLICY_DENY (181). Denied by CiliumNetworkPolicy shop/no-web, an explicit deny.',
    );
    expect(unknown).toEqual([]);
  });

  test('by an explicit deny that an older Hubble does not name', async () => {
    const unnamed = {
      drop_reason_desc: DropReason.numbers.POLICY_DENY,
      emitter: { name: 'Hubble', version: '1.16.2' },
    };
    const { decision, unknown } = await story(denied, onDrop(unnamed));
    expect(decision?.how).toBe('denied-by-unnamed-policy');
    expect(unknown.join()).toContain('1.16.2 did not name it');
  });

  test('never blames what allowed another direction or layer', async () => {
    const misleading = {
      ingress_allowed_by: [policy('lets-in')],
      egress_allowed_by: [policy('lets-out')],
      egress_denied_by: [policy('other-direction')],
    };
    const { decision, sentences, connection: told } = await story(denied, onDrop(misleading));
    expect(decision).toMatchObject({ how: 'default-deny', policies: [] });
    expect(told.destination).toMatchObject({ allowedBy: [], deniedBy: [] });
    expect(sentences.join()).not.toMatch(/lets-in|lets-out|other-direction/);
  });

  test('seen from there only: the source is not collected', async () => {
    const there = denied.filter(({ node }) => node.cluster === far);
    const { sentences, unknown } = await story(there);
    expect(sentences.join('\n')).toContain(
      'Source side: not seen, since no flows of cluster mesh-5 are stored: it is not collected.',
    );
    expect(unknown.join()).toContain('What the source side saw');
  });
});

test('a denial at the source: the other side is not missing, it was never reached', async () => {
  const [first] = denied;
  if (first === undefined) throw new Error('no sighting');
  const egress = {
    verdict: DROPPED,
    drop_reason_desc: DropReason.numbers.POLICY_DENIED,
    event_type: { type: 5 },
    is_reply: undefined,
    egress_denied_by: [policy('stay-home')],
  };
  const {
    decision,
    sentences,
    unknown,
    connection: told,
  } = await story([first], (flow) => ({
    ...flow,
    ...egress,
  }));
  expect(decision).toMatchObject({
    side: 'source',
    direction: 'EGRESS',
    cluster: 'mesh-5',
    how: 'denied-by-policy',
  });
  expect(told.missing.destination?.reason).toBe('never-arrived');
  expect(sentences.join()).toContain('Denied by CiliumNetworkPolicy shop/stay-home.');
  expect(unknown).toEqual([]);
});

test('an audit verdict is no denial', async () => {
  const admitted = { match: 'L3-L4' as const, policies: [] };
  const {
    decision,
    sentences,
    connection: told,
  } = await story(connection({ ...how, admittedBy: admitted }), (flow) =>
    flow.event_type?.type === 5 ? { ...flow, verdict: AUDIT } : flow,
  );
  expect(told.outcome).toBe('audited');
  expect(decision).toMatchObject({ how: 'audit', side: 'destination', cluster: 'mesh-6' });
  expect(sentences.join()).toContain('It was let through.');
});

test('what was let through names its policy, or says that none is named', async () => {
  const admitted = { match: 'L3-L4' as const, policies: [policy('lets-in')] };
  const { decision, sentences } = await story(connection({ ...how, admittedBy: admitted }));
  expect(decision).toMatchObject({ how: 'allowed-by-policy', matches: ['L3-L4'] });
  expect(sentences.join()).toContain('by CiliumNetworkPolicy shop/lets-in (matched on L3-L4)');
  const unnamed = await story(connection(how));
  expect(unnamed.decision?.how).toBe('allowed');
  expect(unnamed.unknown.join()).toContain('only policy verdicts name policies');
});

test('a drop that no policy decided', async () => {
  const { decision, sentences } = await story(
    denied,
    onDrop({ drop_reason_desc: 158, event_type: { type: 1 } }),
  );
  expect(decision).toMatchObject({ how: 'not-policy', code: 158 });
  expect(sentences.join()).toContain('"Service backend not found". No policy decided that.');
});

test('the world, known by a number of its node', async () => {
  const world = {
    ip: '1.2.3.4',
    identity: 16_777_219,
    labels: ['reserved:world'],
    names: ['x.org'],
  };
  const { sentences } = await story(toWorld(how.client, 40_000, world, 443));
  expect(sentences.join('\n')).toContain('called x.org (1.2.3.4) on TCP port 443');
  expect(sentences.join('\n')).toContain(
    "The server's identity is 16777219, a number that means something on its node only, with labels reserved:world.",
  );
  expect(sentences.join('\n')).toContain('1.2.3.4 is outside of every cluster');
  const nobody = await story(toWorld(how.client, 40_000, { ...world, identity: 2 }, 443));
  expect(nobody.sentences.join('\n')).toContain("The server's identity is 2 (reserved:world)");
});
