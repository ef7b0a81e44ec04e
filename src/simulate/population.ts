// Clusters of a synthetic load: a few hundred pods, and their conversations as templates.

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
import { type FlowTemplate, flowTemplate, TEMPLATE_PORT } from './template.ts';
import { identityOf, makeCluster, makePod, type Pod, type SimulatedCluster } from './topology.ts';

const CONVERSATIONS = 200;

/** Flows of one conversation at one node: templates to be written in order, for one client port. */
export type Script = readonly FlowTemplate[];

/** The cluster number `index` of a load, with its nodes. */
export function loadCluster(index: number, nodes: number): SimulatedCluster {
  const id = index + 1;
  const name = `load-${id}`;
  const sketches = Array.from({ length: nodes }, (_, node) => ({
    name: `ip-10-${id}-${node}-17`,
    zone: `eu-west-2${'abc'[node % 3]}`,
    labels: [],
  }));
  return makeCluster(name, id, sketches);
}

const WORLDS: readonly [World, ...World[]] = [
  {
    ip: '93.184.216.34',
    identity: 16_777_217,
    labels: ['cidr:93.184.216.34/32', 'reserved:world'],
    names: ['example.com'],
  },
  {
    ip: '142.250.187.206',
    identity: 16_777_218,
    labels: ['fqdn:*.googleapis.com', 'reserved:world'],
    names: ['storage.googleapis.com'],
  },
  { ip: '203.0.113.7', identity: 2, labels: ['reserved:world'], names: [] },
];

const NAMESPACES = [
  'payments',
  'shop',
  'search',
  'media',
  'kafka',
  'monitoring',
  'batch',
  'auth',
] as const;
const APPS = [
  'frontend',
  'api',
  'worker',
  'cache',
  'ledger',
  'gateway',
  'indexer',
  'mailer',
  'quotes',
  'store',
] as const;
const HTTP_PATHS = [
  '/',
  '/healthz',
  '/v1/orders',
  '/v1/orders/42',
  '/v1/quotes?limit=50',
  '/metrics',
] as const;
const PORTS_SERVED = [80, 443, 3306, 5432, 6379, 8080, 8443, 9092] as const;

/**
 * Conversations of the cluster's pods, cut into what each node sees of them. Pods of a later generation have the
 * identity numbers of the first and other labels: numbers are used again.
 */
export function makeScripts(cluster: SimulatedCluster, random: Random, generation = 0): Script[][] {
  const { pods, dns } = population(cluster, random, generation);
  const scripts: Script[][] = cluster.nodes.map(() => []);
  for (let i = 0; i < CONVERSATIONS; i++) {
    // Every client has one conversation, so that each of the pods is seen; servers are shared.
    const client = pods[(i * 7) % pods.length] as Pod;
    const server = pods[random.below(pods.length)] as Pod; // within bounds
    const sightings = pickConversation(client, server, dns, random, i);
    cluster.nodes.forEach((node, at) => {
      const script = sightings
        .filter((sighting) => sighting.node === node)
        .map(({ flow }) => flowTemplate(flow, node.name));
      if (script.length > 0) scripts[at]?.push(script);
    });
  }
  return scripts;
}

/** Of a hundred conversations 5 are denied, 14 HTTP, 11 DNS, 6 pings, 9 to the world, the rest plain connections. */
function pickConversation(
  client: Pod,
  server: Pod,
  dns: readonly [Pod, ...Pod[]],
  random: Random,
  index: number,
): FlowObservation[] {
  const clientPort = TEMPLATE_PORT;
  const serverPort = random.pick(PORTS_SERVED);
  const admittedBy = random.chance(0.6) ? rule(server, random) : undefined;
  const between = { client, clientPort, server, serverPort, admittedBy };
  const kind = index % 100;
  if (kind < 5) return deniedConnection(between, [1000, 3000]);
  if (kind < 19) {
    const path = random.pick(HTTP_PATHS);
    const url = `http://${server.workload.name}.${server.namespace}.svc.cluster.local${path}`;
    const code = random.pick([200, 200, 200, 201, 301, 404, 500, 503]);
    const latencyMs = 1 + random.below(4000) / 10;
    const headers = [{ key: 'User-Agent', value: 'curl/8.9.1' }];
    const how = { method: random.pick(['GET', 'GET', 'POST']), url, code, latencyMs, headers };
    return httpExchange({ ...between, serverPort: 80, ...how });
  }
  if (kind < 30) {
    const query = `${server.workload.name}.${server.namespace}.svc.cluster.local`;
    const type = random.pick<'A' | 'AAAA'>(['A', 'AAAA']);
    const ips = type === 'A' ? [server.ip] : [];
    const resolver = random.pick(dns);
    return dnsLookup({ client, clientPort, server: resolver, serverPort: 53, query, type, ips });
  }
  if (kind < 36) return pingPong(client, server);
  if (kind < 45) {
    const world = random.pick(WORLDS);
    return toWorld(client, clientPort, world, 443);
  }
  return connection(between);
}

function rule(server: Pod, random: Random): Rule {
  const { namespace, workload } = server;
  const name = `allow-${workload.name}`;
  const labels = [
    'k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy',
    `k8s:io.cilium.k8s.policy.name=${name}`,
    `k8s:io.cilium.k8s.policy.namespace=${namespace}`,
  ];
  const policy = { name, namespace, labels, revision: 12n, kind: 'CiliumNetworkPolicy' };
  return { match: random.pick(['L3-L4', 'L3-Only', 'L4-Only']), policies: [policy] };
}

/** Some 260 pods of 80 workloads, spread over the nodes, and the cluster's DNS. */
function population(cluster: SimulatedCluster, random: Random, generation: number) {
  const { nodes } = cluster;
  // Within bounds.
  const node = (index: number) => nodes[index % nodes.length] as SimulatedCluster['nodes'][number];
  const pods: Pod[] = [];
  for (const namespace of NAMESPACES) {
    for (const app of APPS) {
      const labels = [
        `app=${generation === 0 ? app : `${app}-${generation}`}`,
        `tier=${random.pick(['web', 'backend', 'data'])}`,
      ];
      if (random.chance(0.5)) labels.push(`version=v${1 + random.below(4)}`);
      const replicas = 2 + random.below(4);
      for (let replica = 0; replica < replicas; replica++) {
        const workload = generation === 0 ? app : `${app}-${generation}`;
        const identity = identityOf(cluster, namespace, app);
        const sketch = { namespace, workload, labels, serviceAccount: app, replica, identity };
        pods.push(makePod(node(pods.length), sketch));
      }
    }
  }
  const coredns = (replica: number) =>
    makePod(node(replica), {
      namespace: 'kube-system',
      workload: 'coredns',
      labels: ['k8s-app=kube-dns', 'eks.amazonaws.com/component=coredns'],
      serviceAccount: 'coredns',
      replica,
    });
  const dns: [Pod, ...Pod[]] = [coredns(0), coredns(1)];
  return { pods, dns };
}
