// Conditions on tables as a setting of the engine, which then filters every read of a table, also in subqueries, joins
// and aggregations.
import { bindLiterals, quote } from '../engine/literals.ts';
import type { Settings } from '../engine/reader-settings.ts';
import type { TableFilter } from '../store.ts';

/** `additional_table_filters`; nothing when there are none. */
export function filterSettings(only: readonly TableFilter[] | undefined): Settings {
  if (only === undefined || only.length === 0) return {};
  const entries = only.map(
    ({ table, where, params }) => `${quote(table)}: ${quote(bindLiterals(where, params))}`,
  );
  return { additional_table_filters: `{${entries.join(', ')}}` };
}
