// The two clusters of the scenario `story`: their pods, policies and recurring traffic.

import {
  connection,
  deniedConnection,
  dnsLookup,
  httpExchange,
  pingPong,
  type Rule,
  toWorld,
} from './conversation.ts';
import type { FlowObservation, World } from './packet-flows.ts';
import type { Random } from './random.ts';
import { makeCluster, makePod, type Pod, type SimulatedCluster } from './topology.ts';

export const EKS = makeCluster('liz-cm-eks-6', 6, [
  {
    name: 'ip-192-168-31-17.eu-west-2.compute.internal',
    zone: 'eu-west-2a',
    labels: ['eks.amazonaws.com/nodegroup=ng-1', 'kubernetes.io/os=linux'],
  },
  {
    name: 'ip-192-168-77-201.eu-west-2.compute.internal',
    zone: 'eu-west-2b',
    labels: ['eks.amazonaws.com/nodegroup=ng-1', 'kubernetes.io/os=linux'],
  },
]);

export const GKE = makeCluster('liz-cm-gke-5', 5, [
  {
    name: 'gke-liz-cm-gke-5-default-pool-1a2b3c4d-x9zq',
    zone: 'europe-west2-a',
    labels: ['cloud.google.com/gke-nodepool=default-pool', 'kubernetes.io/os=linux'],
  },
  {
    name: 'gke-liz-cm-gke-5-default-pool-1a2b3c4d-p4ll',
    zone: 'europe-west2-b',
    labels: ['cloud.google.com/gke-nodepool=default-pool', 'kubernetes.io/os=linux'],
  },
]);

/** The policy of liz-cm-eks-6 that admits its own cluster only; what it does not admit is denied by default. */
const SAME_CLUSTER: Rule = {
  match: 'L3-Only',
  policies: [
    {
      name: 'rebel-base-same-cluster',
      namespace: 'farfaraway',
      labels: [
        'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy',
        'k8s:io.cilium.k8s.policy.name=rebel-base-same-cluster',
        'k8s:io.cilium.k8s.policy.namespace=farfaraway',
        'k8s:io.cilium.k8s.policy.uid=5b1f3c52-7d0e-4f5c-9f6e-2f6a3f3b7c11',
      ],
      revision: 7n,
      kind: 'CiliumNetworkPolicy',
    },
  ],
};

const HTTP_ONLY: Rule = {
  match: 'L3-L4',
  policies: [
    {
      name: 'deathstar-http',
      namespace: 'farfaraway',
      labels: [
        'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy',
        'k8s:io.cilium.k8s.policy.name=deathstar-http',
        'k8s:io.cilium.k8s.policy.namespace=farfaraway',
        'k8s:io.cilium.k8s.policy.uid=0c8d0b1e-93e4-4d8d-a4b5-61e8a17b1a40',
      ],
      revision: 7n,
      kind: 'CiliumNetworkPolicy',
    },
  ],
};

const WORLD: World = {
  ip: '140.82.121.4',
  identity: 16_777_219,
  labels: ['cidr:140.82.121.4/32', 'fqdn:github.com', 'reserved:world'],
  names: ['github.com'],
};

/** Curl gives up when its third SYN is dropped. */
const SYN_RETRIES_MS = [1000, 3000] as const;
const REBEL_BASE = 'http://rebel-base.farfaraway.svc.cluster.local/';

/** The identity of liz-cm-gke-5's xwing: 373826 >> 16 is 5. */
export const GKE_XWING_IDENTITY = 373_826;

interface StoryPods {
  readonly xwing: Pod;
  readonly rebelBases: readonly [Pod, Pod];
  readonly coredns: Pod;
  readonly relay: Pod;
  readonly prometheus: Pod;
  readonly tiefighter: Pod;
  readonly deathstar: Pod;
}

