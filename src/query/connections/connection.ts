import { isNodeLocal } from '../../hubble/identity.ts';
import { timeText } from '../../hubble/proto/timestamp.ts';
import { policyKind } from '../../incident/denial.ts';
import type { L7Summary } from './l7.ts';
import type { MissingSide } from './missing.ts';
import { type EndSeen, type Observation, PROTOCOLS } from './observation.ts';
import { opens, type Side, sideOf } from './orient.ts';
import { inOrder } from './segment.ts';
import { type Stitched, towardServer } from './stitch.ts';
import { distinct, VERDICT, type View, viewOf } from './view.ts';

/** One end, from everything that any node said of it. */
export interface ConnectionEnd {
  readonly ip: string;
  readonly port: number;
  readonly identity: number;
  /** '' when no fact names it. */
  readonly cluster: string;
  /** Cluster id in the identity number; 0 when it carries none. */
  readonly clusterId: number;
  readonly namespace: string;
  readonly pod: string;
  /** Each `Kind/name`; known where the pod runs. */
  readonly workloads: readonly string[];
  readonly labels: readonly string[];
  readonly names: readonly string[];
  readonly service: string;
}

/**
 * `denied`: a policy dropped it and nothing got through. `dropped`: something else did. `partly`: dropped at first or
 * later, yet something got through. `audited`: a policy would have denied it. `unknown`: nothing but L7 or capture.
 */
export type Outcome =
  | 'forwarded'
  | 'denied'
  | 'dropped'
  | 'partly'
  | 'audited'
  | 'error'
  | 'unknown';

export interface Connection {
  /** Uuid of the flow that says most: the denial where there is one, else the oldest. `parallax explain` takes it. */
  readonly uuid: string;
  readonly protocol: string;
  readonly client: ConnectionEnd;
  readonly server: ConnectionEnd;
  readonly first: string;
  readonly last: string;
  readonly outcome: Outcome;
  /** Side that denied or dropped it. */
  readonly deniedAt?: Side;
  /** Its first SYN was seen; always true of protocols without one. */
  readonly opened: boolean;
  /** A FIN or RST was seen. */
  readonly closed: boolean;
  readonly flows: number;
  readonly source?: View;
  readonly destination?: View;
  /** Why a side is not there. */
  readonly missing: Readonly<Partial<Record<Side, MissingSide>>>;
  /** Of the side whose proxy saw more. */
  readonly l7?: L7Summary;
  /** Client addresses after translation. */
  readonly translatedTo: readonly string[];
  /** Hubble versions that reported its flows. */
  readonly hubble: readonly string[];
}

/** A stitched connection whose missing sides are not explained yet. */
export interface ConnectionCandidate {
  readonly connection: Connection;
  readonly first: bigint;
  readonly last: bigint;
  /** Latest flow that was asked for. */
  readonly lastHit: bigint | undefined;
  readonly firstHit: bigint | undefined;
  /** The node that both ends are on, where they are. */
  readonly sharedNode: string | undefined;
  /** Its first and last flow. */
  readonly firstId: string;
  readonly lastId: string;
}

/** A flow as one node saw it. */
export function observationId({ uuid, node }: Observation): string {
  return `${uuid} ${node}`;
}

const TCP = PROTOCOLS.indexOf('TCP');

