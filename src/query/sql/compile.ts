// FlowFilters as a WHERE clause over the columns of `flows`. Values are parameters, never text of the statement.

import { some } from '../../hubble/filter/condition.ts';
import type { FlowFilter } from '../../hubble/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
import type { QueryParams } from '../../store/store.ts';
import { type Bounds, both, either, isExact, not, TRUE } from './bounds.ts';
import { endpointConditions } from './endpoint.ts';
import { eventConditions, flowConditions } from './event.ts';
import { httpConditions } from './http.ts';
import { Params } from './params.ts';

export interface CompiledSql {
  /** Lets through every row that matches; `1` when nothing is asked. */
  readonly where: string;
  readonly params: QueryParams;
  /**
   * The same as alternatives, when there are some: rows that match pass at least one. The engine's indexes rule out
   * what an AND asks for, and rarely what an OR over several columns does.
   */
  readonly anyOf?: readonly string[];
  /** False when rows let through must still pass the predicate. */
  readonly exact: boolean;
}

/** With more alternatives than these a condition is told as one. */
const MOST_ALTERNATIVES = 8;

/**
 * Compiles the lists of a request. Throws `input/invalid` when a filter cannot be understood. Parameters are named
 * p1, p2, …; a caller adds its own under other names.
 */
export function compileSql(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
): CompiledSql {
  const params = new Params();
  const allowed = whitelist.map((filter) => filterBounds(filter, params));
  const allow = whitelist.length === 0 ? TRUE : either(allowed);
  const deny = not(either(blacklist.map((filter) => filterBounds(filter, params))));
  const bounds = both([allow, deny]);
  const several = allowed.length > 1 && allowed.length <= MOST_ALTERNATIVES;
  return {
    where: bounds.upper,
    params: params.all(),
    exact: isExact(bounds),
    ...(several && { anyOf: allowed.map((each) => both([each, deny]).upper) }),
  };
}

function filterBounds(filter: FlowFilter, params: Params): Bounds {
  if (some(filter.experimental?.cel_expression))
    throw new ParallaxError(
      'input/invalid',
      'CEL expressions are not supported by this version; use the other filters',
    );
  return both([
    ...flowConditions(filter, params),
    ...eventConditions(filter, params),
    ...endpointConditions(filter, params),
    ...httpConditions(filter, params),
  ]);
}
