// What happens to an incident next, decided from its last row in the log and from what is stored of it. Pure: the log
// is the state, so whatever was decided and not written down is decided again, the same.
import type { IncidentEventKind, IncidentPods } from '../../incident/incident-event.ts';
import { episodeOf } from './episode.ts';

export interface Rules {
  /** Nanoseconds of silence after which an incident is over. */
  readonly quiet: bigint;
  /** Older ones are written down and not told. */
  readonly maxAge: bigint;
  /** Milliseconds between two changes of an incident. */
  readonly changeInterval: number;
  /** So many times as many denials are a change. */
  readonly growth: number;
  /** Silence after which an incident that nobody could watch is let go. */
  readonly giveUp: bigint;
}

/** What the log says of an incident. */
export interface Logged {
  readonly incident: bigint;
  readonly episode: bigint;
  readonly open: boolean;
  readonly step: number;
  /** There was an episode before this one. */
  readonly known: boolean;
  readonly openedAt: bigint;
  readonly lastSeen: bigint;
  /** Milliseconds since 1970 of the last row. */
  readonly toldAt: number;
  readonly drops: number;
  readonly verdicts: number;
  /** Counted in the hour in which it was opened, before it was. */
  readonly dropsBefore: number;
  readonly verdictsBefore: number;
  readonly pods: IncidentPods;
}

/** What the tables say of an incident now. */
export interface Stored {
  readonly firstSeen: bigint;
  readonly lastSeen: bigint;
}

export interface Opening {
  readonly kind: IncidentEventKind;
  readonly episode: bigint;
  readonly openedAt: bigint;
  readonly silent: boolean;
  readonly known: boolean;
}

/**
 * The beginning of an episode of an incident that is not open; undefined when the log has all of it. `again` is the
 * first denial after the last episode.
 */
export function opening(
  incident: bigint,
  previous: Logged | undefined,
  { firstSeen, lastSeen, again }: Stored & { readonly again?: bigint | undefined },
  now: bigint,
  { quiet, maxAge }: Pick<Rules, 'quiet' | 'maxAge'>,
): Opening | undefined {
  if (previous !== undefined && lastSeen <= previous.lastSeen) return undefined;
  const over = now - lastSeen > quiet;
  // Came late and belongs to what is over: it only ended a little later.
  if (previous !== undefined && over && lastSeen - previous.lastSeen <= quiet) {
    const { episode, openedAt, known } = previous;
    return { kind: 'resolved', episode, openedAt, silent: true, known };
  }
  const openedAt = previous === undefined ? firstSeen : (again ?? lastSeen);
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
  /** Those that were not there before. */
  readonly pods: IncidentPods;
}

/** Fewer more than before are no change, however few they were. */
const LEAST_GROWTH = 10;
/** Pods remembered of each end: with so many, another one is no news. */
export const MAX_PODS = 16;

/** How an open incident grew since it was last told; undefined when it did not, or when that is too short ago. */
export function change(
  logged: Logged,
  counted: Counted,
  nowMs: number,
  { changeInterval, growth }: Pick<Rules, 'changeInterval' | 'growth'>,
): Change | undefined {
  if (nowMs - logged.toldAt < changeInterval) return undefined;
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

/** Both, as many as are remembered. */
export function joinPods(a: IncidentPods, b: IncidentPods): IncidentPods {
  const join = (one: readonly string[], other: readonly string[]) =>
    [...new Set([...one, ...other])].slice(0, MAX_PODS);
  return { source: join(a.source, b.source), destination: join(a.destination, b.destination) };
}

export type Ending = 'open' | 'resolved' | 'stale' | 'given-up';

/** `watched`: nanoseconds for which the denying cluster was collected since the last denial. */
export function ending(
  lastSeen: bigint,
  watched: bigint,
  now: bigint,
  { quiet, giveUp }: Pick<Rules, 'quiet' | 'giveUp'>,
): Ending {
  if (now - lastSeen <= quiet) return 'open';
  if (watched >= quiet) return 'resolved';
  return now - lastSeen > giveUp ? 'given-up' : 'stale';
}
