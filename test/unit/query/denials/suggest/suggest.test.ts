import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type IncidentFacts, incidentOf } from '../../../../../src/incident/incident.ts';
import type { IncidentDetail } from '../../../../../src/query/denials/detail.ts';
import { suggestPolicy } from '../../../../../src/query/denials/suggest/suggest.ts';
import { suggestionYaml } from '../../../../../src/query/denials/suggest/suggest-yaml.ts';
import type { Variant, VariantEnd } from '../../../../../src/query/denials/variants.ts';
import { MINUTE_NS } from '../../../../../src/runtime/time.ts';
import { admits, ciliumPolicy, type Traffic } from '../../../../support/query/policy-evaluator.ts';

const NOON = 1_773_489_600_000_000_000n;
const at = {
  now: NOON,
  quiet: 10n * MINUTE_NS,
  watched: 0n,
  newSince: 0n,
  window: 60n * MINUTE_NS,
};
const POLICY_DENY = 181;

const end = (cluster: string, name: string, namespace = 'farfaraway') => ({
  cluster,
  namespace,
  workload: name === '' ? '' : `${namespace}/Deployment/${name}`,
  peer: '',
});
const FACTS: IncidentFacts = {
  incident: 0xd142_c5b6_7ac7_c806n,
  cluster: 'liz-cm-eks-6',
  verdict: 2,
  direction: 1,
  code: 133,
  policies: '',
  protocol: 1,
  port: 80,
  source: end('liz-cm-gke-5', 'xwing'),
  destination: end('liz-cm-eks-6', 'rebel-base'),
  firstSeen: NOON - 30n * MINUTE_NS,
  lastSeen: NOON - MINUTE_NS,
  drops: 9,
  verdicts: 8,
};
const incident = (facts: Partial<IncidentFacts> = {}) => incidentOf({ ...FACTS, ...facts }, at);

function pod(name: string, cluster: string, ...more: readonly string[]): VariantEnd {
  const labels = [
    `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=farfaraway`,
    `k8s:io.cilium.k8s.policy.cluster=${cluster}`,
    'k8s:io.cilium.k8s.policy.serviceaccount=default',
    'k8s:io.kubernetes.pod.namespace=farfaraway',
    ...(name === '' ? [] : [`k8s:name=${name}`]),
    ...more,
  ];
  return { labels, identity: 70_000, ip: '' };
}
const outside = (ip: string, ...labels: readonly string[]): VariantEnd => ({
  labels: labels.length === 0 ? ['reserved:world'] : labels,
  identity: labels.includes('reserved:host') ? 1 : 2,
  ip,
});
const XWING = pod('xwing', 'liz-cm-gke-5');
const BASE = pod('rebel-base', 'liz-cm-eks-6', 'k8s:pod-template-hash=6c7ffd9c66');
function variant(more: Partial<Variant> = {}): Variant {
  return {
    source: XWING,
    destination: BASE,
    names: [],
    nodes: ['liz-cm-eks-6/node-1'],
    icmpType: 0,
    method: '',
    url: '',
    query: '',
    count: 1,
    ...more,
  };
}
const suggest = (facts: Partial<IncidentFacts>, ...variants: readonly Partial<Variant>[]) =>
  suggestPolicy({ incident: incident(facts), variants: variants.map(variant), cut: false });

const STORY: Traffic = {
  direction: 'ingress',
  selected: { labels: BASE.labels },
  peer: { labels: XWING.labels },
  port: 80,
  protocol: 'TCP',
};