export function candidateOf({ seen: unordered, server }: Stitched): ConnectionCandidate {
  const seen = [...unordered].sort(inOrder);
  const toServer = (each: Observation) => towardServer(each, server);
  const bySide = (side: Side) => seen.filter((each) => sideOf(each, toServer(each)) === side);
  const [atSource, atDestination] = [bySide('source'), bySide('destination')];
  const isAnswer = (each: Observation) => !toServer(each);
  const source = viewOf(atSource, 'source', isAnswer);
  const destination = viewOf(atDestination, 'destination', isAnswer);
  const l7 = richer(source?.l7, destination?.l7);
  const first = seen[0]?.time ?? 0n;
  const last = seen.at(-1)?.time ?? first;
  const deniedAt = droppedAt(atSource, atDestination);
  const hits = seen.filter(({ hit }) => hit);
  const connection: Connection = {
    uuid: (seen.find(({ verdict }) => verdict === VERDICT.DROPPED) ?? seen[0])?.uuid ?? '',
    protocol: PROTOCOLS[seen[0]?.protocol ?? 0] ?? '',
    client: endOf(seen, (each) => (toServer(each) ? each.source : each.destination)),
    server: endOf(seen, (each) => (toServer(each) ? each.destination : each.source)),
    first: timeText(first),
    last: timeText(last),
    outcome: outcomeOf(seen, isAnswer),
    ...(deniedAt && { deniedAt }),
    opened: seen[0]?.protocol !== TCP || seen.some(opens),
    closed: seen.some(({ tcpFlags }) => (tcpFlags & 5) !== 0),
    flows: seen.length,
    ...(source && { source }),
    ...(destination && { destination }),
    missing: {},
    ...(l7 && { l7 }),
    translatedTo: distinct(seen.map(({ xlated }) => xlated).filter(Boolean)),
    hubble: distinct(seen.map(({ version }) => version).filter(Boolean)),
  };
  const [oldest, newest] = [seen[0], seen.at(-1)];
  return {
    connection,
    first,
    last,
    firstHit: hits[0]?.time,
    lastHit: hits.at(-1)?.time,
    sharedNode: seen.find((each) => each.source.local > 0 && each.destination.local > 0)?.node,
    firstId: oldest ? observationId(oldest) : '',
    lastId: newest ? observationId(newest) : '',
  };
}

function droppedAt(
  atSource: readonly Observation[],
  atDestination: readonly Observation[],
): Side | undefined {
  const drops = (seen: readonly Observation[]) =>
    seen.some(({ verdict }) => verdict === VERDICT.DROPPED);
  return drops(atSource) ? 'source' : drops(atDestination) ? 'destination' : undefined;
}

function outcomeOf(
  seen: readonly Observation[],
  isAnswer: (each: Observation) => boolean,
): Outcome {
  const drops = seen.filter(({ verdict }) => verdict === VERDICT.DROPPED);
  if (drops.length > 0) {
    // A source that saw the packet leave proves nothing; an answer does, and so does more than a SYN.
    const through = seen.some(
      (each) =>
        each.verdict !== VERDICT.DROPPED &&
        (isAnswer(each) || (each.tcpFlags !== 0 && !opens(each)) || each.l7Type === 2),
    );
    if (through) return 'partly';
    return drops.some(({ dropReason }) => policyKind(dropReason) !== undefined)
      ? 'denied'
      : 'dropped';
  }
  const has = (wanted: number) => seen.some(({ verdict }) => verdict === wanted);
  if (has(VERDICT.ERROR)) return 'error';
  if (has(VERDICT.AUDIT)) return 'audited';
  return has(VERDICT.FORWARDED) || has(VERDICT.REDIRECTED) ? 'forwarded' : 'unknown';
}

function richer(a: L7Summary | undefined, b: L7Summary | undefined): L7Summary | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.requests + b.responses > a.requests + a.responses ? b : a;
}

/** The first that says something wins; what the end's own node says goes before what others say. */
function endOf(seen: readonly Observation[], pick: (each: Observation) => EndSeen): ConnectionEnd {
  const ends = seen.map(pick);
  const ordered = [
    ...ends.filter(({ local }) => local > 0),
    ...ends.filter(({ local }) => local === 0),
  ];
  const text = (field: 'cluster' | 'namespace' | 'pod' | 'service') =>
    ordered.find((end) => end[field] !== '')?.[field] ?? '';
  const list = (field: 'workloads' | 'labels' | 'names') =>
    ordered.find((end) => end[field].length > 0)?.[field] ?? [];
  // Numbers of CIDRs mean something on one node only, and `world` is also who is not known yet.
  const identified =
    ordered.find(({ identity }) => identity > 255 && !isNodeLocal(identity)) ??
    ordered.find(({ identity }) => identity > 0);
  return {
    ip: ordered[0]?.ip ?? '',
    port: ordered[0]?.port ?? 0,
    identity: identified?.identity ?? 0,
    cluster: text('cluster'),
    clusterId: ordered.find(({ clusterId }) => clusterId > 0)?.clusterId ?? 0,
    namespace: text('namespace'),
    pod: text('pod'),
    workloads: list('workloads'),
    labels: list('labels'),
    names: list('names'),
    service: text('service'),
  };
}
