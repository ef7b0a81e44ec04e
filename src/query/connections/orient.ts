// Client and server of a flow, and the end that the observing node saw it for.
import { EVENT_TYPES } from '../../hubble/names.ts';
import { TraceObservationPoint } from '../../hubble/proto/schema.gen.ts';
import { nodeCluster, type Observation, PROTOCOL } from './observation.ts';

export type Side = 'source' | 'destination';

const SYN = 2;
const ACK = 16;
const DROPPED = 2;
const INGRESS = 1;
const EGRESS = 2;
const ECHO_REQUESTS: Readonly<Record<number, number>> = {
  [PROTOCOL.icmpv4]: 8,
  [PROTOCOL.icmpv6]: 128,
};
const ECHO_REPLIES: Readonly<Record<number, number>> = {
  [PROTOCOL.icmpv4]: 0,
  [PROTOCOL.icmpv6]: 129,
};
const POINT = TraceObservationPoint.numbers;
/** Where a packet leaves its sender, and where it has arrived at its receiver. */
const LEAVING: ReadonlySet<number> = new Set([
  POINT.FROM_ENDPOINT,
  POINT.TO_STACK,
  POINT.TO_OVERLAY,
  POINT.TO_NETWORK,
  POINT.TO_CRYPTO,
]);
const ARRIVED: ReadonlySet<number> = new Set([
  POINT.TO_ENDPOINT,
  POINT.FROM_OVERLAY,
  POINT.FROM_NETWORK,
  POINT.FROM_CRYPTO,
]);
/** The first port that Linux hands out to clients by default. */
const FIRST_EPHEMERAL = 32_768;

export function opens({ protocol, tcpFlags }: Observation): boolean {
  return protocol === PROTOCOL.tcp && (tcpFlags & (SYN | ACK)) === SYN;
}

/**
 * How sure it is that the flow's source is the client (positive) or the server (negative). A handshake outweighs what
 * connection tracking says, which outweighs that policy is decided on what a client sends, which outweighs port numbers.
 */
export function clientVote(seen: Observation): number {
  const { protocol, tcpFlags, l7Type, isReply } = seen;
  if (protocol === PROTOCOL.tcp && (tcpFlags & SYN) !== 0)
    return (tcpFlags & ACK) === 0 ? 10_000 : -10_000;
  const echo = echoVote(seen);
  if (echo !== 0) return echo;
  if (l7Type === 1 || l7Type === 2) return l7Type === 1 ? 10_000 : -10_000;
  if (isReply !== undefined) return isReply ? -100 : 100;
  if (seen.event === EVENT_TYPES['policy-verdict'] || seen.verdict === DROPPED) return 10;
  return portVote(seen.source.port, seen.destination.port);
}

function echoVote({ protocol, icmpType }: Observation): number {
  if (ECHO_REQUESTS[protocol] === icmpType) return 10_000;
  return ECHO_REPLIES[protocol] === icmpType ? -10_000 : 0;
}

function portVote(source: number, destination: number): number {
  if (source === destination) return 0;
  const ephemeral = (port: number) => port >= FIRST_EPHEMERAL;
  if (ephemeral(source) !== ephemeral(destination)) return ephemeral(source) ? 2 : -2;
  return source > destination ? 1 : -1;
}

/**
 * The end on whose behalf the node saw the flow; `towardServer` says that its source is the client. An end with an endpoint
 * number is local to the node. With both ends on one node, what a packet was doing says whose view it is; the direction
 * of trace events differs between versions and comes last.
 */
export function sideOf(seen: Observation, towardServer: boolean): Side {
  const client = towardServer ? seen.source : seen.destination;
  const server = towardServer ? seen.destination : seen.source;
  if (client.local > 0 !== server.local > 0) return client.local > 0 ? 'source' : 'destination';
  const clusters =
    client.cluster !== '' && server.cluster !== '' && client.cluster !== server.cluster;
  if (client.local === 0 && clusters) {
    const home = nodeCluster(seen.node) || seen.observer;
    if (home === client.cluster) return 'source';
    if (home === server.cluster) return 'destination';
  }
  if (seen.event === EVENT_TYPES.trace) {
    if (ARRIVED.has(seen.point)) return towardServer ? 'destination' : 'source';
    if (LEAVING.has(seen.point)) return towardServer ? 'source' : 'destination';
  }
  if (seen.direction === EGRESS) return 'source';
  if (seen.direction === INGRESS) return 'destination';
  return 'source';
}
