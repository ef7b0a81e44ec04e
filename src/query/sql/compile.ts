// FlowFilters as a WHERE clause over the columns of `flows`. Values are parameters, never text of the statement.

import { some } from '../../hubble/filter/condition.ts';
import type { FlowFilter } from '../../hubble/schema.gen.ts';
import type { QueryParams } from '../../store/store.ts';
import { type Bounds, both, either, isExact, not, TRUE } from './bounds.ts';
import { celCondition } from './cel.ts';
import { endpointConditions } from './endpoint.ts';
import { eventConditions, flowConditions } from './event.ts';
import { httpConditions } from './http.ts';
import { Params } from './params.ts';

export interface CompiledSql {
  /** Lets through every row that matches; `1` when nothing is asked. */
  readonly where: string;
  readonly params: QueryParams;
  /** False when rows let through must still pass the predicate. */
  readonly exact: boolean;
}

/**
 * Compiles the lists of a request. Throws `input/invalid` when a filter cannot be understood. Parameters are named
 * p1, p2, …; a caller adds its own under other names.
 */
export function compileSql(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
): CompiledSql {
  const params = new Params();
  const allow =
    whitelist.length === 0 ? TRUE : either(whitelist.map((f) => filterBounds(f, params)));
  const deny = not(either(blacklist.map((filter) => filterBounds(filter, params))));
  const bounds = both([allow, deny]);
  return { where: bounds.upper, params: params.all(), exact: isExact(bounds) };
}

function filterBounds(filter: FlowFilter, params: Params): Bounds {
  const expressions = filter.experimental?.cel_expression;
  return both([
    ...flowConditions(filter, params),
    ...eventConditions(filter, params),
    ...endpointConditions(filter, params),
    ...httpConditions(filter, params),
    ...(some(expressions) ? [celCondition(expressions, params)] : []),
  ]);
}
