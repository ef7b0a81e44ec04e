// Flows of whole exchanges between two parties: connections, denials, HTTP, DNS, pings.
import type { Policy } from '../hubble/proto/schema.gen.ts';
import {
  allowed,
  denied,
  type FlowObservation,
  type Match,
  type Packet,
  type Party,
  type Point,
  ping,
  seenByProxy,
  type TcpFlag,
  tcp,
  trace,
  udp,
  type World,
} from './packet-flows.ts';
import type { Pod, SimulatedNode } from './topology.ts';

/** Time a packet takes between two nodes; a mesh's clusters are a little further apart. */
const HOP_US = 180;
const MESH_HOP_US = 900;
const LOCAL_US = 12;
/** Between the policy verdict of a denied packet and its drop event. */
const DROP_AFTER_US = 15;
const NXDOMAIN = 3;
/** TTL that Hubble reports for an answer without records. */
const NO_TTL = 0xffffffff;

export interface Rule {
  readonly match: Match;
  readonly policies: readonly Policy[];
}

export interface Connection {
  readonly client: Pod;
  readonly clientPort: number;
  readonly server: Pod;
  readonly serverPort: number;
  /** Rule that admits it at the server; without one no policy is enforced and no verdict reported. */
  readonly admittedBy?: Rule | undefined;
}

/** A TCP connection that is let through: handshake, one request and its answer, both ends closed. */
export function connection(how: Connection): FlowObservation[] {
  const path = new Path(how);
  path.toServer(['SYN'], 'NEW', how.admittedBy);
  path.toClient(['SYN', 'ACK']);
  path.toServer(['ACK'], 'ESTABLISHED');
  path.toServer(['ACK', 'PSH'], 'ESTABLISHED');
  path.wait(2400);
  path.toClient(['ACK', 'PSH']);
  path.toServer(['ACK', 'FIN'], 'ESTABLISHED');
  path.toClient(['ACK', 'FIN']);
  return path.seen;
}

/** SYNs that the server's node drops for want of a policy; the client's node reports each retry. */
export function deniedConnection(
  how: Connection,
  retryAfterMs: readonly number[],
): FlowObservation[] {
  const seen: FlowObservation[] = [];
  const { client, server } = parties(how);
  const near = how.client.node;
  const far = how.server.node;
  [0, ...retryAfterMs].forEach((afterMs, attempt) => {
    const leaves = tcp(client, server, ['SYN'], 'EGRESS', false);
    const arrives = tcp(client, server, ['SYN'], 'INGRESS', false);
    let afterUs = afterMs * 1000;
    if (near !== far) {
      const reason = attempt === 0 ? 'NEW' : 'ESTABLISHED';
      seen.push({ node: near, afterUs, flow: trace(near, leaves, 'TO_OVERLAY', reason) });
      afterUs += hopUs(near, far);
    }
    const { verdict, drop } = denied(far, arrives);
    seen.push({ node: far, afterUs, flow: verdict });
    seen.push({ node: far, afterUs: afterUs + DROP_AFTER_US, flow: drop });
  });
  return seen;
}

export interface HttpExchange extends Connection {
  readonly method: string;
  readonly url: string;
  readonly code: number;
  readonly latencyMs: number;
  readonly headers?: readonly { readonly key: string; readonly value: string }[];
}

/** HTTP through the proxy of the server's node: redirected by a policy, then a request and a response. */
export function httpExchange(how: HttpExchange): FlowObservation[] {
  const path = new Path(how);
  const { client, server } = parties(how);
  const node = how.server.node;
  path.toServer(['SYN'], 'NEW', how.admittedBy, 'TO_PROXY');
  path.toClient(['SYN', 'ACK']);
  path.toServer(['ACK', 'PSH'], 'ESTABLISHED', undefined, 'TO_PROXY');
  const { method, url, code, latencyMs } = how;
  const headers = [...(how.headers ?? [])];
  const protocol = 'HTTP/1.1';
  const asks = tcp(client, server, [], 'INGRESS', false);
  const request = { http: { method, url, protocol, headers } };
  path.add(node, seenByProxy(node, asks, 'REQUEST', request, `${protocol} ${method} ${url}`));
  path.wait(latencyMs * 1000);
  const answers = tcp(server, client, [], 'INGRESS', true);
  const response = {
    latency_ns: BigInt(Math.round(latencyMs * 1e6)),
    http: { code, method, url, protocol, headers },
  };
  const summary = `${protocol} ${code} ${Math.floor(latencyMs)}ms (${method} ${url})`;
  path.add(node, seenByProxy(node, answers, 'RESPONSE', response, summary));
  path.toClient(['ACK', 'PSH']);
  path.toServer(['ACK', 'FIN'], 'ESTABLISHED', undefined, 'TO_PROXY');
  path.toClient(['ACK', 'FIN']);
  return path.seen;
}

export interface DnsLookup extends Connection {
  readonly query: string;
  readonly type: 'A' | 'AAAA';
  readonly ips: readonly string[];
}