describe('the policy of the story', () => {
  const { policy, opens } = suggest({}, {});

  it('adds xwing of the other cluster to rebel-base', () => {
    expect(opens).toBe(true);
    expect(policy).toEqual({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'allow-xwing-to-rebel-base-80-d142c5', namespace: 'farfaraway' },
      spec: {
        endpointSelector: { matchLabels: { 'k8s:name': 'rebel-base' } },
        ingress: [
          {
            fromEndpoints: [
              {
                matchLabels: {
                  'k8s:name': 'xwing',
                  'k8s:io.kubernetes.pod.namespace': 'farfaraway',
                  'k8s:io.cilium.k8s.policy.cluster': 'liz-cm-gke-5',
                },
              },
            ],
            toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }] }],
          },
        ],
      },
    });
  });

  it('admits that traffic after the next rollout too, and no other', () => {
    expect(admits(policy, STORY)).toBe(true);
    const rolled = BASE.labels.map((label) => label.replace('6c7ffd9c66', '7d8eeee111'));
    expect(admits(policy, { ...STORY, selected: { labels: rolled } })).toBe(true);
    const others: readonly Partial<Traffic>[] = [
      { peer: { labels: pod('xwing', 'liz-cm-eks-6').labels } },
      { peer: { labels: pod('tiefighter', 'liz-cm-gke-5').labels } },
      {
        peer: { labels: XWING.labels.map((label) => label.replace('space=farfaraway', 'space=x')) },
      },
      { peer: { labels: ['reserved:world'], ip: '10.5.1.7' } },
      { port: 81 },
      { protocol: 'UDP' },
      { direction: 'egress' },
      { selected: { labels: pod('deathstar', 'liz-cm-eks-6').labels } },
    ];
    for (const other of others) expect(admits(policy, { ...STORY, ...other })).toBe(false);
  });

  it('is one policy for pods of several rollouts, and has a part for each kind of pod', () => {
    const next = pod('rebel-base', 'liz-cm-eks-6', 'k8s:pod-template-hash=x');
    expect(suggest({}, {}, { destination: next }).policy).toEqual(policy);
    const awing = pod('xwing', 'liz-cm-gke-5', 'k8s:wing=a');
    const hoth = pod('rebel-base', 'liz-cm-eks-6', 'k8s:base=hoth');
    const both = suggest({}, { source: awing }, { destination: hoth }).policy;
    expect(both?.specs).toHaveLength(2);
    expect(admits(both, { ...STORY, peer: { labels: awing.labels } })).toBe(true);
    expect(admits(both, { ...STORY, selected: { labels: hoth.labels } })).toBe(true);
  });
});

