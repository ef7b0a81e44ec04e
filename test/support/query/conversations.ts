// Conversations whose truth is known: who talked, what each node saw of it, told late, out of order, twice, and by
// clocks that differ.

import { type Flow, type GetFlowsResponse, Verdict } from '../../../src/hubble/proto/schema.gen.ts';
import { toNanos } from '../../../src/hubble/proto/timestamp.ts';
import {
  connection,
  deniedConnection,
  dnsLookup,
  httpExchange,
  pingPong,
  type Rule,
  toWorld,
} from '../../../src/simulate/conversation.ts';
import { timestamp } from '../../../src/simulate/framing.ts';
import type { FlowObservation } from '../../../src/simulate/packet-flows.ts';
import { type Random, seededRandom } from '../../../src/simulate/random.ts';
import {
  makeCluster,
  makePod,
  type Pod,
  type SimulatedNode,
} from '../../../src/simulate/topology.ts';

export interface Truth {
  readonly kind: string;
  readonly client: string;
  readonly server: string;
  readonly denied: boolean;
  /** Uuids that each side saw. */
  readonly source: ReadonlySet<string>;
  readonly destination: ReadonlySet<string>;
  readonly requests: number;
  readonly responses: number;
}

export interface Told {
  readonly responses: readonly GetFlowsResponse[];
  readonly truths: readonly Truth[];
}

const START_MS = Date.UTC(2026, 8, 13, 10);
/** Clocks of two nodes may be this far apart. */
const SKEW_MS = 4000;

const clusters = [5, 6].map((id) =>
  makeCluster(
    `cluster-${id}`,
    id,
    [0, 1].map((index) => ({ name: `node-${id}-${index}`, zone: 'z', labels: [] })),
  ),
);
const pods: readonly Pod[] = clusters.flatMap(({ nodes }) =>
  nodes.flatMap((node) =>
    ['api', 'db'].map((workload, replica) =>
      makePod(node, { namespace: 'shop', workload, labels: [`app=${workload}`], replica }),
    ),
  ),
);
const WORLD = { ip: '140.82.121.4', identity: 2, labels: ['reserved:world'], names: [] };

const admitted = (name: string): Rule => ({
  match: 'L3-L4',
  policies: [{ name, namespace: 'shop', labels: [], revision: 1n, kind: 'CiliumNetworkPolicy' }],
});

/** Same seed, same story. */
export function tell(seed: number, count: number): Told {
  const random = seededRandom(seed);
  const skews = new Map<SimulatedNode, number>();
  const skewOf = (node: SimulatedNode) => {
    const known = skews.get(node) ?? random.below(SKEW_MS) - SKEW_MS / 2;
    skews.set(node, known);
    return known;
  };
  const free = new Map<string, number>();
  const truths: Truth[] = [];
  const responses: GetFlowsResponse[] = [];
  for (let i = 0; i < count; i++) {
    const client = pick(pods, random);
    const server = pick(
      pods.filter((pod) => pod !== client),
      random,
    );
    const kind = pick(
      ['plain', 'plain', 'http', 'dns', 'ping', 'world', 'denied'] as const,
      random,
    );
    // Few ports: the same ones come again and again.
    const clientPort = 40_000 + random.below(3);
    const serverPort = kind === 'dns' ? 53 : pick([80, 8080], random);
    const ends =
      kind === 'ping' ? [client.ip, server.ip].sort().join() : `${client.ip}:${clientPort}`;
    const lane = `${kind === 'dns' ? 'udp' : kind === 'ping' ? 'icmp' : 'tcp'} ${ends}`;
    // A port is free again when the connection before is over; without a handshake, silence must say so.
    const rest = kind === 'dns' || kind === 'ping' ? 75_000 : 12_000;
    const begin = Math.max(START_MS + random.below(300_000), (free.get(lane) ?? 0) + rest);
    const how = {
      client,
      clientPort,
      server,
      serverPort,
      ...(random.chance(0.5) && { admittedBy: admitted(`to-${server.name}`) }),
    };
    const seen = play(kind, how, random);
    const length = Math.max(...seen.map(({ afterUs }) => afterUs)) / 1000;
    // After SYNs that nobody answered only a longer silence tells another attempt from one more retry.
    free.set(lane, begin + (kind === 'denied' ? 3 * length : length));
    const source = new Set<string>();
    const destination = new Set<string>();
    for (const { node, afterUs, flow } of seen) {
      const uuid = random.uuid();
      // Of one node, whose pod is meant: the client's when packets leave or come home to it.
      const mine = client.node === node && (server.node !== node || flow.traffic_direction === 2);
      (mine ? source : destination).add(uuid);
      const time = timestamp(begin + afterUs / 1000 + skewOf(node));
      const response = { flow: { ...flow, time, uuid }, node_name: node.name, time };
      responses.push(response);
      if (random.chance(0.1)) responses.push(response);
    }
    const l7 = (type: number) => seen.filter(({ flow }) => flow.l7?.type === type).length;
    truths.push({
      kind,
      client: kind === 'ping' ? `${client.ip}:0` : `${client.ip}:${clientPort}`,
      server:
        kind === 'world' ? `${WORLD.ip}:443` : `${server.ip}:${kind === 'ping' ? 0 : serverPort}`,
      denied: seen.some(({ flow }) => flow.verdict === Verdict.numbers.DROPPED),
      source,
      destination,
      requests: l7(1),
      responses: l7(2),
    });
  }
  return { responses: late(responses, random), truths };
}

function play(
  kind: 'plain' | 'http' | 'dns' | 'ping' | 'world' | 'denied',
  how: Parameters<typeof connection>[0],
  random: Random,
): FlowObservation[] {
  switch (kind) {
    case 'plain':
      return connection(how);
    case 'http':
      return httpExchange({
        ...how,
        method: 'GET',
        url: `http://${how.server.workload.name}.shop/x`,
        code: 200,
        latencyMs: 3,
      });
    case 'dns':
      return dnsLookup({ ...how, query: 'db.shop', type: 'A', ips: ['10.0.0.1'] });
    case 'ping':
      return pingPong(how.client, how.server);
    case 'world':
      return toWorld(how.client, how.clientPort, WORLD, 443);
    case 'denied':
      return deniedConnection(
        how,
        random.chance(0.5) ? [1000, 3000] : [1000, 2000, 4000, 8000, 16_000],
      );
    default:
      return kind satisfies never;
  }
}

/** Up to 30 seconds late, in an order of its own. */
function late(responses: readonly GetFlowsResponse[], random: Random): GetFlowsResponse[] {
  return responses
    .map((response) => ({ response, at: nanos(response.flow) + random.below(30_000) * 1e6 }))
    .sort((a, b) => a.at - b.at)
    .map(({ response }) => response);
}

function nanos(flow: Flow | undefined): number {
  return flow?.time === undefined ? 0 : Number(toNanos(flow.time));
}

function pick<T>(choices: readonly T[], random: Random): T {
  return choices[random.below(choices.length)] as T;
}
