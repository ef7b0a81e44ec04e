// Flows counted by their cells, one by one.
import { ParallaxError } from '../../runtime/errors.ts';
import type { Counts, Groups, Ranking } from './groups.ts';

interface Marks {
  readonly denied?: number | undefined;
  readonly dropped?: number | undefined;
  readonly audited?: number | undefined;
}

interface Counted {
  readonly cells: readonly (string | number)[];
  readonly counts: Record<'flows' | 'denied' | 'dropped' | 'audited', number>;
}

export class Tally {
  private readonly limit: number;
  private readonly groups = new Map<string, Counted>();
  private readonly total = { flows: 0, denied: 0, dropped: 0, audited: 0 };

  /** `limit`: groups at most. */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** Counts one flow. */
  add(cells: readonly (string | number)[], { denied = 0, dropped = 0, audited = 0 }: Marks): void {
    const key = JSON.stringify(cells);
    let group = this.groups.get(key);
    if (group === undefined) {
      if (this.groups.size >= this.limit)
        throw new ParallaxError(
          'store/limit',
          `there are more than ${this.limit} groups; count by less, or raise api.totals.maxCounted`,
        );
      group = { cells, counts: { flows: 0, denied: 0, dropped: 0, audited: 0 } };
      this.groups.set(key, group);
    }
    for (const counts of [group.counts, this.total]) {
      counts.flows++;
      counts.denied += denied;
      counts.dropped += dropped;
      counts.audited += audited;
    }
  }

  ranked({ dimensions, order, limit, offset }: Ranking): Omit<Groups, 'source'> {
    const by = (counts: Counts) => counts[order] ?? 0;
    const sorted = [...this.groups.values()].sort(
      (a, b) => by(b.counts) - by(a.counts) || compareCells(a.cells, b.cells),
    );
    return {
      groups: sorted.slice(offset, offset + limit).map(({ cells, counts }) => ({
        values: Object.fromEntries(dimensions.map(({ name }, index) => [name, cells[index] ?? ''])),
        counts,
      })),
      count: sorted.length,
      total: this.total,
    };
  }
}

function compareCells(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? '';
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}
