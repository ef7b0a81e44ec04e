// Groups of flows that a filter must look at one by one: SQL narrows them, the predicate decides, and they are counted
// here. Bounded by api.totals.maxPredicateFiltered.
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { number, readRow } from '../../store/rows.ts';
import { param, sql, table } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { inRange } from '../read/range.ts';
import { restoreFlow } from '../read/restore/flow.ts';
import { restoreSelect } from '../read/restore/select.ts';
import { compileSql } from '../sql/compile.ts';
import { AUDITED, DENIED, DROPPED_FLOW, withNames } from './expressions.ts';
import type { Groups, Ranking } from './groups.ts';
import { listed, type TotalsDeps } from './rows.ts';
import { Tally } from './tally.ts';
import type { TotalsQuery } from './totals-query.ts';

const MARKS = { denied: number, dropped: number, audited: number };
const MARKED = Object.keys(MARKS).length;
/** Milliseconds of judging before others get a turn on the event loop. */
const TURN_MS = 20;

export async function predicateFilteredGroups(
  store: Reader,
  query: TotalsQuery,
  ranking: Ranking,
  { config, signal }: TotalsDeps,
): Promise<Groups> {
  const { dimensions, measures } = ranking;
  if (measures.includes('connections'))
    throw inputError(
      'connections cannot be counted with these filters; leave the measure out, or the filters by HTTP path, CIDR label or CEL expression',
    );
  const filter = compileSql(query.whitelist, query.blacklist);
  const values = dimensions.map(({ keys, shown }) => shown(...keys.map(({ flows }) => flows)));
  const statement =
    withNames(sql`SELECT ${listed(DENIED, DROPPED_FLOW, AUDITED, ...values, restoreSelect())}
    FROM ${table('flows')} WHERE ${inRange('flows', query)} AND (${filter.condition})
    LIMIT ${param(config.maxPredicateFiltered + 1, 'UInt64')}`);
  const tally = new Tally(config.maxCounted);
  let rows = 0;
  let turnEnd = performance.now() + TURN_MS;
  for await (const row of store.query(statement, {}, { signal })) {
    if (++rows > config.maxPredicateFiltered)
      throw new ParallaxError(
        'store/limit',
        `more than ${config.maxPredicateFiltered} flows would have to be looked at one by one for this filter; narrow it by time or other filters, or raise api.totals.maxPredicateFiltered`,
      );
    if (filter.predicate(restoreFlow(row, MARKED + values.length))) {
      const cells = dimensions.map(({ print }, index) => print(row[MARKED + index]));
      tally.add(cells, readRow(MARKS, row));
    }
    if (performance.now() <= turnEnd) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    turnEnd = performance.now() + TURN_MS;
  }
  return { ...tally.ranked(ranking), source: 'flows' };
}