describe('who is named how', () => {
  const ip = '203.0.113.7';
  const egress = { direction: 2, cluster: 'liz-cm-gke-5' };
  const out: Traffic = {
    direction: 'egress',
    selected: { labels: XWING.labels },
    peer: { ip },
    port: 80,
    protocol: 'TCP',
  };

  it('the world by its addresses, of both families', () => {
    const v6 = '2001:db8::7';
    const { policy } = suggest({}, { source: outside(ip) }, { source: outside(v6) });
    for (const each of [ip, v6])
      expect(admits(policy, { ...STORY, peer: { ip: each } })).toBe(true);
    expect(admits(policy, { ...STORY, peer: { ip: '203.0.113.8' } })).toBe(false);
  });

  it('a network of an older rule by the address too: the network is wider', () => {
    const { policy } = suggest(
      {},
      { source: outside(ip, 'cidr:203.0.113.0/24', 'reserved:world') },
    );
    expect(policy?.spec?.ingress?.[0]?.fromCIDR).toEqual([`${ip}/32`]);
  });

  it('what has a name by it, on egress', () => {
    const { policy, notes } = suggest(egress, {
      destination: outside(ip),
      names: ['api.example.com.'],
    });
    expect(admits(policy, { ...out, peer: { names: ['api.example.com'] } })).toBe(true);
    expect(admits(policy, out)).toBe(false);
    expect(notes.join()).toContain('port 53');
  });

  it.each(['host', 'remote-node', 'kube-apiserver', 'ingress', 'health'])(
    '%s by its entity',
    (name) => {
      const { policy } = suggest(egress, { destination: outside(ip, `reserved:${name}`) });
      expect(admits(policy, { ...out, peer: { labels: [`reserved:${name}`] } })).toBe(true);
      expect(admits(policy, { ...out, peer: { labels: ['reserved:world'] } })).toBe(false);
    },
  );

  it('the API server, a node and of the world besides, by its own name', () => {
    const labels = ['reserved:kube-apiserver', 'reserved:remote-node', 'cidr:10.0.0.1/32'];
    const { policy } = suggest(egress, { destination: outside(ip, ...labels) });
    expect(policy?.spec?.egress?.[0]?.toEntities).toEqual(['kube-apiserver']);
  });

  it('a host endpoint by a clusterwide policy that selects the node', () => {
    const facts = { destination: { ...end('liz-cm-eks-6', '', ''), peer: 'reserved:host' } };
    const { policy } = suggest(facts, { destination: outside('10.0.0.9', 'reserved:host') });
    expect(policy).toMatchObject({ kind: 'CiliumClusterwideNetworkPolicy' });
    expect(admits(policy, { ...STORY, selected: { node: 'node-1' } })).toBe(true);
    expect(admits(policy, { ...STORY, selected: { node: 'node-2' } })).toBe(false);
  });

  it('a pod clusterwide, when asked so', () => {
    const kind = 'CiliumClusterwideNetworkPolicy';
    const asked = { incident: incident(), variants: [variant()], cut: false, kind } as const;
    const { policy } = suggestPolicy(asked);
    expect(policy).toMatchObject({ kind, metadata: { name: expect.any(String) } });
    expect(admits(policy, STORY)).toBe(true);
    const elsewhere = BASE.labels.map((label) =>
      label.replace('namespace=farfaraway', 'namespace=x'),
    );
    expect(admits(policy, { ...STORY, selected: { labels: elsewhere } })).toBe(false);
  });

  it('a pod without labels by its service account, else not at all', () => {
    const nameless = pod('', 'liz-cm-eks-6');
    expect(suggest({}, { destination: nameless })).toMatchObject({
      policy: undefined,
      opens: false,
    });
    const labels = nameless.labels.map((label) => label.replace('account=default', 'account=base'));
    const { policy } = suggest({}, { destination: { ...nameless, labels } });
    expect(admits(policy, { ...STORY, selected: { labels } })).toBe(true);
    expect(admits(policy, STORY)).toBe(false);
  });
});

describe('what is admitted', () => {
  it('requests that a proxy refused: method and path, and no others', () => {
    const facts = { code: 0, drops: 0 };
    const { policy } = suggest(
      facts,
      { method: 'PUT', url: 'http://rebel-base.farfaraway/v1/exhaust.port' },
      { method: 'GET', url: '/v1?x=1' },
    );
    const asked = (method: string, path: string) =>
      admits(policy, { ...STORY, request: { method, path } });
    expect(asked('PUT', '/v1/exhaust.port')).toBe(true);
    expect(asked('GET', '/v1?x=2')).toBe(true);
    expect(asked('PUT', '/v1/exhaustXport')).toBe(false);
    expect(asked('GET', '/v1/exhaust.port')).toBe(false);
    expect(asked('PUT', '/v1/exhaust.port/2')).toBe(false);
    expect(suggest(facts, {})).toMatchObject({ policy: undefined });
  });

  it('DNS names that a proxy refused', () => {
    const facts = {
      code: 0,
      drops: 0,
      port: 53,
      protocol: 2,
      direction: 2,
      cluster: 'liz-cm-gke-5',
    };
    const { policy } = suggest(facts, { query: 'deathstar.example.' });
    const asked: Traffic = {
      direction: 'egress',
      selected: { labels: XWING.labels },
      peer: { labels: BASE.labels },
      port: 53,
      protocol: 'UDP',
    };
    expect(admits(policy, { ...asked, query: 'deathstar.example' })).toBe(true);
    expect(admits(policy, { ...asked, query: 'other.example' })).toBe(false);
  });

  it('ICMP by its types', () => {
    const { policy } = suggest({ protocol: 3, port: 0 }, { icmpType: 8 }, { icmpType: 3 });
    expect(admits(policy, { ...STORY, icmpType: 8 })).toBe(true);
    expect(admits(policy, { ...STORY, icmpType: 0 })).toBe(false);
    expect(policy?.spec?.ingress?.[0]?.icmps?.[0]?.fields).toEqual([
      { type: 3, family: 'IPv4' },
      { type: 8, family: 'IPv4' },
    ]);
  });

  it('nothing, where only a rule for every port would do', () => {
    for (const facts of [{ protocol: 7, port: 0 }, { protocol: 0 }, { port: 0 }])
      expect(suggest(facts, {})).toMatchObject({ policy: undefined, opens: false });
  });

  it('of what a deny rule closes the allow, which is not enough', () => {
    const policies = 'CiliumNetworkPolicy farfaraway/no-xwing';
    const { policy, opens, notes } = suggest({ code: POLICY_DENY, policies }, {});
    expect(admits(policy, STORY)).toBe(true);
    expect(opens).toBe(false);
    expect(notes.join()).toContain('CiliumNetworkPolicy farfaraway/no-xwing must be changed first');
  });

  it('nothing of what no policy decides', () => {
    for (const [code, told] of [
      [189, 'mutual authentication'],
      [177, 'loadBalancerSourceRanges'],
      [195, 'encrypt'],
    ] as const) {
      const { policy, opens, notes } = suggest({ code }, {});
      expect({ policy, opens }).toEqual({ policy: undefined, opens: false });
      expect(notes.join()).toContain(told);
    }
    expect(suggest({})).toMatchObject({ policy: undefined });
  });
});

