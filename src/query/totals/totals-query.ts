// What every question about totals says: a window and filters, checked and compiled.

import type { FlowFilter } from '../../hubble/proto/schema.gen.ts';
import { inputError } from '../../runtime/errors.ts';
import { type CompiledFilter, compileSql } from '../sql/compile.ts';
import type { Window } from './rows.ts';

export interface TotalsQuery extends Window {
  readonly whitelist: readonly FlowFilter[];
  readonly blacklist: readonly FlowFilter[];
}

/** Throws `input/invalid` for a window that ends before it begins. */
export function checkWindow({ since, until }: Window, field = 'since'): void {
  if (since > until)
    throw inputError(
      `${field}: must be before until; both are times such as 30m or 2026-03-14T10:00:00Z`,
      { field },
    );
}

/** The filter of a question that is answered in SQL alone. Throws `input/invalid` naming what SQL cannot decide. */
export function exactFilter(query: TotalsQuery, what: string): CompiledFilter {
  const filter = compileSql(query.whitelist, query.blacklist);
  if (filter.exact) return filter;
  const named = [...query.whitelist, ...query.blacklist].flatMap((each) =>
    Object.entries(each).flatMap(([field, value]) =>
      value === undefined || field.startsWith('$') || compileSql([{ [field]: value }], []).exact
        ? []
        : [field],
    ),
  );
  throw inputError(
    `${what} cannot be filtered by ${[...new Set(named)].join(', ')}: only looking at each flow decides it; aggregates and top can, or use the other filters`,
    { field: 'whitelist' },
  );
}

export function seconds({ since, until }: Window): number {
  return Number(until - since + 1n) / 1e9;
}

/** Flows a second, three digits behind the point. */
export function rate(flows: number, window: Window): number {
  return Math.round((flows / Math.max(seconds(window), 1e-9)) * 1000) / 1000;
}

export function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 10_000;
}
