// The columns that give a flow back, and how a query selects them: the contract between SQL and `restoreFlow`.
import type { Column } from '../../../store/schema/column.ts';
import { FLOW_COLUMNS, type FlowColumnName } from '../../../store/schema/columns.ts';

/** What the rows of `flows` have of the response; what Parallax added to it is left out. */
export const RESTORE_COLUMNS: readonly (Column & { readonly name: FlowColumnName })[] =
  FLOW_COLUMNS.filter(
    ({ name, path }) => path !== undefined || name === 'presence' || name === 'raw',
  );

/**
 * The SELECT list of RESTORE_COLUMNS, in their order; `from` is the table's alias, if it has one. Columns of the query
 * itself may stand before or after it. With `only`, the others are not read: the flow comes back without them.
 */
export function restoreSelect(from?: string, only?: ReadonlySet<FlowColumnName>): string {
  const prefix = from === undefined ? '' : `${from}.`;
  return RESTORE_COLUMNS.map((column) =>
    only === undefined || only.has(column.name)
      ? expression(column, `${prefix}${column.name}`)
      : "''",
  ).join(', ');
}

/** The SELECT list that `restoreEvent` takes, for rows of `events`. */
export function restoreEventSelect(from?: string): string {
  return `base64Encode(${from === undefined ? '' : `${from}.`}raw)`;
}

function expression({ name, type }: Column, column: string): string {
  if (type.startsWith('DateTime64')) return `toUnixTimestamp64Nano(${column})`;
  // Bytes: a query's answer is text.
  return name === 'raw' || name === 'extensions' ? `base64Encode(${column})` : column;
}
