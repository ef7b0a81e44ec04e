// Groups of flows that a filter must look at one by one: SQL narrows them, the predicate decides, and they are counted
// here. Bounded by api.totals.maxPredicateFiltered.
import { inputError, ParallaxError } from '../../runtime/errors.ts';
import { textSql } from '../../store/sql.ts';
import type { Reader } from '../../store/store.ts';
import { rangeCondition } from '../read/range.ts';
import { restoreFlow } from '../read/restore/flow.ts';
import { restoreSelect } from '../read/restore/select.ts';
import { compileSql } from '../sql/compile.ts';
import { AUDITED, DENIED, DROPPED_FLOW, withNames } from './expressions.ts';
import type { Groups, Ranking } from './groups.ts';
import type { TotalsDeps } from './rows.ts';
import { Tally } from './tally.ts';
import type { TotalsQuery } from './totals-query.ts';

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
  const { where, params } = rangeCondition('flows', query);
  const values = dimensions.map(({ keys, shown }) => shown(...keys.map(({ flows }) => flows)));
  const marks = [DENIED, DROPPED_FLOW, AUDITED];
  const sql = withNames(
    `SELECT ${[...values, ...marks, restoreSelect().render().text].join(', ')} FROM flows
    WHERE ${where} AND (${filter.where}) LIMIT {judged:UInt64}`,
  );
  const bound = { ...filter.params, ...params, judged: config.maxPredicateFiltered + 1 };
  const tally = new Tally(config.maxCounted);
  let rows = 0;
  let turnEnd = performance.now() + TURN_MS;
  for await (const row of store.query(textSql(sql, bound, ['flows']), {}, { signal })) {
    if (++rows > config.maxPredicateFiltered)
      throw new ParallaxError(
        'store/limit',
        `more than ${config.maxPredicateFiltered} flows would have to be looked at one by one for this filter; narrow it by time or other filters, or raise api.totals.maxPredicateFiltered`,
      );
    if (filter.predicate(restoreFlow(row, values.length + marks.length))) {
      const [denied, dropped, audited] = row.slice(values.length).map(Number);
      const cells = dimensions.map(({ print }, index) => print(row[index]));
      tally.add(cells, { denied, dropped, audited });
    }
    if (performance.now() <= turnEnd) continue;
    await new Promise((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
    turnEnd = performance.now() + TURN_MS;
  }
  return { ...tally.ranked(ranking), source: 'flows' };
}
