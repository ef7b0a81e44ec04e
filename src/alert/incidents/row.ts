// A row of the log, with the document that is told of it.

import { formatTimestamp, fromNanos } from '../../hubble/proto/timestamp.ts';
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

/** A transition that is decided and not yet written down. */
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
  const length = lastSeen - openedAt;
  // A rate over less than a minute says nothing.
  const window = later(length, MINUTE_NS);
  const newSince = known ? facts.firstSeen + 1n : facts.firstSeen;
  // Its state was decided by whoever knew what was watched.
  const told = incidentOf(facts, { now, quiet: now, watched: 0n, newSince, window });
  const document: IncidentEvent = {
    version: 1,
    key,
    event: kind,
    cursor: String(sequence),
    at: new Date(nowMs).toISOString(),
    episode: incidentId(episode),
    openedAt: formatTimestamp(fromNanos(openedAt)) ?? String(openedAt),
    known,
    incident: { ...told, state: transition.state },
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

/** Without what was there before the episode; one denial at least, or it would not be one. */
function counted({ facts, dropsBefore, verdictsBefore }: Transition): IncidentFacts {
  const drops = Math.max(0, facts.drops - dropsBefore);
  const verdicts = Math.max(0, facts.verdicts - verdictsBefore);
  return drops + verdicts === 0 ? { ...facts, drops: 1, verdicts } : { ...facts, drops, verdicts };
}
