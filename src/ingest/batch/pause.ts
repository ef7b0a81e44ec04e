// The account of the times in which reading was paused because the buffer was full: said once when it begins and once
// when it ends, counted while it lasts.
import type { Logger } from 'pino';
import type { Clock } from '../../runtime/clock.ts';
import type { TimeRange } from '../coverage/coverage.ts';
import type { IngestMetrics } from '../metrics.ts';

export interface ReadingPauseDeps {
  readonly cluster: string;
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
}

/** Pauses remembered, the newest. */
const REMEMBERED = 100;

export class ReadingPause {
  private readonly deps: ReadingPauseDeps;
  private readonly past: TimeRange[] = [];
  private since: number | undefined;
  /** Up to when the present pause was counted. */
  private counted = 0;

  constructor(deps: ReadingPauseDeps) {
    this.deps = deps;
  }

  begin(buffered: number): void {
    const { clock, metrics, cluster, limitBytes, logger } = this.deps;
    this.since = this.counted = clock.now();
    metrics.paused.set({ cluster }, 1);
    logger.warn(
      { buffered, limit: limitBytes },
      'buffer full, reading is paused: the nodes’ rings keep what they can',
    );
  }

  end(): void {
    if (this.since === undefined) return;
    const { clock, metrics, cluster, logger } = this.deps;
    this.report();
    const range = { from: this.since, to: clock.now() };
    this.since = undefined;
    this.past.push(range);
    if (this.past.length > REMEMBERED) this.past.shift();
    metrics.paused.set({ cluster }, 0);
    logger.info(
      {
        from: new Date(range.from).toISOString(),
        to: new Date(range.to).toISOString(),
        ms: range.to - range.from,
      },
      'reading again: flows that the rings overwrote meanwhile are reported as lost events',
    );
  }

  /** Counts the present pause up to now. */
  report(): void {
    if (this.since === undefined) return;
    const { clock, metrics, cluster } = this.deps;
    const now = clock.now();
    metrics.pausedSeconds.inc({ cluster }, Math.max(0, now - this.counted) / 1000);
    this.counted = now;
  }

  /** Oldest first; the one that lasts has no end. */
  ranges(): readonly TimeRange[] {
    return this.since === undefined
      ? [...this.past]
      : [...this.past, { from: this.since, to: undefined }];
  }
}
