// What an answer cost: statements, what the engine read for them, and the time it took.
import type { QueryCost, Reader } from '../../store/store.ts';

export interface Cost extends QueryCost {
  /** Statements asked of the store. */
  readonly queries: number;
  readonly elapsedMs: number;
}

export class CostMeter {
  private readonly began = performance.now();
  private readonly read: Promise<QueryCost>[] = [];
  private queries = 0;

  /** The same store, counted. */
  reader(store: Reader): Reader {
    return {
      query: (sql, params, options) => {
        this.queries++;
        return store.query(sql, params, { ...options, cost: (read) => void this.read.push(read) });
      },
    };
  }

  /** Of all that has ended so far. */
  async cost(): Promise<Cost> {
    const read = await Promise.all(this.read);
    return {
      rows: read.reduce((sum, { rows }) => sum + rows, 0),
      bytes: read.reduce((sum, { bytes }) => sum + bytes, 0),
      queries: this.queries,
      elapsedMs: Math.round((performance.now() - this.began) * 10) / 10,
    };
  }
}
