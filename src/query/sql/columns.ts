// How conditions name the columns of `flows`. The catalogue's names are a type, so a renamed column fails to compile.
import { FLOW_COLUMNS, type FlowColumnName, PRESENCE } from '../../store/schema/columns.ts';
import { type Sql, sql, column as sqlColumn } from '../../store/sql.ts';

/** A column of the catalogue, as SQL. */
export function column(name: FlowColumnName): Sql {
  return sqlColumn(name);
}

/** True for rows in which that message or field was there, even if all of it was defaults. */
export function present(bit: keyof typeof PRESENCE): Sql {
  return sql`bitTest(${column('presence')}, ${PRESENCE[bit]})`;
}

/** A column by a name that is only known when the program runs. */
export function columnNamed(name: string): Sql {
  if (FLOW_COLUMNS.some((each) => each.name === name)) return sqlColumn(name);
  throw new TypeError(`flows has no column ${name}`);
}
