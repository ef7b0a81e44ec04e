// A window over both tables: whole hours are read from `incidents`, the rest at its edges from `denials`.
import { HOUR_NS } from '../../runtime/time.ts';
import { allOf, anyOf, param, type Sql, sql } from '../../store/sql.ts';
import { inRange, type TimeRange } from '../read/range.ts';

/** Hours that the column can hold: a bound further out is none. */
const MOST_HOURS = 2n ** 31n - 1n;

export interface WindowParts {
  /** First and last whole hour, both of it; undefined where the window is open. */
  readonly hours: { readonly first?: bigint; readonly last?: bigint } | undefined;
  readonly edges: readonly TimeRange[];
}

export function windowParts({ since, until }: TimeRange): WindowParts {
  const first = since === undefined ? undefined : -floor(-since);
  const last = until === undefined ? undefined : floor(until + 1n) - 1n;
  if (first !== undefined && last !== undefined && first > last)
    return { hours: undefined, edges: [{ since, until }] };
  const edges: TimeRange[] = [];
  if (first !== undefined && since !== undefined && since < first * HOUR_NS)
    edges.push({ since, until: first * HOUR_NS - 1n });
  if (last !== undefined && until !== undefined && until >= (last + 1n) * HOUR_NS)
    edges.push({ since: (last + 1n) * HOUR_NS, until });
  return {
    hours: { ...(first !== undefined && { first }), ...(last !== undefined && { last }) },
    edges,
  };
}

/** The condition for the whole hours, over `incidents`. */
export function hoursCondition({ first, last }: NonNullable<WindowParts['hours']>): Sql {
  return allOf([
    ...(first === undefined ? [] : [sql`hour >= ${param(within(first), 'Int32')}`]),
    ...(last === undefined ? [] : [sql`hour <= ${param(within(last), 'Int32')}`]),
  ]);
}

/** The condition for the edges, over `denials`. */
export function edgesCondition(edges: readonly TimeRange[]): Sql {
  return anyOf(edges.map((edge) => inRange('denials', edge)));
}

/** The hour that a moment lies in. */
function floor(nanos: bigint): bigint {
  const hour = nanos / HOUR_NS;
  return nanos % HOUR_NS < 0n ? hour - 1n : hour;
}

function within(hour: bigint): bigint {
  if (hour > MOST_HOURS) return MOST_HOURS;
  return hour < -MOST_HOURS ? -MOST_HOURS : hour;
}
