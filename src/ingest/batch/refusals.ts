// What the bus did not take and what was too large for us: asked for again where that helps, else lost, counted and
// said.
import type { Logger } from 'pino';
import type { IngestMetrics } from '../metrics.ts';
import type { RefusalReason } from './outbox.ts';
import type { BatchFacts } from './sealer.ts';

export interface RefusalsDeps {
  readonly cluster: string;
  readonly metrics: IngestMetrics;
  readonly logger: Logger;
  /** Smaller batches from now on; returns the limit in force. */
  readonly shrink: (bytes: number) => number;
  /** Flows from `oldest` on are to be asked for again. */
  readonly again: (oldest: number) => void;
  /** A response is gone for good. */
  readonly lost: (reason: 'oversize' | 'too-large', node: string) => void;
}

export class Refusals {
  /** Responses lost for good. */
  dropped = 0;
  private readonly deps: RefusalsDeps;

  constructor(deps: RefusalsDeps) {
    this.deps = deps;
  }

  refused(batch: BatchFacts, error: unknown, reason: RefusalReason): void {
    const { metrics, cluster, logger } = this.deps;
    const { size, count, cause } = batch;
    if (cause === 'report') {
      logger.warn({ err: error, size }, 'a report of coverage was not published');
      return;
    }
    if (reason === 'too-large' && count === 1) {
      this.lose('too-large', size, batch.node);
      return;
    }
    metrics.refused.inc({ cluster, reason }, count);
    const fields = { err: error, responses: count, size };
    if (reason === 'stopped') {
      logger.warn(fields, 'the bus stopped before a batch was published');
      return;
    }
    if (reason === 'too-large') {
      const limit = this.deps.shrink(Math.floor(size / 2));
      logger.error(
        { ...fields, limit },
        'the bus takes no record of this size: batches are smaller from now on, and its flows are asked for again; set collector.batch.bytes below the bus’s record size',
      );
    } else {
      logger.error(fields, 'a batch was not published: its flows are asked for again');
    }
    this.deps.again(batch.oldest);
  }

  lose(reason: 'oversize' | 'too-large', size: number, node: string): void {
    const { metrics, cluster, logger } = this.deps;
    this.dropped++;
    this.deps.lost(reason, node);
    metrics.refused.inc({ cluster, reason }, 1);
    const why =
      reason === 'oversize'
        ? 'a response larger than collector.maxResponse was passed over; raise it if the bus takes such records'
        : 'the bus takes no record of this size: the response is lost; raise the record size of the bus';
    logger.error({ size, node, reason }, why);
  }
}
