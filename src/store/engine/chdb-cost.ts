// What each query of the embedded engine read. The engine tells no more than counters of all its queries together (a
// stream has no statistics, and its entry among the running queries is gone with its last row; chdb 3.4): they are looked
// at when a query begins or ends, and what they grew by is split among those that ran meanwhile. Alone, that is exact.
import type { QueryCost } from '../store.ts';

/** The engine's counters so far, and what looking at them adds: counted the next time. */
export interface Counters extends QueryCost {
  readonly look: QueryCost;
}

export const COUNTERS_SQL = `SELECT sumIf(value, event = 'SelectedRows'), sumIf(value, event = 'SelectedBytes'),
  count(), sum(byteSize(event, value)) FROM system.events`;

/** Reads the answer to COUNTERS_SQL, as JSONCompactEachRow. */
export function countersOf(text: string): Counters {
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
  /** The counters at the last look; undefined when somebody may have read since then. */
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
      if (this.before === undefined || this.running.size > 0) await this.settle();
    }
    const share: Share = { rows: 0, bytes: 0 };
    this.running.add(share);
    return {
      end: async () => {
        const settled = this.wanted > 0 ? this.settle() : undefined;
        this.running.delete(share);
        if (wanted) this.wanted--;
        if (settled === undefined) this.before = undefined;
        await settled;
        return { rows: Math.round(share.rows), bytes: Math.round(share.bytes) };
      },
    };
  }

  private settle(): Promise<void> {
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
