import type { QueryCost, Reader } from '../../store/store.ts';

export interface Cost extends QueryCost {
  /** Statements run. */
  readonly queries: number;
  readonly elapsedMs: number;
}

export class CostMeter {
  private readonly began = performance.now();
  private readonly read: Promise<QueryCost>[] = [];
  private queries = 0;

  /** The store, with its statements counted. */
  reader(store: Reader): Reader {
    return {
      query: (statement, params, options) => {
        this.queries++;
        return store.query(statement, params, {
          ...options,
          cost: (read) => void this.read.push(read),
        });
      },
    };
  }

  /** Of the statements that have ended. */
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
