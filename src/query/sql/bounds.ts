// A condition as SQL can say it: `upper` lets through at least the rows that match, `lower` at most those. Where both
// are the same text, SQL says it exactly; else the predicate finishes what `upper` let through.

export interface Bounds {
  readonly upper: string;
  readonly lower: string;
}

export const TRUE: Bounds = { upper: '1', lower: '1' };

export function exactly(sql: string): Bounds {
  return { upper: sql, lower: sql };
}

/** Rows outside `sql` do not match; those inside may. */
export function atMost(sql: string): Bounds {
  return { upper: sql, lower: '0' };
}

export function isExact({ upper, lower }: Bounds): boolean {
  return upper === lower;
}

export function both(conditions: readonly Bounds[]): Bounds {
  return {
    upper: join(
      conditions.map((each) => each.upper),
      ' AND ',
      '1',
      '0',
    ),
    lower: join(
      conditions.map((each) => each.lower),
      ' AND ',
      '1',
      '0',
    ),
  };
}

export function either(conditions: readonly Bounds[]): Bounds {
  return {
    upper: join(
      conditions.map((each) => each.upper),
      ' OR ',
      '0',
      '1',
    ),
    lower: join(
      conditions.map((each) => each.lower),
      ' OR ',
      '0',
      '1',
    ),
  };
}

export function not({ upper, lower }: Bounds): Bounds {
  const negate = (sql: string) => (sql === '0' ? '1' : sql === '1' ? '0' : `NOT (${sql})`);
  return { upper: negate(lower), lower: negate(upper) };
}

// `neutral` changes nothing, `decisive` decides alone.
function join(parts: readonly string[], by: string, neutral: string, decisive: string): string {
  const kept = [...new Set(parts)].filter((part) => part !== neutral);
  if (kept.includes(decisive)) return decisive;
  if (kept.length === 0) return neutral;
  const [only = neutral] = kept;
  return kept.length === 1 ? only : kept.map((part) => `(${part})`).join(by);
}
