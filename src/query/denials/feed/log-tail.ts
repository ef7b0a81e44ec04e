// Follows the log of incident events from a position on.
import type { Clock } from '../../../runtime/clock.ts';
import type { IncidentLog, IncidentLogRow } from './incident-log.ts';

export interface TailOptions {
  /** How far behind the last row another evaluator may still write, in microseconds, as sequences count. */
  readonly overlap: bigint;
  /** Milliseconds between two reads of that overlap. */
  readonly everyMs: number;
}

export class LogTail {
  /** Sequence of the last row that was read. */
  position: bigint;
  private readonly log: IncidentLog;
  private readonly clock: Clock;
  private readonly options: TailOptions;
  private lateAt: number;

  constructor(log: IncidentLog, clock: Clock, position: bigint, options: TailOptions) {
    this.log = log;
    this.clock = clock;
    this.position = position;
    this.options = options;
    this.lateAt = clock.now();
  }

  /** The next rows; fewer than `limit` at the end of the log. */
  async next(limit: number): Promise<readonly IncidentLogRow[]> {
    const rows = await this.log.read({ after: this.position, limit });
    this.position = rows.at(-1)?.sequence ?? this.position;
    return rows;
  }

  /** When it is due, the rows of the overlap, read before or not; none from `floor` back. */
  async late(limit: number, floor = 0n): Promise<readonly IncidentLogRow[]> {
    const { position, clock } = this;
    const { overlap, everyMs } = this.options;
    if (clock.now() - this.lateAt < everyMs) return [];
    this.lateAt = clock.now();
    const after = position - floor > overlap ? position - overlap : floor;
    return this.log.read({ after, until: position, limit });
  }
}
