// Synthetic load: connections between a few hundred pods, written from templates at an exact rate.
import type { Clock } from '../runtime/clock.ts';
import type { Health } from '../runtime/component.ts';
import { makeCluster, makePod, type Pod, type SimulatedCluster } from './cast.ts';
import {
  connection,
  deniedConnection,
  dnsLookup,
  httpExchange,
  pingPong,
  type Rule,
  toWorld,
} from './conversation.ts';
import { type Random, scramble, seededRandom } from './random.ts';
import type { SimulatedRelay } from './relay.ts';
import type { Scenario } from './scenario.ts';
import type { Sighting, World } from './sighting.ts';
import {
  FIRST_PORT,
  type FlowTemplate,
  flowTemplate,
  formOf,
  PORTS,
  SMALLEST_NANOS,
  TEMPLATE_PORT,
  writeFlow,
} from './template.ts';

/** A write to a client costs some 300 µs whatever its size, so few large ones; yet no ring may fill within a tick. */
const LONGEST_TICK_MS = 20;
const SHORTEST_TICK_MS = 2;
const TICKS_PER_RING = 8;
/** After a pause the generator catches up at no more than this many times its rate, so that rings are not washed out. */
const CATCH_UP = 3;
const CONVERSATIONS = 200;

export interface LoadOptions {
  /** Flows a second. */
  readonly rate: number;
  /** Ends after so many flows; 0 never. */
  readonly count: number;
  readonly seed: number;
  /** Makes nothing until a client follows. */
  readonly waitForClient: boolean;
}

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

/** What one node sees of one conversation: templates to be written in order, for one client port. */
type Script = readonly FlowTemplate[];

/** Emits into one relay until stopped or `count` is reached. */
export class LoadGenerator implements Scenario {
  readonly name: string;
  /** Flows made so far. */
  made = 0;
  /** Resolves when `count` flows are made. */
  readonly done: Promise<void>;
  private readonly relay: SimulatedRelay;
  private readonly options: LoadOptions;
  private readonly clock: Clock;
  private readonly cluster: SimulatedCluster;
  private readonly streams: NodeStream[] = [];
  private readonly keys: readonly number[];
  private readonly words = new Uint32Array(4);
  private readonly tickMs: number;
  private timer: NodeJS.Timeout | undefined;
  private lastMs = 0;
  private owed = 0;
  private finish: () => void = () => {};

