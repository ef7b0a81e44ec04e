// Rows of the log, with the event document that receivers get.

import { timeText } from '../../hubble/proto/timestamp.ts';
import {
  type IncidentFacts,
  type IncidentState,
  incidentId,
  incidentOf,
} from '../../incident/incident.ts';
import type {
  IncidentEvent,
  IncidentEventKind,
  IncidentPods,
} from '../../incident/incident-event.ts';
import type { IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import { later, MINUTE_NS, msToNs } from '../../runtime/time.ts';
import { transitionKey } from './episode.ts';
import type { Change } from './state.ts';

/** An event that is decided and not yet written. */
export interface Transition {
  readonly kind: IncidentEventKind;
  readonly facts: IncidentFacts;
  readonly episode: bigint;
  readonly step: number;
  readonly silent: boolean;
  readonly known: boolean;
  readonly openedAt: bigint;
  readonly dropsBefore: number;
  readonly verdictsBefore: number;
  readonly pods: IncidentPods;
  readonly change?: Change;
  readonly state: IncidentState;
}

export interface Place {
  readonly sequence: bigint;
  readonly nowMs: number;
  readonly evaluator: string;
}

export function rowOf(
  transition: Transition,
  { sequence, nowMs, evaluator }: Place,
): IncidentLogRow {
  const { kind, episode, step, silent, known, openedAt, pods, change } = transition;
  const facts = counted(transition);
  const { incident, source, destination, lastSeen } = facts;
  const key = transitionKey({ incident, episode }, kind, step);
  const now = msToNs(nowMs);
  // A rate over less than a minute is meaningless.
  const window = later(lastSeen - openedAt, MINUTE_NS);
  const newSince = known ? facts.firstSeen + 1n : facts.firstSeen;
  const incidentNow = incidentOf(facts, { now, quiet: now, watched: 0n, newSince, window });
  const document: IncidentEvent = {
    version: 1,
    key,
    event: kind,
    cursor: String(sequence),
    at: new Date(nowMs).toISOString(),
    episode: incidentId(episode),
    openedAt: timeText(openedAt),
    known,
    incident: { ...incidentNow, state: transition.state },
    pods,
    ...(change && { change: { count: { from: change.from, to: change.to }, pods: change.pods } }),
  };
  return {
    sequence,
    receivedAt: nowMs,
    evaluator,
    key,
    incident,
    episode,
    kind,
    step,
    silent,
    openedAt,
    lastSeen,
    drops: facts.drops,
    verdicts: facts.verdicts,
    dropsBefore: transition.dropsBefore,
    verdictsBefore: transition.verdictsBefore,
    cluster: facts.cluster,
    verdict: facts.verdict,
    sourceCluster: source.cluster,
    sourceNamespace: source.namespace,
    destinationCluster: destination.cluster,
    destinationNamespace: destination.namespace,
    document: JSON.stringify(document),
  };
}

/** Denials of the episode, without those before it in its first hour; one at least. */
function counted({ facts, dropsBefore, verdictsBefore }: Transition): IncidentFacts {
  const drops = Math.max(0, facts.drops - dropsBefore);
  const verdicts = Math.max(0, facts.verdicts - verdictsBefore);
  return drops + verdicts === 0 ? { ...facts, drops: 1, verdicts } : { ...facts, drops, verdicts };
}
