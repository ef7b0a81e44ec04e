// Rows and bytes that each query of the embedded engine read. The engine reports only counters of all its queries together
// (a stream has no statistics, and its entry among the running queries is gone with its last row; chdb 3.4): they are
// sampled when a query begins or ends, and their growth is split among those that ran meanwhile. A query that ran alone
// has the exact numbers.
import type { QueryCost } from '../store.ts';

/** The engine's counters so far, and what looking at them adds: counted the next time. */
export interface Counters extends QueryCost {
  readonly look: QueryCost;
}

export const COUNTERS_SQL = `SELECT sumIf(value, event = 'SelectedRows'), sumIf(value, event = 'SelectedBytes'),
  count(), sum(byteSize(event, value)) FROM system.events`;

/** Reads the answer to COUNTERS_SQL, as JSONCompactEachRow. */
export function countersOf(text: string): Counters {
  // JSONCompactEachRow: a row is an array.
  const [rows = 0, bytes = 0, ownRows = 0, ownBytes = 0] = (JSON.parse(text) as unknown[]).map(
    Number,
  );
  return { rows, bytes, look: { rows: ownRows, bytes: ownBytes } };
}

interface Share {
  rows: number;
  bytes: number;
}

export interface Counted {
  /** Resolves once the share of the query is known. */
  end(): Promise<QueryCost>;
}

export class ReadCounters {
  private readonly look: () => Promise<Counters>;
  private readonly running = new Set<Share>();
  /** How many of those that run want to know. */
  private wanted = 0;
  /** The counters at the last sample; undefined when a query may have read since then. */
  private before: Counters | undefined;
  private looking: Promise<void> = Promise.resolve();

  /** `look` reads the counters. */
  constructor(look: () => Promise<Counters>) {
    this.look = look;
  }

  /** To be waited for before the query begins; `wanted` is whether its cost will be asked for. */
  async begin(wanted: boolean): Promise<Counted> {
    if (wanted) {
      this.wanted++;
      if (this.before === undefined || this.running.size > 0) await this.sampleCounters();
    }
    const share: Share = { rows: 0, bytes: 0 };
    this.running.add(share);
    return {
      end: async () => {
        const sampled = this.wanted > 0 ? this.sampleCounters() : undefined;
        this.running.delete(share);
        if (wanted) this.wanted--;
        if (sampled === undefined) this.before = undefined;
        await sampled;
        return { rows: Math.round(share.rows), bytes: Math.round(share.bytes) };
      },
    };
  }

  private sampleCounters(): Promise<void> {
    const among = [...this.running];
    this.looking = this.looking.then(async () => {
      const now = await this.look().catch(() => undefined);
      const { before } = this;
      this.before = now;
      if (now === undefined || before === undefined) return;
      const grown = (of: 'rows' | 'bytes') => Math.max(0, now[of] - before[of] - before.look[of]);
      for (const share of among) {
        share.rows += grown('rows') / among.length;
        share.bytes += grown('bytes') / among.length;
      }
    });
    return this.looking;
  }
}
