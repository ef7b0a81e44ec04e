// The statement that a query reads history with, its parameters, and which conditions SQL decides alone.
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { ALWAYS } from '../../store/sql.ts';
import type { QueryParams } from '../../store/store.ts';
import { pageStatement } from '../read/page.ts';
import { compileSql } from '../sql/compile.ts';
import type { FlowQuery } from './flows.ts';

/** How SQL and predicate share a condition: SQL alone, SQL first and then the predicate, or the predicate alone. */
export type Decision = 'exact' | 'narrowed' | 'predicate';

export interface Condition {
  /** Such as `whitelist[0].verdict`. */
  readonly name: string;
  readonly decision: Decision;
}

export interface Explanation {
  readonly sql: string;
  readonly params: QueryParams;
  readonly conditions: readonly Condition[];
  /** True when every row that SQL lets through is an answer. */
  readonly exact: boolean;
  /** Whether lost events and node status are read too. */
  readonly events: boolean;
}

/** Throws `input/invalid` for filters that cannot be understood. */
export function explain(query: FlowQuery, pageRows: number): Explanation {
  const { whitelist, blacklist } = query;
  const filter = compileSql(whitelist, blacklist);
  const forward = query.first || query.number === 0n || query.number >= 2n ** 63n;
  const direction = forward ? 'forward' : 'backward';
  const statement = pageStatement(
    { table: 'flows', direction, filter },
    { range: query },
    pageRows,
  );
  const { text, params } = statement.render();
  return {
    sql: text,
    params,
    conditions: [...conditions('whitelist', whitelist), ...conditions('blacklist', blacklist)],
    exact: filter.exact,
    events: query.events === 'all' || filter.predicate({ lost_events: {} }),
  };
}

// Each field is compiled alone: the way fields are joined does not change who decides them.
function* conditions(list: string, filters: readonly FlowFilter[]): Generator<Condition> {
  for (const [index, filter] of filters.entries()) {
    for (const [field, value] of Object.entries(filter)) {
      if (value === undefined || field.startsWith('$')) continue;
      const { condition, exact } = compileSql([{ [field]: value }], []);
      const decision = exact ? 'exact' : condition === ALWAYS ? 'predicate' : 'narrowed';
      yield { name: `${list}[${index}].${field}`, decision };
    }
  }
}