  constructor(
    cluster: SimulatedCluster,
    relay: SimulatedRelay,
    options: LoadOptions,
    clock: Clock,
  ) {
    this.name = `load of ${relay.name}`;
    this.cluster = cluster;
    this.relay = relay;
    this.options = options;
    this.clock = clock;
    const random = seededRandom(options.seed, `uuid ${relay.name}`);
    this.keys = [random.bits(), random.bits(), random.bits(), random.bits()];
    this.done = new Promise((resolve) => {
      this.finish = resolve;
    });
    const ringMs = (relay.options.ring * cluster.nodes.length * 1000) / options.rate;
    const tickMs = Math.floor(ringMs / TICKS_PER_RING);
    this.tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, tickMs));
  }

  async start(_signal: AbortSignal): Promise<void> {
    const random = seededRandom(this.options.seed, `load ${this.relay.name}`);
    const scripts = makeScripts(this.cluster, random);
    for (const own of scripts) this.streams.push(new NodeStream(own, random));
    this.lastMs = this.clock.now();
    this.timer = setInterval(() => this.tick(), this.tickMs);
  }

  async stop(_limit: AbortSignal): Promise<void> {
    clearInterval(this.timer);
  }

  health(): Health {
    return { state: 'ok' };
  }

  private tick(): void {
    const now = this.clock.now();
    const sinceMs = now - this.lastMs;
    const { rate, count, waitForClient } = this.options;
    const waits = waitForClient && this.made === 0 && this.relay.stats().followers === 0;
    this.lastMs = now;
    if (sinceMs <= 0 || waits || !this.relay.observing) return;
    this.owed += (sinceMs * rate) / 1000;
    const most = Math.max(1, (CATCH_UP * rate * this.tickMs) / 1000);
    let due = Math.floor(Math.min(this.owed, most));
    if (count > 0) due = Math.min(due, count - this.made);
    this.owed -= due;
    if (due > 0) {
      this.write(due, now - sinceMs, sinceMs);
      this.relay.flush();
    }
    if (count > 0 && this.made >= count) {
      clearInterval(this.timer);
      this.finish();
    }
  }

  /** Spreads `due` flows over the nodes, and each node's over the time that has passed. */
  private write(due: number, fromMs: number, spanMs: number): void {
    const nodes = this.streams.length;
    const turn = this.made % nodes;
    for (let i = 0; i < nodes; i++) {
      const node = (turn + i) % nodes;
      const share = Math.floor(due / nodes) + (i < due % nodes ? 1 : 0);
      if (share > 0) this.writeNode(node, share, fromMs, spanMs);
    }
  }

  private writeNode(node: number, share: number, fromMs: number, spanMs: number): void {
    const ring = this.relay.rings[node];
    const stream = this.streams[node];
    if (!ring || !stream) return;
    const { keys, words } = this;
    const stepNanos = Math.floor((spanMs * 1e6) / share);
    let seconds = Math.floor(fromMs / 1000);
    let nanos = Math.round((fromMs - seconds * 1000) * 1e6);
    for (let i = 0; i < share; i++) {
      nanos += stepNanos;
      if (nanos >= 1e9) {
        nanos -= 1e9;
        seconds++;
      }
      const at = Math.max(nanos, SMALLEST_NANOS);
      const form = formOf(stream.next(), at);
      const number = this.made++;
      for (let word = 0; word < 4; word++) {
        words[word] = scramble(number ^ (keys[word] as number));
      }
      const { length } = form.bytes;
      const chunk = ring.reserve(length);
      writeFlow(form, chunk.buffer, chunk.end, seconds, at, stream.port, words);
      ring.commit(chunk, length, seconds * 1000 + at / 1e6, chunk.end + form.uuidAt);
    }
  }
}

/** Runs one node's scripts one after the other, each with a port of its own. */
class NodeStream {
  port = FIRST_PORT;
  private readonly scripts: readonly Script[];
  private readonly random: Random;
  private script: Script = [];
  private step = 0;

  constructor(scripts: readonly Script[], random: Random) {
    this.scripts = scripts;
    this.random = random;
  }

  next(): FlowTemplate {
    if (this.step === this.script.length) {
      this.script = this.scripts[this.random.below(this.scripts.length)] as Script;
      this.port = FIRST_PORT + this.random.below(PORTS);
      this.step = 0;
    }
    return this.script[this.step++] as FlowTemplate;
  }
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

/** Conversations of the cluster's pods, cut into what each node sees of them. */
function makeScripts(cluster: SimulatedCluster, random: Random): Script[][] {
  const { pods, dns } = population(cluster, random);
  const scripts: Script[][] = cluster.nodes.map(() => []);
  for (let i = 0; i < CONVERSATIONS; i++) {
    // Every client has one conversation, so that each of the pods is seen; servers are shared.
    const client = pods[(i * 7) % pods.length] as Pod;
    const server = pods[random.below(pods.length)] as Pod;
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
): Sighting[] {
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
function population(cluster: SimulatedCluster, random: Random) {
  const { nodes } = cluster;
  const node = (index: number) => nodes[index % nodes.length] as SimulatedCluster['nodes'][number];
  const pods: Pod[] = [];
  for (const namespace of NAMESPACES) {
    for (const app of APPS) {
      const labels = [`app=${app}`, `tier=${random.pick(['web', 'backend', 'data'])}`];
      if (random.chance(0.5)) labels.push(`version=v${1 + random.below(4)}`);
      const replicas = 2 + random.below(4);
      for (let replica = 0; replica < replicas; replica++) {
        const sketch = { namespace, workload: app, labels, serviceAccount: app, replica };
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
