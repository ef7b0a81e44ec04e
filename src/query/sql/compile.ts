// FlowFilters as a WHERE clause over the columns of `flows`. Values are parameters, never text of the statement.

import { checked } from '../../hubble/filter/checked.ts';
import { some } from '../../hubble/filter/condition.ts';
import type { FlowFilter } from '../../hubble/schema.gen.ts';
import { ParallaxError } from '../../runtime/errors.ts';
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
    whitelist.length === 0 ? TRUE : either(checked(whitelist).map((f) => filterBounds(f, params)));
  const deny = not(either(checked(blacklist).map((filter) => filterBounds(filter, params))));
  const bounds = both([allow, deny]);
  const where = bounds.upper;
  checkSize(where, params.all());
  return { where, params: params.all(), exact: isExact(bounds) };
}

/** The engines take 256 KiB (max_query_size), values included where they are embedded; the rest of a query is small. */
const MAX_STATEMENT_BYTES = 200_000;

function checkSize(where: string, params: QueryParams): void {
  let size = where.length;
  for (const [, name = ''] of where.matchAll(/\{(p\d+):/g)) size += sizeOf(params[name], 1);
  if (size <= MAX_STATEMENT_BYTES) return;
  throw new ParallaxError(
    'input/invalid',
    `the filters make a statement of ${Math.ceil(size / 1024)} KiB, at most ${Math.floor(MAX_STATEMENT_BYTES / 1024)} KiB are taken; ask in several queries`,
  );
}

// Quotes and backslashes are escaped, in lists twice.
function sizeOf(value: QueryParams[string] | undefined, depth: number): number {
  if (Array.isArray(value))
    return value.reduce<number>((sum, each) => sum + sizeOf(each, 2) + 5, 2);
  const text = String(value);
  const escapes = text.match(/['\\\0]/g)?.length ?? 0;
  return Buffer.byteLength(text) + escapes * (depth === 1 ? 1 : 3);
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
