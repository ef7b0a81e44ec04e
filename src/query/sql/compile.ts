// FlowFilters as a WHERE clause over the columns of `flows`. Values are parameters, never text of the statement.

import type { Failed } from '../../hubble/cel/compile.ts';
import { checked } from '../../hubble/filter/checked.ts';
import { some } from '../../hubble/filter/condition.ts';
import { compilePredicate, type Predicate } from '../../hubble/filter/predicate.ts';
import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { inputError } from '../../runtime/errors.ts';
import type { Sql } from '../../store/sql.ts';
import type { QueryParams } from '../../store/store.ts';
import { type Bounds, both, either, isExact, not, TRUE } from './bounds.ts';
import { celCondition } from './cel.ts';
import { endpointConditions } from './endpoint.ts';
import { eventConditions, flowConditions } from './event.ts';
import { httpConditions } from './http.ts';

/** The filters of a request, compiled once: as a condition of SQL and as a predicate. */
export interface CompiledFilter {
  /** Lets through every row that matches; `ALWAYS` without a filter. */
  readonly condition: Sql;
  /**
   * The same as alternatives, when there are some: rows that match pass at least one. The engine's indexes rule out
   * what an AND asks for, and rarely what an OR over several columns does.
   */
  readonly alternatives?: readonly Sql[];
  /** False when rows let through must still pass the predicate. */
  readonly exact: boolean;
  /** Decides alone, also about responses that are not stored. */
  readonly predicate: Predicate;
}

/** With more alternatives than these a condition is one. */
const MOST_ALTERNATIVES = 8;

/**
 * Compiles the lists of a request. `failed` is called for each flow that the predicate cannot evaluate an expression for.
 * Throws `input/invalid` when a filter cannot be understood.
 */
export function compileSql(
  whitelist: readonly FlowFilter[],
  blacklist: readonly FlowFilter[],
  failed?: Failed,
): CompiledFilter {
  // First, since it refuses what cannot be understood in Hubble's order.
  const predicate = compilePredicate(whitelist, blacklist, failed && { failed });
  const allowed = checked(whitelist).map(filterBounds);
  const allow = whitelist.length === 0 ? TRUE : either(allowed);
  const deny = not(either(checked(blacklist).map(filterBounds)));
  const bounds = both([allow, deny]);
  checkSize(bounds.upper);
  const anyOf = allowed.map((each) => both([each, deny]).upper);
  const separate =
    anyOf.length > 1 &&
    anyOf.length <= MOST_ALTERNATIVES &&
    anyOf.reduce((sum, each) => sum + sizeOfSql(each), 0) <= MAX_STATEMENT_BYTES;
  return {
    condition: bounds.upper,
    exact: isExact(bounds),
    predicate,
    ...(separate && { alternatives: anyOf }),
  };
}

function sizeOfSql(condition: Sql): number {
  const { text, params } = condition.render();
  return statementSize(text, params);
}

/** The engines take 256 KiB (max_query_size), values included where they are embedded; the rest of a query is small. */
const MAX_STATEMENT_BYTES = 200_000;

function checkSize(condition: Sql): void {
  const size = sizeOfSql(condition);
  if (size <= MAX_STATEMENT_BYTES) return;
  throw inputError(
    `the filters make a statement of ${Math.ceil(size / 1024)} KiB, at most ${Math.floor(MAX_STATEMENT_BYTES / 1024)} KiB are taken; ask in several queries`,
  );
}

function statementSize(text: string, params: QueryParams): number {
  let size = text.length;
  for (const [, name = ''] of text.matchAll(/\{(p\d+):/g)) size += sizeOf(params[name], 1);
  return size;
}

// Quotes and backslashes are escaped, in lists twice.
function sizeOf(value: QueryParams[string] | undefined, depth: number): number {
  if (Array.isArray(value))
    return value.reduce<number>((sum, each) => sum + sizeOf(each, 2) + 5, 2);
  const text = String(value);
  const escapes = text.match(/['\\\0]/g)?.length ?? 0;
  return Buffer.byteLength(text) + escapes * (depth === 1 ? 1 : 3);
}

function filterBounds(filter: FlowFilter): Bounds {
  const expressions = filter.experimental?.cel_expression;
  return both([
    ...flowConditions(filter),
    ...eventConditions(filter),
    ...endpointConditions(filter),
    ...httpConditions(filter),
    ...(some(expressions) ? [celCondition(expressions)] : []),
  ]);
}