/** A name looked up through the DNS proxy of the client's node. No address is an answer of its own: NXDOMAIN. */
export function dnsLookup(how: DnsLookup): FlowObservation[] {
  const path = new Path(how);
  const { client, server } = parties(how);
  const node = how.client.node;
  const asks = udp(client, server, 'EGRESS', false);
  const answers = udp(server, client, 'EGRESS', true);
  if (how.admittedBy) {
    const { match, policies } = how.admittedBy;
    path.add(node, allowed(node, asks, match, policies, true));
  }
  path.add(node, trace(node, asks, 'TO_PROXY', 'NEW'));
  const { query, type, ips } = how;
  const name = `${query}.`;
  const base = { query: name, observation_source: 'proxy', qtypes: [type] };
  path.add(node, seenByProxy(node, asks, 'REQUEST', { dns: base }, `DNS Query ${name} ${type}`));
  path.wait(350);
  const found = ips.length > 0;
  const missing = { ...base, ttl: NO_TTL, rcode: NXDOMAIN };
  const answer = found ? { ...base, ips: [...ips], ttl: 30, rrtypes: [type] } : missing;
  const summary = found
    ? `DNS Answer "${ips.join(',')}" TTL: 30 (Proxy ${name} ${type})`
    : `DNS Answer RCode: Non-Existent Domain TTL: ${NO_TTL} (Proxy ${name} ${type})`;
  path.add(node, seenByProxy(node, answers, 'RESPONSE', { dns: answer }, summary));
  path.add(node, trace(node, answers, 'TO_ENDPOINT', 'REPLY'));
  return path.seen;
}

/** An echo request and its answer between two pods. */
export function pingPong(client: Pod, server: Pod): FlowObservation[] {
  const path = new Path({ client, clientPort: 0, server, serverPort: 0 });
  const [near, far] = [client.node, server.node];
  const a: Party = { pod: client, port: 0 };
  const b: Party = { pod: server, port: 0 };
  if (near !== far) path.add(near, trace(near, ping(a, b, 'EGRESS', false), 'TO_OVERLAY', 'NEW'));
  path.wait(hopUs(near, far));
  path.add(far, trace(far, ping(a, b, 'INGRESS', false), 'TO_ENDPOINT', 'NEW'));
  if (near !== far) path.add(far, trace(far, ping(b, a, 'INGRESS', true), 'TO_OVERLAY', 'REPLY'));
  path.wait(hopUs(near, far));
  path.add(near, trace(near, ping(b, a, 'EGRESS', true), 'TO_ENDPOINT', 'REPLY'));
  return path.seen;
}

/** A pod talks to something outside of every cluster. */
export function toWorld(
  client: Pod,
  clientPort: number,
  world: World,
  port: number,
): FlowObservation[] {
  const path = new Path({ client, clientPort, server: client, serverPort: port });
  const { node } = client;
  const a: Party = { pod: client, port: clientPort };
  const b: Party = { world, port };
  const out = (flags: readonly TcpFlag[], reason: 'NEW' | 'ESTABLISHED') =>
    path.add(node, trace(node, tcp(a, b, flags, 'EGRESS', false), 'TO_STACK', reason));
  const home = (flags: readonly TcpFlag[]) =>
    path.add(node, trace(node, tcp(b, a, flags, 'EGRESS', true), 'TO_ENDPOINT', 'REPLY'));
  out(['SYN'], 'NEW');
  path.wait(9000);
  home(['SYN', 'ACK']);
  out(['ACK', 'PSH'], 'ESTABLISHED');
  path.wait(21_000);
  home(['ACK', 'PSH']);
  out(['ACK', 'FIN'], 'ESTABLISHED');
  return path.seen;
}

/** Collects the flows of packets between two pods. */
class Path {
  readonly seen: FlowObservation[] = [];
  private readonly how: Connection;
  private us = 0;

  constructor(how: Connection) {
    this.how = how;
  }

  wait(us: number): void {
    this.us += us;
  }

  add(node: SimulatedNode, flow: FlowObservation['flow']): void {
    this.seen.push({ node, afterUs: this.us, flow });
    this.us += LOCAL_US;
  }

  /** A packet from client to server. */
  toServer(
    flags: readonly TcpFlag[],
    reason: 'NEW' | 'ESTABLISHED',
    admittedBy?: Rule,
    arrival: Point = 'TO_ENDPOINT',
  ): void {
    const { client, server } = parties(this.how);
    const [near, far] = [this.how.client.node, this.how.server.node];
    if (near !== far) {
      this.add(
        near,
        trace(near, tcp(client, server, flags, 'EGRESS', false), 'TO_OVERLAY', reason),
      );
    }
    this.wait(hopUs(near, far));
    const packet: Packet = tcp(client, server, flags, 'INGRESS', false);
    if (admittedBy) {
      const { match, policies } = admittedBy;
      this.add(far, allowed(far, packet, match, policies, arrival === 'TO_PROXY'));
    }
    this.add(far, trace(far, packet, arrival, reason));
  }

  /** A packet from server to client. */
  toClient(flags: readonly TcpFlag[]): void {
    const { client, server } = parties(this.how);
    const [near, far] = [this.how.client.node, this.how.server.node];
    if (near !== far) {
      this.add(far, trace(far, tcp(server, client, flags, 'INGRESS', true), 'TO_OVERLAY', 'REPLY'));
    }
    this.wait(hopUs(near, far));
    this.add(near, trace(near, tcp(server, client, flags, 'EGRESS', true), 'TO_ENDPOINT', 'REPLY'));
  }
}

function parties(how: Connection): { client: Party; server: Party } {
  return {
    client: { pod: how.client, port: how.clientPort },
    server: { pod: how.server, port: how.serverPort },
  };
}

function hopUs(from: SimulatedNode, to: SimulatedNode): number {
  if (from === to) return LOCAL_US;
  return from.cluster === to.cluster ? HOP_US : MESH_HOP_US;
}
