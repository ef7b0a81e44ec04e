// The evaluator's memory: open incidents up to a limit, and the latest resolved ones. All of it can be restored from the
// log.
import { parseIncidentEvent } from '../../incident/incident-event.ts';
import type { IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import type { Logged } from './state.ts';

export interface OpenIncident {
  logged: Logged;
  cluster: string;
  /** Last stored denial. */
  lastSeen: bigint;
  /** Denials were stored since it was last counted. */
  updated: boolean;
  /** Milliseconds since 1970. */
  countedAt: number;
}

/** Resolved incidents in memory; the log has the others. */
const MAX_RESOLVED = 50_000;

export class IncidentCache {
  readonly open = new Map<bigint, OpenIncident>();
  private readonly resolved = new Map<bigint, Logged>();
  private readonly folded = new Map<bigint, number>();

  /** Takes a row of the log, written by this evaluator or another. */
  take(row: IncidentLogRow): void {
    const logged = loggedOf(row);
    const { incident, lastSeen } = logged;
    this.resolved.delete(incident);
    if (!logged.open) {
      this.open.delete(incident);
      this.remember(logged);
      return;
    }
    const known = this.open.get(incident);
    this.open.set(incident, {
      logged,
      cluster: row.cluster,
      lastSeen: known !== undefined && known.lastSeen > lastSeen ? known.lastSeen : lastSeen,
      updated: known?.updated ?? true,
      countedAt: row.receivedAt,
    });
  }

  /** Treats an incident as part of another one until then, milliseconds since 1970. */
  fold(incident: bigint, untilMs: number): void {
    if (this.folded.size >= MAX_RESOLVED) this.folded.clear();
    this.folded.set(incident, untilMs);
  }

  isFolded(incident: bigint, nowMs: number): boolean {
    const untilMs = this.folded.get(incident);
    if (untilMs === undefined || nowMs < untilMs) return untilMs !== undefined;
    this.folded.delete(incident);
    return false;
  }

  resolvedOf(incident: bigint): Logged | undefined {
    return this.resolved.get(incident);
  }

  private remember(logged: Logged): void {
    this.resolved.set(logged.incident, logged);
    if (this.resolved.size <= MAX_RESOLVED) return;
    const [oldest] = this.resolved.keys();
    if (oldest !== undefined) this.resolved.delete(oldest);
  }
}

export function loggedOf(row: IncidentLogRow): Logged {
  const event = parseIncidentEvent(row.document);
  const { incident, episode, kind, step, openedAt, lastSeen, receivedAt } = row;
  const { drops, verdicts, dropsBefore, verdictsBefore } = row;
  return {
    ...{
      incident,
      episode,
      step,
      openedAt,
      lastSeen,
      drops,
      verdicts,
      dropsBefore,
      verdictsBefore,
    },
    open: kind !== 'resolved',
    known: event?.known ?? true,
    loggedAt: receivedAt,
    pods: event?.pods ?? { source: [], destination: [] },
  };
}