function podsOf(cluster: SimulatedCluster, xwingIdentity?: number): StoryPods {
  // Both clusters have two nodes.
  const [first, second] = cluster.nodes as [
    // each has two nodes
    SimulatedCluster['nodes'][number],
    SimulatedCluster['nodes'][number],
  ];
  const farfaraway = { namespace: 'farfaraway' };
  const rebelBase = (replica: number) => ({
    ...farfaraway,
    workload: 'rebel-base',
    labels: ['name=rebel-base'],
    replica,
  });
  const system = { namespace: 'kube-system' };
  return {
    xwing: makePod(first, {
      ...farfaraway,
      workload: 'xwing',
      labels: ['app.kubernetes.io/name=xwing', 'class=xwing', 'org=alliance'],
      ...(xwingIdentity !== undefined && { identity: xwingIdentity }),
    }),
    rebelBases: [makePod(second, rebelBase(0)), makePod(first, rebelBase(1))],
    tiefighter: makePod(second, {
      ...farfaraway,
      workload: 'tiefighter',
      kind: 'Pod',
      labels: ['app.kubernetes.io/name=tiefighter', 'class=tiefighter', 'org=empire'],
    }),
    deathstar: makePod(first, {
      ...farfaraway,
      workload: 'deathstar',
      labels: ['app.kubernetes.io/name=deathstar', 'class=deathstar', 'org=empire'],
    }),
    coredns: makePod(second, {
      ...system,
      workload: 'coredns',
      labels: ['k8s-app=kube-dns'],
      serviceAccount: 'coredns',
    }),
    relay: makePod(first, {
      ...system,
      workload: 'hubble-relay',
      labels: ['k8s-app=hubble-relay', 'app.kubernetes.io/part-of=cilium'],
      serviceAccount: 'hubble-relay',
    }),
    prometheus: makePod(second, {
      namespace: 'monitoring',
      workload: 'prometheus-server',
      kind: 'StatefulSet',
      labels: ['app.kubernetes.io/name=prometheus', 'app.kubernetes.io/component=server'],
      serviceAccount: 'prometheus',
    }),
  };
}

/** Traffic that recurs every `everyMs` on average, the first time after `firstMs`. */
interface RecurringTraffic {
  readonly firstMs: number;
  readonly everyMs: number;
  readonly flows: (port: number, random: Random) => FlowObservation[];
}

// Long because it lists all traffic of the two clusters.
export function storyTraffic(): RecurringTraffic[] {
  const eks = podsOf(EKS);
  const gke = podsOf(GKE, GKE_XWING_IDENTITY);
  const call = (client: Pod, server: Pod, admittedBy?: Rule) => (clientPort: number) =>
    connection({ client, clientPort, server, serverPort: 80, admittedBy });
  const lookup = (own: StoryPods, query: string, ips: readonly string[]) => (clientPort: number) =>
    dnsLookup({
      client: own.xwing,
      clientPort,
      server: own.coredns,
      serverPort: 53,
      query,
      type: 'A',
      ips,
    });
  const [eksFar, eksNear] = eks.rebelBases;
  const [gkeFar, gkeNear] = gke.rebelBases;
  const serviceIp = ['10.100.42.7'];
  const name = 'rebel-base.farfaraway.svc.cluster.local';
  const both = [eks, gke].flatMap((own): RecurringTraffic[] => [
    { firstMs: 900, everyMs: 3000, flows: lookup(own, name, serviceIp) },
    { firstMs: 2100, everyMs: 9000, flows: lookup(own, `${name}.cluster.local`, []) },
    {
      firstMs: 1500,
      everyMs: 4000,
      flows: (clientPort, random) =>
        httpExchange({
          client: own.tiefighter,
          clientPort,
          server: own.deathstar,
          serverPort: 80,
          admittedBy: HTTP_ONLY,
          method: 'POST',
          url: 'http://deathstar.farfaraway.svc.cluster.local/v1/request-landing',
          code: random.chance(0.9) ? 200 : 503,
          latencyMs: 2 + random.below(400) / 10,
          headers: [{ key: 'User-Agent', value: 'curl/8.9.1' }],
        }),
    },
    {
      firstMs: 700,
      everyMs: 5000,
      flows: (clientPort) =>
        connection({ client: own.prometheus, clientPort, server: own.relay, serverPort: 9966 }),
    },
    { firstMs: 1800, everyMs: 6000, flows: () => pingPong(own.prometheus, own.deathstar) },
    { firstMs: 2600, everyMs: 8000, flows: (port) => toWorld(own.tiefighter, port, WORLD, 443) },
  ]);
  return [
    { firstMs: 400, everyMs: 2000, flows: call(eks.xwing, eksFar, SAME_CLUSTER) },
    { firstMs: 1300, everyMs: 4000, flows: call(eks.xwing, eksNear, SAME_CLUSTER) },
    { firstMs: 2400, everyMs: 5000, flows: call(eks.xwing, gkeFar) },
    { firstMs: 1100, everyMs: 2500, flows: call(gke.xwing, gkeNear) },
    {
      firstMs: 600,
      everyMs: 5000,
      flows: (clientPort) =>
        deniedConnection(
          { client: gke.xwing, clientPort, server: eksFar, serverPort: 80 },
          SYN_RETRIES_MS,
        ),
    },
    {
      firstMs: 3200,
      everyMs: 7000,
      flows: (clientPort) =>
        httpExchange({
          client: eks.tiefighter,
          clientPort,
          server: gkeNear,
          serverPort: 80,
          method: 'GET',
          url: REBEL_BASE,
          code: 200,
          latencyMs: 3.2,
        }),
    },
    ...both,
  ];
}
