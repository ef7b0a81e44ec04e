// What the evaluator remembers: the open incidents, all of them up to a limit, and of those that are over the latest.
// It holds nothing that the log would not give back.
import { parseIncidentEvent } from '../../incident/incident-event.ts';
import type { IncidentLogRow } from '../../query/denials/feed/incident-log.ts';
import type { Logged } from './state.ts';

/** An open incident. */
export interface Open {
  logged: Logged;
  cluster: string;
  /** Last denial that is stored. */
  lastSeen: bigint;
  /** Something was stored of it since it was last counted. */
  touched: boolean;
  /** Milliseconds since 1970 of the last count. */
  countedAt: number;
}

/** Of incidents that are over; beyond, the log is asked. */
const REMEMBERED = 50_000;

export class Book {
  readonly open = new Map<bigint, Open>();
  private readonly over = new Map<bigint, Logged>();
  private readonly folded = new Map<bigint, number>();

  /** Takes what was written to the log, by whomever. */
  take(row: IncidentLogRow): void {
    const logged = loggedOf(row);
    const { incident, lastSeen } = logged;
    if (!logged.open) {
      this.open.delete(incident);
      this.remember(logged);
      return;
    }
    this.over.delete(incident);
    const known = this.open.get(incident);
    this.open.set(incident, {
      logged,
      cluster: row.cluster,
      lastSeen: known !== undefined && known.lastSeen > lastSeen ? known.lastSeen : lastSeen,
      touched: known?.touched ?? true,
      countedAt: row.receivedAt,
    });
  }

  /** Takes an incident for part of another until then, milliseconds since 1970. */
  fold(incident: bigint, untilMs: number): void {
    if (this.folded.size >= REMEMBERED) this.folded.clear();
    this.folded.set(incident, untilMs);
  }

  isFolded(incident: bigint, nowMs: number): boolean {
    const untilMs = this.folded.get(incident);
    if (untilMs === undefined || nowMs < untilMs) return untilMs !== undefined;
    this.folded.delete(incident);
    return false;
  }

  /** What is remembered of an incident that is over. */
  ended(incident: bigint): Logged | undefined {
    return this.over.get(incident);
  }

  remember(logged: Logged): void {
    this.over.delete(logged.incident);
    this.over.set(logged.incident, logged);
    if (this.over.size <= REMEMBERED) return;
    const [oldest] = this.over.keys();
    if (oldest !== undefined) this.over.delete(oldest);
  }
}

export function loggedOf(row: IncidentLogRow): Logged {
  const told = parseIncidentEvent(row.document);
  return {
    incident: row.incident,
    episode: row.episode,
    open: row.kind !== 'resolved',
    step: row.step,
    known: told?.known ?? true,
    openedAt: row.openedAt,
    lastSeen: row.lastSeen,
    toldAt: row.receivedAt,
    drops: row.drops,
    verdicts: row.verdicts,
    dropsBefore: row.dropsBefore,
    verdictsBefore: row.verdictsBefore,
    pods: told?.pods ?? { source: [], destination: [] },
  };
}
