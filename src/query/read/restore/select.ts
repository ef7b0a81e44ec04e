// The columns that give a flow back, and how a query selects them: the contract between SQL and `restoreFlow`.
import type { Column } from '../../../store/schema/column.ts';
import { FLOW_COLUMNS, type FlowColumnName } from '../../../store/schema/columns.ts';
import { column, join, type Sql, sql } from '../../../store/sql.ts';

/** What the rows of `flows` have of the response; what Parallax added to it is left out. */
export const RESTORE_COLUMNS: readonly (Column & { readonly name: FlowColumnName })[] =
  FLOW_COLUMNS.filter(
    ({ name, path }) => path !== undefined || name === 'presence' || name === 'raw',
  );

/**
 * The SELECT list of RESTORE_COLUMNS, in their order. Columns of the query itself may stand before or after it. With
 * `only`, the others are not read: the flow comes back without them.
 */
export function restoreSelect(only?: ReadonlySet<FlowColumnName>): Sql {
  return join(
    RESTORE_COLUMNS.map((each) =>
      only === undefined || only.has(each.name) ? expression(each) : sql`''`,
    ),
    sql`, `,
  );
}

/** The SELECT list that `restoreEvent` takes, for rows of `events`. */
export const RESTORE_EVENT: Sql = sql`base64Encode(raw)`;

function expression({ name, type }: Column): Sql {
  if (type.startsWith('DateTime64')) return sql`toUnixTimestamp64Nano(${column(name)})`;
  // Bytes: a query's answer is text.
  return name === 'raw' || name === 'extensions'
    ? sql`base64Encode(${column(name)})`
    : column(name);
}
