// The rules for the next event of an incident, from its last row in the log and its stored denials. Pure: a decision
// that was not written down is made again, with the same result.
import { incidentState } from '../../incident/incident.ts';
import type { IncidentEventKind, IncidentPods } from '../../incident/incident-event.ts';
import { episodeOf } from './episode.ts';

export interface Rules {
  /** Nanoseconds of silence after which an incident is over. */
  readonly quiet: bigint;
  /** Nanoseconds; incidents that ended longer ago are logged silently. */
  readonly maxAge: bigint;
  /** Milliseconds between two changes of an incident. */
  readonly changeInterval: number;
  /** Factor of growth that is a change. */
  readonly growth: number;
  /** Nanoseconds of silence after which an incident of a cluster that was not collected is resolved as stale. */
  readonly giveUp: bigint;
}

/** The last row of an incident in the log. */
export interface Logged {
  readonly incident: bigint;
  readonly episode: bigint;
  readonly open: boolean;
  readonly step: number;
  /** There was an episode before this one. */
  readonly known: boolean;
  readonly openedAt: bigint;
  readonly lastSeen: bigint;
  /** Milliseconds since 1970. */
  readonly loggedAt: number;
  readonly drops: number;
  readonly verdicts: number;
  /** Denials in the hour it was opened in, before it was opened. */
  readonly dropsBefore: number;
  readonly verdictsBefore: number;
  readonly pods: IncidentPods;
}

export interface Opening {
  readonly kind: IncidentEventKind;
  readonly episode: bigint;
  readonly openedAt: bigint;
  readonly silent: boolean;
  readonly known: boolean;
}

/**
 * The start of an episode of an incident that is not open; undefined when the log has all its denials. `returned` is the
 * first denial after the last episode.
 */
export function opening(
  incident: bigint,
  previous: Logged | undefined,
  stored: {
    readonly firstSeen: bigint;
    readonly lastSeen: bigint;
    readonly returned?: bigint | undefined;
  },
  now: bigint,
  { quiet, maxAge }: Pick<Rules, 'quiet' | 'maxAge'>,
): Opening | undefined {
  const { firstSeen, lastSeen, returned } = stored;
  if (previous !== undefined && lastSeen <= previous.lastSeen) return undefined;
  // Late denials of an episode that is over: it ended a little later, without an event.
  const over = now - lastSeen > quiet;
  if (previous !== undefined && over && lastSeen - previous.lastSeen <= quiet) {
    const { episode, openedAt, known } = previous;
    return { kind: 'resolved', episode, openedAt, silent: true, known };
  }
  const openedAt = previous === undefined ? firstSeen : (returned ?? lastSeen);
  const old = now - lastSeen > maxAge;
  return {
    kind: old ? 'resolved' : 'new',
    episode: episodeOf(incident, previous?.episode, openedAt),
    openedAt,
    silent: old,
    known: previous !== undefined,
  };
}

export interface Counted {
  readonly drops: number;
  readonly verdicts: number;
  readonly pods: IncidentPods;
}

export interface Change {
  readonly from: number;
  readonly to: number;
  /** Pods that were not in the event before. */
  readonly pods: IncidentPods;
}

/** Growth by fewer denials than this is no change. */
const LEAST_GROWTH = 10;
/** Pods kept of each end; once there are that many, another one is no change. */
export const MAX_PODS = 16;

/** How an open incident grew since its last event; undefined when it did not, or when that event is too recent. */
export function change(
  logged: Logged,
  counted: Counted,
  nowMs: number,
  { changeInterval, growth }: Pick<Rules, 'changeInterval' | 'growth'>,
): Change | undefined {
  if (nowMs - logged.loggedAt < changeInterval) return undefined;
  const from = Math.max(logged.drops, logged.verdicts);
  const to = Math.max(counted.drops, counted.verdicts);
  const pods = {
    source: added(logged.pods.source, counted.pods.source),
    destination: added(logged.pods.destination, counted.pods.destination),
  };
  const grew = to >= from * growth && to - from >= LEAST_GROWTH;
  const spread = pods.source.length + pods.destination.length > 0;
  return grew || spread ? { from, to, pods } : undefined;
}

function added(known: readonly string[], now: readonly string[]): string[] {
  return known.length >= MAX_PODS ? [] : now.filter((pod) => !known.includes(pod));
}

/** The pods of both, up to MAX_PODS of each end. */
export function joinPods(a: IncidentPods, b: IncidentPods): IncidentPods {
  const join = (one: readonly string[], other: readonly string[]) =>
    [...new Set([...one, ...other])].slice(0, MAX_PODS);
  return { source: join(a.source, b.source), destination: join(a.destination, b.destination) };
}

/** The state an incident ends in, or undefined while it stays open. `silent`: its cluster was collected for `quiet`. */
export function ending(
  lastSeen: bigint,
  silent: boolean,
  now: bigint,
  { quiet, giveUp }: Pick<Rules, 'quiet' | 'giveUp'>,
): 'resolved' | 'stale' | undefined {
  const state = incidentState(lastSeen, { now, quiet, watched: silent ? quiet : 0n });
  if (state === 'open' || (state === 'stale' && now - lastSeen <= giveUp)) return undefined;
  return state;
}