const side = { side: 'source', cluster: 'x', flows: 0, verdicts: {}, text: 'nothing' } as const;
function detailWith(pods: readonly string[]): IncidentDetail {
  const none = { destinationPods: [], sourceAddresses: [], destinationAddresses: [], nodes: [] };
  return {
    incident: incident(),
    window: { since: 'a', until: 'b' },
    episodes: [],
    timeline: [],
    stepMs: 1,
    examples: { ...none, sourcePods: pods, uuids: [] },
    denials: [],
    otherSide: side,
    explanation: { sentences: [], unknown: [] },
    coverages: [{ cluster: 'liz-cm-gke-5', complete: false, text: ['node n dark 12:01–12:03'] }],
  };
}

describe('as YAML', () => {
  it('is the same document, with the evidence before it', () => {
    const suggestion = suggest({}, {});
    const yaml = suggestionYaml(suggestion, detailWith(['xwing-1']));
    expect(parse(yaml)).toEqual(suggestion.policy);
    for (const told of [
      'd142c5b67ac7c806',
      'From pods: xwing-1',
      'node n dark 12:01–12:03',
      'The other side: nothing.',
    ])
      expect(yaml).toContain(told);
    expect(yaml.startsWith('# liz-cm-gke-5 farfaraway/xwing → ')).toBe(true);
  });

  it('is comments alone where there is no policy', () => {
    const yaml = suggestionYaml(suggest({ code: 189 }, {}), detailWith([]));
    expect(yaml.split('\n').every((line) => line === '' || line.startsWith('#'))).toBe(true);
    expect(parse(yaml)).toBeNull();
  });

  it('holds whatever labels and pods are called', () => {
    const hostile = fc.oneof(
      fc.constantFrom(
        'yes',
        '1e3',
        '~',
        '*a',
        '- x',
        'a: b',
        '#c',
        "'",
        '"',
        '{}',
        '|',
        '!!binary x',
        '\r\nkind: Pod',
        '\u2028x: y',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(hostile, hostile, (label, name) => {
        const text = label.replaceAll('\n', ' ');
        const suggestion = suggest(
          {},
          {
            source: pod('xwing', 'liz-cm-gke-5', `k8s:odd=${text}`),
          },
        );
        const yaml = suggestionYaml(suggestion, detailWith([name]));
        expect(parse(yaml)).toEqual(suggestion.policy);
        expect(ciliumPolicy.safeParse(parse(yaml)).success).toBe(true);
      }),
    );
  });
});
