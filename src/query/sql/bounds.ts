// A condition as SQL can say it: `upper` lets through at least the rows that match, `lower` at most those. Where both
// are the same, SQL says it exactly; else the predicate finishes what `upper` let through.
import { ALWAYS, allOf, anyOf, NEVER, type Sql, sameSql, sql } from '../../store/sql.ts';

export interface Bounds {
  readonly upper: Sql;
  readonly lower: Sql;
}

export const TRUE: Bounds = { upper: ALWAYS, lower: ALWAYS };
export const FALSE: Bounds = { upper: NEVER, lower: NEVER };
/** Only the predicate knows. */
export const ANYTHING: Bounds = { upper: ALWAYS, lower: NEVER };

export function exactly(condition: Sql): Bounds {
  return { upper: condition, lower: condition };
}

/** Rows outside `condition` do not match; those inside may. */
export function atMost(condition: Sql): Bounds {
  return { upper: condition, lower: NEVER };
}

export function isExact({ upper, lower }: Bounds): boolean {
  return sameSql(upper, lower);
}

export function both(conditions: readonly Bounds[]): Bounds {
  return combined(conditions, (parts) => reduced(parts, ALWAYS, NEVER, allOf));
}

export function either(conditions: readonly Bounds[]): Bounds {
  return combined(conditions, (parts) => reduced(parts, NEVER, ALWAYS, anyOf));
}

export function not({ upper, lower }: Bounds): Bounds {
  const negate = (condition: Sql) =>
    condition === NEVER ? ALWAYS : condition === ALWAYS ? NEVER : sql`NOT (${condition})`;
  const negated = negate(lower);
  return { upper: negated, lower: upper === lower ? negated : negate(upper) };
}

function combined(conditions: readonly Bounds[], by: (parts: readonly Sql[]) => Sql): Bounds {
  const upper = by(conditions.map((each) => each.upper));
  if (conditions.every((each) => each.upper === each.lower)) return exactly(upper);
  return { upper, lower: by(conditions.map((each) => each.lower)) };
}

// `neutral` changes nothing, `decisive` decides alone.
function reduced(
  parts: readonly Sql[],
  neutral: Sql,
  decisive: Sql,
  by: (parts: readonly Sql[]) => Sql,
): Sql {
  const kept = [...new Set(parts)].filter((part) => part !== neutral);
  return kept.includes(decisive) ? decisive : by(kept);
}
